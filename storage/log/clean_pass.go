package log

import (
	"cmp"
	"context"
	"slices"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/segment"
)

// cleanPass goes over the runs of one partition, from the log start on, and leaves out what may go.
type cleanPass struct {
	job      *cleanJob
	keys     *keyMap
	outcomes outcomes
	// seen: record batches of a producer's transaction were there in this pass, before its marker.
	seen map[int64]bool
	// kept are the transactions of which record batches stay.
	kept    map[span]bool
	removed cleanStats // since it was asked last
	thinner recordbatch.Thinner
	keep    []bool
}

// cleanedRuns is what becomes of runs that follow each other.
type cleanedRuns struct {
	run     *rollRun
	data    []byte
	sum     recordbatch.Summary
	changed bool
	lost    bool // something that was visible
	markers map[int64]bool
}

// clean reads runs and gives what is left of them; no piece if nothing of them goes.
func (p *cleanPass) clean(ctx context.Context, db *DB, runs []cleanRun) (*cleanPiece, *rollRun, error) {
	first, last := &runs[0], &runs[len(runs)-1]
	out := cleanedRuns{run: &rollRun{}, sum: recordbatch.NoSummary, markers: map[int64]bool{}}
	for i := range runs {
		r := &runs[i]
		err := db.eachBatch(ctx, p.job.partition, &r.plannedRun, func(b *batchOfRun) error { return p.batch(b, &out) })
		if err != nil {
			return nil, nil, r.unreadable(err)
		}
	}
	if !out.changed {
		return nil, nil, nil
	}
	x := &cleanPiece{Partition: p.job.partition, From: first.base, Next: last.next(), Below: min(last.next(), p.keys.end)}
	index := make([]run, len(runs))
	for i := range runs {
		index[i] = runs[i].run
		if out.lost {
			x.Lost = max(x.Lost, runs[i].until)
		}
	}
	x.Replaces = fingerprint(index)
	if len(out.data) == 0 {
		return x, nil, nil
	}
	out.finish(p, x.From)
	x.Left = &out.run.swapRun
	return x, out.run, nil
}

// batch decides on one record batch.
func (p *cleanPass) batch(b *batchOfRun, out *cleanedRuns) error {
	if b.base >= p.keys.end {
		p.stay(b, out)
		return nil
	}
	switch {
	case b.header.Control():
		return p.marker(b, out)
	case b.next <= p.job.logStart:
		p.drop(b, out, true)
		return nil
	case b.header.RecordCount == 0:
		p.drop(b, out, false)
		return nil
	case b.header.Transactional():
		s, err := p.outcomes.of(b)
		if err != nil {
			return err
		}
		p.seen[b.header.ProducerID] = true
		if !s.committed {
			p.drop(b, out, false)
			return nil
		}
	}
	return p.records(b, out)
}

// marker: it stays until a pass finds no record batch of its transaction, and from then on for
// delete.retention.ms, as readers that are in the middle of the transaction wait for it.
func (p *cleanPass) marker(b *batchOfRun, out *cleanedRuns) error {
	seen := p.seen[b.header.ProducerID]
	delete(p.seen, b.header.ProducerID)
	at, set := b.header.Horizon()
	switch {
	case !seen && set && p.passed(at) && b.next < p.job.next():
		p.drop(b, out, false)
		return nil
	case !seen && !set && p.job.certain:
		p.keep = append(p.keep[:0], true)
		return p.thin(b, out, p.horizon())
	}
	p.stay(b, out)
	return nil
}

// passed: the time from which on tombstones may go.
func (p *cleanPass) passed(horizon int64) bool { return p.job.certain && p.job.nowMillis >= horizon }

// horizon is when tombstones that are found now may go.
func (p *cleanPass) horizon() int64 {
	return p.job.nowMillis + p.job.values.DeleteRetention.Milliseconds()
}

// records decides on each record by its key.
func (p *cleanPass) records(b *batchOfRun, out *cleanedRuns) error {
	at, set := b.header.Horizon()
	deletes := set && p.passed(at)
	kept, tombstones := 0, false
	p.keep = p.keep[:0]
	var r recordbatch.Reader
	defer r.Release()
	if err := r.Reset(b.raw, cleanDecoded); err != nil {
		return err
	}
	for r.Next() {
		rec := r.Record()
		stays := rec.Key != nil && !(rec.Value == nil && deletes) && !p.keys.shadowed(rec.Key, b.base+int64(rec.OffsetDelta))
		if stays {
			kept++
			tombstones = tombstones || rec.Value == nil
		}
		p.keep = append(p.keep, stays)
	}
	if err := r.Err(); err != nil {
		return err
	}
	horizon := int64(-1)
	if tombstones && !set && p.job.certain {
		horizon = p.horizon()
	}
	switch {
	case kept == 0:
		p.drop(b, out, true)
	case kept == len(p.keep) && horizon < 0:
		p.stay(b, out)
	default:
		out.lost = out.lost || kept < len(p.keep)
		p.removed.records += int64(len(p.keep) - kept)
		return p.thin(b, out, horizon)
	}
	return nil
}

