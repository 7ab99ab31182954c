package log

import (
	"fmt"
	"slices"
)

// retired is what a partition was before a swap that removed records from it: who reads at an older
// version, a pinned SELECT or a view that is just being built, reads that. It is in memory alone, since
// nobody reads at a version of an earlier life of the process.
type retired struct {
	at    CommitSeq // of the swap: versions below read this
	runs  []run
	ended []span
	lost  CommitSeq
	gone  []run // those that the swap took out; their objects stay for so long
}

// partitionAsOf is a partition as readers of a version find it.
type partitionAsOf struct {
	partition *partition
	runs      []run
	ended     []span
	lost      CommitSeq
}

// asOf is what a reader of version v reads.
// REQUIRES: DB.mu held.
func (p *partition) asOf(v CommitSeq) partitionAsOf {
	for i := range p.retired {
		if r := &p.retired[i]; v < r.at {
			return partitionAsOf{p, r.runs, r.ended, r.lost}
		}
	}
	return partitionAsOf{p, p.runs, p.ended, p.lost}
}

// pruneRetired forgets what no reader reads any more: read is the oldest version that somebody reads.
func (p *partition) pruneRetired(f *fold, read CommitSeq) (left bool) {
	for len(p.retired) > 0 && p.retired[0].at <= read {
		for i := range p.retired[0].gone {
			f.unref(p.retired[0].gone[i].block)
		}
		p.retired = p.retired[1:]
	}
	return len(p.retired) > 0
}

// forgetRetired is for a start.
func (f *fold) forgetRetired() {
	for _, t := range f.topics {
		for _, p := range t.partitions {
			p.pruneRetired(f, ^CommitSeq(0))
		}
	}
}

func (p *cleanPayload) apply(f *fold, a *applied) error {
	b := &block{key: p.Key, size: p.Size, placed: true, level: p.Level}
	if p.Key != "" {
		a.blocks = append(a.blocks, b)
	}
	for i := range p.Pieces {
		part := f.partition(p.Pieces[i].Partition)
		if part == nil {
			continue // deleted by an earlier change of the commit
		}
		if err := part.cleaned(&p.Pieces[i], b, a.Seq); err != nil {
			return err
		}
		f.truncated = true // what is retired waits to be pruned
	}
	for _, m := range p.Marks {
		if part := f.partition(m.Partition); part != nil {
			part.clean = max(part.clean, m.Offset)
			part.forgetCleaned()
		}
	}
	if p.Key != "" && b.runs == 0 {
		f.garbage = append(f.garbage, p.Key)
	}
	return nil
}

// cleaned puts what was left of runs in their place.
func (part *partition) cleaned(x *cleanPiece, b *block, at CommitSeq) error {
	from, to, ok := part.between(x.From, x.Next, x.Replaces)
	if !ok {
		return fmt.Errorf("%w: cleaned offsets %d to %d do not fit the index", ErrCorrupt, x.From, x.Next)
	}
	if n := len(part.retired); n == 0 || part.retired[n-1].at != at {
		part.retired = append(part.retired, retired{at: at, runs: part.runs, ended: part.ended, lost: part.lost})
	}
	before := &part.retired[len(part.retired)-1]
	before.gone = append(before.gone, part.runs[from:to]...)
	var left []run
	if x.Left != nil {
		left = []run{x.Left.in(b)}
		part.lateNewest = max(part.lateNewest, x.Left.LateLast)
	}
	part.runs = slices.Concat(part.runs[:from], left, part.runs[to:])
	part.settleIn(x.From, x.Next)
	part.settleAborted(x.From, x.Below)
	if x.Lost > 0 {
		part.lost, part.cleanedAt = max(part.lost, x.Lost), at
	}
	return nil
}

// settleAborted forgets aborted transactions that end in [from, below): a pass goes in the order of offsets, so
// all of their records went. why at once, and not with the mark: their markers may go with the runs, and
// a reader that is told of an aborted transaction skips its producer up to the marker.
func (part *partition) settleAborted(from, below int64) {
	part.setEnded(slices.DeleteFunc(slices.Clone(part.ended), func(s span) bool {
		return !s.committed && s.marker >= from && s.marker < below
	}))
}

// forgetCleaned drops ended transactions of which nothing is left below the mark.
func (part *partition) forgetCleaned() {
	part.setEnded(slices.DeleteFunc(slices.Clone(part.ended), func(s span) bool {
		if s.marker >= part.clean {
			return false
		}
		at := part.runAt(s.first)
		return !s.committed || at == len(part.runs) || part.runs[at].base > s.marker
	}))
}

// clean leaves out partitions of which something does not fit any more: truncated and pruned, dropped, or
// swapped meanwhile. Who cleans sees what was left out, and begins again there.
func (o *overlay) clean(p *cleanPayload) error {
	out := map[Partition]bool{}
	for i := range p.Pieces {
		x := &p.Pieces[i]
		part := o.partition(x.Partition)
		if part == nil || part.base == nil || o.meta.leveled[x.Partition] {
			out[x.Partition] = true
			continue
		}
		if _, _, ok := part.base.between(x.From, x.Next, x.Replaces); !ok {
			out[x.Partition] = true
		}
	}
	for i := range p.Marks {
		if part := o.partition(p.Marks[i].Partition); part == nil || part.base == nil || part.next < p.Marks[i].Offset {
			out[p.Marks[i].Partition] = true
		}
	}
	p.Pieces = slices.DeleteFunc(p.Pieces, func(x cleanPiece) bool { return out[x.Partition] })
	p.Marks = slices.DeleteFunc(p.Marks, func(m cleanMark) bool { return out[m.Partition] })
	if len(p.Pieces)+len(p.Marks) == 0 {
		return fmt.Errorf("%w: nothing of what was cleaned fits the index any more", ErrCondition)
	}
	for i := range p.Pieces {
		set(&o.meta.leveled, p.Pieces[i].Partition, true)
	}
	return nil
}
