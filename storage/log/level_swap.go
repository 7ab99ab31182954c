package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// fingerprint is of index entries: a level replaces those that it was made of, and no others.
func fingerprint(runs []run) uint32 {
	sum := uint32(0)
	var b []byte
	for i := range runs {
		r := &runs[i]
		b = b[:0]
		for _, n := range [...]int64{r.base, r.span, r.position, r.length} {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
		sum = crc32.Update(sum, castagnoli, append(b, r.block.key...))
	}
	return sum
}

// fits finds the runs that r was made of; ok is false if they are not all there any more.
func (part *partition) fits(r *swapRun) (from, to int, ok bool) {
	return part.between(r.Base, r.Base+r.Span, r.Replaces)
}

// between finds the runs from offset base to next; ok is false if they are not those of the fingerprint.
func (part *partition) between(base, next int64, sum uint32) (from, to int, ok bool) {
	from = part.runAt(base)
	to = from
	for to < len(part.runs) && part.runs[to].next() <= next {
		to++
	}
	ok = from < to && part.runs[from].base == base && part.runs[to-1].next() == next && fingerprint(part.runs[from:to]) == sum
	return from, to, ok
}

// level puts r in the place of the runs that it was made of.
func (part *partition) level(f *fold, r *swapRun, b *block) error {
	from, to, ok := part.fits(r)
	if !ok {
		return fmt.Errorf("%w: level of offsets %d to %d does not fit the index", ErrCorrupt, r.Base, r.Base+r.Span)
	}
	for i := from; i < to; i++ {
		f.unref(part.runs[i].block)
	}
	part.replace(from, to, r, b)
	return nil
}

// level leaves out what does not fit any more: runs that were truncated and pruned, whose topic is
// gone, or that another swap has replaced. An object of which nothing is left becomes garbage with
// the commit.
func (o *overlay) level(s *swapPayload) error {
	left := 0
	for i := range s.In {
		kept := s.In[i].Runs[:0]
		for _, r := range s.In[i].Runs {
			p := o.partition(r.Partition)
			if p == nil || p.base == nil || o.meta.leveled[r.Partition] {
				continue
			}
			if _, _, ok := p.base.fits(&r); ok {
				kept = append(kept, r)
				set(&o.meta.leveled, r.Partition, true)
			}
		}
		s.In[i].Runs = kept
		left += len(kept)
	}
	if left == 0 {
		return fmt.Errorf("%w: nothing of the level fits the index any more", ErrCondition)
	}
	return nil
}
