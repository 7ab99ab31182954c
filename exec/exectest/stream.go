package exectest

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// instants feeds times, a few commits a tick, with the watermark made by the commits before.
type instants struct {
	commits   [][]int64
	delay     int64
	count     int
	watermark int64
}

func (s *instants) pull(_ plan.RelationID, to func(*delta.Batch) error) (exec.Progress, error) {
	b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Timestamp, sqltype.Int8})
	n := min(s.count, len(s.commits))
	for _, times := range s.commits[:n] {
		before := s.watermark
		for _, at := range times {
			delta.Append(b.Cols[0], at)
			delta.Append(b.Cols[1], before)
			b.End(1)
			s.watermark = max(s.watermark, at-s.delay)
		}
	}
	s.commits = s.commits[n:]
	d := b.Batch()
	err := to(&d)
	return exec.Progress{Watermark: s.watermark}, err
}

// Stream ticks a plan over a stream of (timestamp, watermark before), given by commit, with count
// commits a tick. The plan gives (timestamp, int8) and takes nothing back; the result is that map
// and how many records were late.
func Stream(commits [][]int64, delay int64, p func(leaf plan.Node) plan.Node, count int) (map[int64]int64, int, error) {
	in := Input{Types: []sqltype.OID{sqltype.Timestamp}, Timed: true}
	top, err := build(p(in.leaf(0)))
	if err != nil {
		return nil, 0, err
	}
	m, got := newMemory(false, nil), map[int64]int64{}
	if err := top.open(m, "0"); err != nil {
		return nil, 0, err
	}
	collect := out(func(d *delta.Batch) error {
		for i := range int32(d.Len) {
			got[delta.Values[int64](&d.Cols[0])[i]] += delta.Values[int64](&d.Cols[1])[i]
		}
		return nil
	})
	feed := &instants{commits: commits, delay: delay, count: count, watermark: exec.NoWatermark}
	for t := (exec.Tick{To: 1}); len(feed.commits) > 0; t = (exec.Tick{From: t.To, To: t.To + 1}) {
		if _, err := top.run(context.Background(), t, feed, 1024, collect); err != nil {
			return nil, 0, err
		}
	}
	return got, int(m.late[exec.ReasonLate]), top.close()
}