// stay keeps a record batch as it is.
func (p *cleanPass) stay(b *batchOfRun, out *cleanedRuns) {
	at := len(out.data)
	out.data = append(out.data, b.raw...)
	recordbatch.Patch(out.data[at:], b.base, 0)
	p.took(b, b.header, out)
}

// thin keeps the records that p.keep says.
func (p *cleanPass) thin(b *batchOfRun, out *cleanedRuns, horizon int64) error {
	at := len(out.data)
	var err error
	if out.data, err = p.thinner.Thin(out.data, b.raw, p.keep, horizon, cleanDecoded); err != nil {
		return err
	}
	recordbatch.Patch(out.data[at:], b.base, 0)
	h, err := recordbatch.ParseHeader(out.data[at:])
	if err != nil {
		return err
	}
	p.removed.bytes += int64(len(b.raw) - (len(out.data) - at))
	out.changed = true
	p.took(b, h, out)
	return nil
}

// drop leaves a record batch out. The last one stays without its records, so that who reads on comes to
// the end.
func (p *cleanPass) drop(b *batchOfRun, out *cleanedRuns, lost bool) {
	last := b.next == p.job.next()
	if last && b.header.RecordCount == 0 {
		p.stay(b, out)
		return
	}
	out.changed = true
	out.lost = out.lost || lost
	p.removed.records += int64(b.header.RecordCount)
	p.removed.bytes += int64(len(b.raw))
	if !last {
		return
	}
	at := len(out.data)
	h := b.header
	h.BaseOffset = b.base
	out.data = recordbatch.AppendEmpty(out.data, &h)
	p.removed.bytes -= int64(len(out.data) - at)
	h, err := recordbatch.ParseHeader(out.data[at:])
	if err != nil {
		panic(err) // it was made right here
	}
	p.took(b, h, out)
}

// took notes a record batch that is left, whose header is h now.
func (p *cleanPass) took(b *batchOfRun, h recordbatch.Header, out *cleanedRuns) {
	g := out.run
	if out.sum.RecordBatches == 0 {
		g.Base, g.First, g.FirstMillis = b.base, b.visibleAt, b.millis
	}
	out.sum.Add(&h, b.base-g.Base)
	g.Last, g.LastMillis = b.visibleAt, b.millis
	if n := len(g.visible); n > 0 && g.visible[n-1].VisibleAt == uint64(b.visibleAt) && g.visible[n-1].CommitMillis == b.millis {
		g.visible[n-1].Count++
	} else {
		g.visible = append(g.visible, segment.Visibility{Count: 1, VisibleAt: uint64(b.visibleAt), CommitMillis: b.millis})
	}
	switch {
	case h.Control():
		g.Transactional = true
		out.markers[b.base] = true
	case h.Transactional():
		g.Transactional = true
		if s, err := p.outcomes.of(b); err == nil {
			p.kept[s] = true
		}
	}
}

// finish fills in what all of the run decides.
func (out *cleanedRuns) finish(p *cleanPass, from int64) {
	g, sum := out.run, &out.sum
	g.Partition = p.job.partition
	g.parts = [][]byte{out.data}
	g.Span, g.Count, g.Length = sum.Span, sum.Records, sum.Bytes
	g.MinTime, g.MaxTime, g.MaxTimeRel = sum.MinTimestamp, sum.MaxTimestamp, sum.MaxTimestampOffset
	// Of transactions that lie in the runs as a whole and of which records stay, the segment's index tells:
	// it takes the place of the segments' before, and of the fold.
	for s := range p.kept {
		if s.first >= from && out.markers[s.marker] {
			t := segment.Transaction{ProducerID: s.producer, First: max(s.first, g.Base), Last: s.marker, CommitMillis: s.millis}
			if s.committed {
				t.VisibleAt = uint64(s.visibleAt)
			}
			g.listed = append(g.listed, t)
		}
	}
	slices.SortFunc(g.listed, func(a, b segment.Transaction) int { return cmp.Compare(a.Last, b.Last) })
}
