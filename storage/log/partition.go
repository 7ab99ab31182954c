package log

import (
	"fmt"
	"slices"
	"sort"
)

// block is where the bytes of runs lie: one object, or one inline change of a commit record.
type block struct {
	key    string // of the object, "" = inline
	size   int64  // of the object or of the inline bytes
	placed bool   // the object's index has visible-at and its bytes have final offsets
	level  uint8  // how often the records in it were put together, at most maxLevel
	inline inlineID
	runs   int   // in the index; the committer's
	charge int64 // of inlineBytes; above size for markers, which many runs share
	// data are the bytes from position origin on, nil if they are not in memory. Always there
	// for inline blocks. Guarded by DB.mu; the bytes themselves never change.
	data   []byte
	origin int64
}

// run is the fold's index entry: records of one partition, back to back in one block.
type run struct {
	base, span int64 // offsets [base, base+span)
	count      int64 // records
	relative   int64 // see runPayload.Relative
	position   int64
	length     int64
	minTime    int64
	maxTime    int64
	maxTimeRel int64
	// Visible-at and commit time of the first and last record batch; the same unless the block
	// is placed.
	first, last             CommitSeq
	firstMillis, lastMillis int64
	block                   *block
	// transactional: some of its record batches belong to Kafka transactions, or are markers. What
	// first and last say is when they were appended.
	transactional bool
	// lateFirst and lateLast are the first and the last commit of a transaction that the segment's
	// index tells of, 0 if there is none; aborts that it tells of aborted ones.
	lateFirst, lateLast CommitSeq
	aborts              bool
}

func (r *run) next() int64 { return r.base + r.span }

// data are the run's bytes if they are in memory.
func (r *run) data() []byte {
	if r.block.data == nil {
		return nil
	}
	at := r.position - r.block.origin
	return r.block.data[at : at+r.length : at+r.length]
}

// partition is the fold's state of one partition.
type partition struct {
	id       Partition
	logStart int64
	// starts are the log starts that somebody may read at, oldest first, the last is the present
	// one; none while it never moved. Only appended to and cut in front.
	starts []logStart
	// lost is the newest commit of which records left the index.
	lost CommitSeq
	// clean is the offset below which the partition is compacted, cleanedAt the commit of the last swap
	// that removed records; retired is what older versions read instead, oldest first. See clean_swap.go.
	clean     int64
	cleanedAt CommitSeq
	retired   []retired
	next      int64 // offset of the next record
	// highWatermark is next as of the last published commit.
	highWatermark int64
	// runs in offset order, which is the order in which they were appended; each begins where the one
	// before ends, but where log compaction left nothing. Plain records become visible in that order. Images share the array:
	// runs are added behind it or a new array is made, none is changed.
	runs []run
	// open are the open transactions with records here, ended those that the index of no segment tells
	// of, in the order in which they ended, which is their markers'. See span.go.
	open  []openTxn
	ended []span
	// endedFrom is the least offset at which one of ended begins.
	endedFrom int64
	// lateNewest is the newest commit of a transaction that a segment's index tells of.
	lateNewest CommitSeq
	producers  map[int64]producerState
	// owned is the capture behind which the map was made; an older map is shared with an image.
	owned uint64
}

// runAt is the index of the run that holds offset, len(runs) if none does.
func (p *partition) runAt(offset int64) int { return runAt(p.runs, offset) }

func runAt(runs []run, offset int64) int {
	return sort.Search(len(runs), func(i int) bool { return runs[i].next() > offset })
}

// runAfter is the index of the first run with something visible after v.
func (p *partition) runAfter(v CommitSeq) int { return runAfter(p.runs, v) }

func runAfter(runs []run, v CommitSeq) int {
	return sort.Search(len(runs), func(i int) bool { return runs[i].last > v })
}

