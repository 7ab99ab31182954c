package source

import (
	"context"
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// stream reads the rows of a stream in log order, each with the watermark before it if that is wanted.
type stream struct {
	node *plan.Scan
	rel  *catalog.Relation
	cfg  Config

	want   []int // columns of the feed
	timeAt int   // the event time among them, -1 = the stream has no watermark
	feed   decoded.Feed
	rows   decoded.Rows
	mark   *watermark
	given  given
	env    exec.Env
	cols   []delta.Column
	places places
	until  time.Time // of the tick's end; zero = not known
}

// given are the columns that are not in the records; nil = not wanted.
type given struct {
	before    *delta.Builder // the watermark before each row
	committed *delta.Builder // the time of its commit
}

// empty is the same columns without rows.
func (g given) empty() given {
	if g.before != nil {
		g.before = delta.NewBuilder(g.before.Type())
	}
	if g.committed != nil {
		g.committed = delta.NewBuilder(g.committed.Type())
	}
	return g
}

func (g given) clear() {
	for _, b := range []*delta.Builder{g.before, g.committed} {
		if b != nil {
			b.Clear()
		}
	}
}

// places are the records behind the rows of a batch.
type places struct {
	topic      string
	partitions []int32
	offsets    []int64
}

func (p *places) Origin(row int32) delta.Origin {
	return delta.Origin{Topic: p.topic, Partition: p.partitions[row], Offset: p.offsets[row]}
}

func newStream(n *plan.Scan, cfg Config) (*stream, error) {
	rel, err := cfg.Inputs.Relation(n.Relation)
	if err != nil {
		return nil, err
	}
	s := &stream{node: n, rel: rel, cfg: cfg, timeAt: -1, places: places{topic: rel.TopicName}}
	for _, at := range n.Columns {
		switch at {
		case plan.MetaWatermark:
			s.given.before = delta.NewBuilder(sqltype.Int8)
			continue
		case plan.MetaCommitTime:
			s.given.committed = delta.NewBuilder(sqltype.Timestamptz)
			continue
		}
		s.want = append(s.want, at)
	}
	if w := rel.Watermark; w != nil {
		if s.timeAt = slices.Index(s.want, w.Column); s.timeAt < 0 {
			s.timeAt = len(s.want)
			s.want = append(s.want, w.Column)
		}
	}
	// What cannot be decoded is said now.
	_, err = decoded.NewDecoder(rel, nil)
	return s, err
}

func (s *stream) Open(env exec.Env) (err error) {
	s.env = env
	if s.cfg.Decoded != nil {
		s.feed, err = s.cfg.Decoded.Open(s.cfg.Log, s.rel, s.want, s.cfg.Wait)
	} else if s.feed == nil { // else it was open before, and shares nothing
		s.feed, err = decoded.Open(s.cfg.Log, s.rel, s.want)
	}
	if err != nil || s.rel.Watermark == nil {
		return err
	}
	s.mark, err = openMark(env, s.rel, s.cfg.Log)
	return err
}

// openMark opens the watermark of a stream that has one.
func openMark(env exec.Env, rel *catalog.Relation, l log.Log) (*watermark, error) {
	topic, ok := l.TopicByID(rel.Topic)
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "topic %q of stream %q is gone", rel.TopicName, rel.Name)
	}
	w := rel.Watermark
	return openWatermark(env, markRule{
		delay: w.Delay.Microseconds(), idle: w.IdleTimeout.Microseconds(), jump: w.MaxJump.Microseconds(), topic: topic,
	})
}

// renew looks at the topic again: it may have more partitions, which hold the watermark from then on.
func (w *watermark) renew(l log.Log, id log.TopicID) {
	if topic, ok := l.TopicByID(id); ok {
		w.topic = topic
	}
}

// ReadsLog implements exec.LogReader.
func (s *stream) ReadsLog() {}

func (s *stream) Begin(ctx context.Context, t exec.Tick) error {
	if s.mark != nil {
		s.mark.renew(s.cfg.Log, s.rel.Topic)
	}
	s.until = t.Time
	return s.feed.Begin(ctx, t.From, t.To)
}

func (s *stream) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	more, err := s.feed.Next(ctx, &s.rows)
	if err != nil {
		return false, err
	}
	if err := s.judge(&s.rows, s.given); err != nil {
		return false, err
	}
	s.cols = s.shape(s.cols[:0], &s.rows, s.given)
	s.places.partitions, s.places.offsets = s.rows.Partitions, s.rows.Offsets
	*dst = delta.Batch{Len: s.rows.Len, Cols: s.cols, From: &s.places}
	if more {
		return true, nil
	}
	return false, s.endRange()
}

// endRange ends a tick's range, which ends with a commit.
func (s *stream) endRange() error {
	if s.mark == nil {
		return nil
	}
	s.mark.settle()
	if !s.until.IsZero() {
		s.mark.pass(s.until.UnixMicro())
	}
	return s.mark.save()
}

// Wake implements exec.Waker: of what waits for the watermark, and has it with its rows.
func (s *stream) Wake() (at time.Time) {
	if s.mark == nil || s.given.before == nil {
		return at
	}
	if t := s.mark.wakes(); t != never {
		at = time.UnixMicro(t)
	}
	return at
}

// shape appends the columns that the scan has of rows to cols.
func (s *stream) shape(cols []delta.Column, rows *decoded.Rows, more given) []delta.Column {
	next := 0
	for _, at := range s.node.Columns {
		switch at {
		case plan.MetaWatermark:
			cols = append(cols, more.before.Column())
		case plan.MetaCommitTime:
			cols = append(cols, more.committed.Column())
		default:
			cols = append(cols, rows.Cols[next])
			next++
		}
	}
	return cols
}

// judge takes the rows' event times into the watermark, and notes for each row what is the same for all of a commit:
// the watermark before it, and its time.
func (s *stream) judge(rows *decoded.Rows, more given) error {
	more.clear()
	row := 0
	for _, c := range rows.Commits {
		now := int64(exec.NoWatermark)
		if s.mark != nil {
			s.mark.begin(c.Seq, c.Micros)
			now = s.mark.now
			if err := s.observe(rows, row, c.End); err != nil {
				return err
			}
		}
		for ; row < c.End; row++ {
			if more.before != nil {
				delta.Append(more.before, now)
			}
			if more.committed != nil {
				delta.Append(more.committed, c.Micros+datetime.UnixEpochMicros)
			}
		}
	}
	return nil
}

// observe takes the event times of rows [from, to); an infinite one is none.
func (s *stream) observe(rows *decoded.Rows, from, to int) error {
	col := &rows.Cols[s.timeAt]
	times := delta.Values[int64](col)
	for row := from; row < to; row++ {
		if col.Null(int32(row)) || !exec.FiniteTime(times[row]) {
			continue
		}
		if s.mark.observe(rows.Partitions[row], times[row]) {
			if err := s.env.Late(1, nil, exec.ReasonAhead); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stream) Progress() exec.Progress {
	s.feed.End()
	if s.mark == nil {
		return exec.Progress{Watermark: exec.NoWatermark}
	}
	return exec.Progress{Watermark: s.mark.now}
}

func (s *stream) Close() error {
	if s.feed != nil {
		s.feed.Close()
	}
	return nil
}
