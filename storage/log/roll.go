package log

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/segment"
)

// rollRun gathers inline record batches of one partition that follow each other.
type rollRun struct {
	swapRun
	parts   [][]byte // one per inline run, offsets patched in
	visible []segment.Visibility
	ended   []span                // of the partition
	listed  []segment.Transaction // in the indexes of the segments that it comes from
}

// inlineRun is an index entry that lies inline, with its bytes.
type inlineRun struct {
	run
	partition Partition
	memory    []byte
	ended     []span
}

// Roll writes all inline groups into placed segments and swaps them in. It is what lets the
// log be trimmed and their memory go.
func (db *DB) Roll(ctx context.Context) error {
	out, inline := db.gatherInline()
	if len(out) == 0 {
		return nil
	}
	job := db.compactions.begin(db.clock.Now(), compactionOfInline(inline))
	written, err := db.rollInline(ctx, out, inline)
	db.compactions.end(job, db.clock.Now(), written, err)
	return err
}

func (db *DB) rollInline(ctx context.Context, out []inlineID, inline []inlineRun) (written int64, err error) {
	layers, err := layInline(inline)
	if err != nil {
		return 0, err
	}
	swap := swapPayload{Out: out}
	for _, runs := range layers {
		object, err := db.writePlaced(ctx, 0, rolledClass, out[len(out)-1].Seq, runs)
		if err != nil {
			return written, err
		}
		swap.In = append(swap.In, *object)
		written += object.Size
		db.stats.rolledBytes.Add(object.Size)
	}
	_, err = db.commitOwn(ctx, Change{Kind: KindSwap, Payload: swap.appendTo(nil)})
	if errors.Is(err, ErrCondition) { // another roll was faster
		for i := range swap.In {
			db.abandonObject(swap.In[i].Key)
		}
		return written, nil
	}
	if err == nil {
		db.stats.rolls.Add(1)
	}
	return written, err
}

// gatherInline lists the published inline groups and the runs that lie in them, by partition
// and offset.
func (db *DB) gatherInline() (out []inlineID, runs []inlineRun) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	f := db.mu.fold
	newest := CommitSeq(db.published.Load())
	for _, b := range f.inline {
		if b.inline.Seq <= newest {
			out = append(out, b.inline)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	for _, t := range f.topics {
		for _, p := range t.partitions {
			for i := p.runAfter(out[0].Seq - 1); i < len(p.runs); i++ {
				if r := &p.runs[i]; r.block.key == "" && r.last <= newest {
					runs = append(runs, inlineRun{*r, p.id, r.data(), p.ended})
				}
			}
		}
	}
	slices.SortStableFunc(runs, func(a, b inlineRun) int { return comparePartitions(a.partition, b.partition) })
	return out, runs
}

// layInline joins runs that follow each other. A segment holds one run of a partition, so that
// where objects lie between inline groups the rest goes into further layers.
func layInline(inline []inlineRun) (layers [][]*rollRun, err error) {
	var last *rollRun
	depth := 0
	for i := range inline {
		r := &inline[i]
		same := last != nil && last.Partition == r.partition
		if !same || last.Base+last.Span != r.base {
			if depth++; !same {
				depth = 0
			}
			last = &rollRun{swapRun: swapRun{
				runPayload: runPayload{Partition: r.partition, Base: r.base, MinTime: -1, MaxTime: -1},
				First:      r.first, FirstMillis: r.firstMillis,
			}, ended: r.ended}
			if depth == len(layers) {
				layers = append(layers, nil)
			}
			layers[depth] = append(layers[depth], last)
		}
		if err := last.add(r); err != nil {
			return nil, err
		}
	}
	return layers, nil
}

// add takes the record batches of an inline run, which follows what is there.
func (g *rollRun) add(r *inlineRun) error {
	count, base := 0, r.base
	part := make([]byte, 0, len(r.memory))
	for src := r.memory; len(src) > 0; count++ {
		raw, next, err := step(src, base, false)
		if err != nil {
			return err
		}
		at := len(part)
		part = append(part, raw...)
		recordbatch.Patch(part[at:], base, 0)
		src, base = src[len(raw):], next
	}
	if base != r.next() {
		return fmt.Errorf("%w: inline run ends at offset %d, the index says %d", ErrCorrupt, base, r.next())
	}
	g.take(&r.run, part, []segment.Visibility{{Count: count, VisibleAt: uint64(r.first), CommitMillis: r.firstMillis}})
	return nil
}

// take adds the record batches of a run behind what is there.
func (g *rollRun) take(r *run, part []byte, visible []segment.Visibility) {
	g.parts = append(g.parts, part)
	g.Length += r.length
	g.visible = append(g.visible, visible...)
	if r.minTime >= 0 && (g.MinTime < 0 || r.minTime < g.MinTime) {
		g.MinTime = r.minTime
	}
	if r.maxTime > g.MaxTime {
		g.MaxTime, g.MaxTimeRel = r.maxTime, r.base-g.Base+r.maxTimeRel
	}
	g.Span = r.next() - g.Base // runs that were cleaned leave gaps
	g.Count += r.count
	g.Last, g.LastMillis = r.last, r.lastMillis
	g.Transactional = g.Transactional || r.transactional
}

// transactions are those that the segment's index is to tell of: they ended, and lie in the run. The
// fold forgets them with the swap (partition.settle).
func (g *rollRun) transactions() (list []segment.Transaction) {
	if !g.Transactional {
		return nil
	}
	list = g.listed
	for _, s := range settled(g.ended, g.Base, g.Base+g.Span) {
		t := segment.Transaction{ProducerID: s.producer, First: s.first, Last: s.marker, CommitMillis: s.millis}
		if s.committed {
			t.VisibleAt = uint64(s.visibleAt)
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b segment.Transaction) int { return cmp.Compare(a.Last, b.Last) })
	for _, t := range list {
		if t.VisibleAt == 0 {
			g.Aborts = true
			continue
		}
		if g.LateFirst == 0 {
			g.LateFirst = CommitSeq(t.VisibleAt)
		}
		g.LateLast = CommitSeq(t.VisibleAt)
	}
	return list
}

// writePlaced puts the runs into one placed segment.
func (db *DB) writePlaced(ctx context.Context, level uint8, class string, newest CommitSeq, runs []*rollRun) (*swapObject, error) {
	ctx, cancel := db.withDeadline(ctx)
	defer cancel()
	in := make([]segment.Run, len(runs))
	for i, r := range runs {
		in[i] = segment.Run{
			Topic: r.Partition.Topic, Partition: r.Partition.Index, FirstOffset: r.Base,
			RecordBatches: r.parts, Visible: r.visible, Transactions: r.transactions(),
		}
	}
	built, err := segment.Build(segment.Options{Placed: true, Proof: db.proof(), CreatedMillis: db.clock.Now().UnixMilli()}, in)
	if err != nil {
		return nil, fmt.Errorf("lay out a segment: %w", err)
	}
	key, err := db.objectName("seg/"+class, uint64(newest))
	if err != nil {
		return nil, err
	}
	if err := db.putObject(ctx, key, built); err != nil {
		return nil, err
	}
	object := &swapObject{Key: key, Size: built.Size, Level: level, Class: class}
	for i, r := range runs {
		r.Position, r.Length = built.Runs[i].Position, built.Runs[i].Length
		object.Runs = append(object.Runs, r.swapRun)
	}
	return object, nil
}