func (p *appendPayload) apply(f *fold, a *applied) error {
	b := &block{key: p.Key, size: p.Size}
	if p.Key == "" {
		b.inline = inlineID{Seq: a.Seq, Index: a.index}
		b.data, b.size = p.Data, int64(len(p.Data))
		b.charge = b.size
		f.inline = append(f.inline, b)
		f.inlineBytes += b.charge
	}
	a.blocks = append(a.blocks, b)
	for i := range p.Runs {
		r := &p.Runs[i]
		part := f.partition(r.Partition)
		if part == nil {
			return fmt.Errorf("%w: append to a partition that is not there", ErrCorrupt)
		}
		if r.Base != part.next {
			return fmt.Errorf("%w: append at offset %d, the partition ends at %d", ErrCorrupt, r.Base, part.next)
		}
		millis := max(f.timeMillis, a.TimeMillis)
		part.runs = append(part.runs, run{
			base: r.Base, span: r.Span, count: r.Count, relative: r.Relative,
			position: r.Position, length: r.Length,
			minTime: r.MinTime, maxTime: r.MaxTime, maxTimeRel: r.MaxTimeRel,
			first: a.Seq, last: a.Seq, firstMillis: millis, lastMillis: millis, block: b, transactional: r.transactional(),
		})
		b.runs++
		part.next = r.Base + r.Span
		f.producers += part.addProducers(f, r, millis)
		for k := range r.Producers {
			if b := &r.Producers[k]; b.Transactional {
				a.txns = true
				if err := f.addToTxn(part, b, r.Base+b.Relative, millis); err != nil {
					return err
				}
			}
		}
		a.partitions = append(a.partitions, part)
	}
	return nil
}

func (p *swapPayload) apply(f *fold, a *applied) error {
	out := make(map[inlineID]bool, len(p.Out))
	for _, id := range p.Out {
		out[id] = true
	}
	for i := range p.In {
		o := &p.In[i]
		b := &block{key: o.Key, size: o.Size, placed: true, level: o.Level}
		a.blocks = append(a.blocks, b)
		for k := range o.Runs {
			r := &o.Runs[k]
			part := f.partition(r.Partition)
			if part == nil {
				continue // deleted after the segment was written
			}
			var err error
			if p.Level {
				err = part.level(f, r, b)
			} else {
				err = part.swap(r, b, out)
			}
			if err != nil {
				return err
			}
		}
		if b.runs == 0 {
			f.garbage = append(f.garbage, b.key)
		}
	}
	f.inline = slices.DeleteFunc(f.inline, func(b *block) bool {
		if !out[b.inline] {
			return false
		}
		delete(out, b.inline)
		f.inlineBytes -= b.charge
		return true
	})
	if len(out) > 0 {
		return fmt.Errorf("%w: swap of %d inline groups that are not there", ErrCorrupt, len(out))
	}
	return nil
}

// swap puts r in the place of the inline runs it covers exactly, but for those in front that were
// pruned meanwhile: what they held comes back with r, before the log start.
func (part *partition) swap(r *swapRun, b *block, out map[inlineID]bool) error {
	from := part.runAt(r.Base)
	pruned := len(part.starts) > 0 && from == 0 && (len(part.runs) == 0 || part.runs[0].base > r.Base)
	if pruned && (len(part.runs) == 0 || part.runs[0].base >= r.Base+r.Span) {
		return nil // nothing of it is left
	}
	to := from
	for to < len(part.runs) && part.runs[to].next() <= r.Base+r.Span {
		if old := part.runs[to].block; old.key != "" || !out[old.inline] {
			return fmt.Errorf("%w: swap covers offset %d, which is not swapped out", ErrCorrupt, part.runs[to].base)
		}
		to++
	}
	if from == to || !pruned && part.runs[from].base != r.Base || part.runs[to-1].next() != r.Base+r.Span {
		return fmt.Errorf("%w: swap of offsets %d to %d does not fit the index", ErrCorrupt, r.Base, r.Base+r.Span)
	}
	for i := from; i < to; i++ {
		part.runs[i].block.runs--
	}
	part.replace(from, to, r, b)
	return nil
}

// replace puts r in the place of runs [from, to).
func (part *partition) replace(from, to int, r *swapRun, b *block) {
	part.runs = slices.Concat(part.runs[:from], []run{r.in(b)}, part.runs[to:])
	part.settle(&part.runs[from])
}

// in is the index entry of the run, which lies in b.
func (r *swapRun) in(b *block) run {
	b.runs++
	return run{
		base: r.Base, span: r.Span, count: r.Count, position: r.Position, length: r.Length,
		minTime: r.MinTime, maxTime: r.MaxTime, maxTimeRel: r.MaxTimeRel,
		first: r.First, last: r.Last, firstMillis: r.FirstMillis, lastMillis: r.LastMillis, block: b,
		transactional: r.Transactional, lateFirst: r.LateFirst, lateLast: r.LateLast, aborts: r.Aborts,
	}
}
