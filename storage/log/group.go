package log

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// flushGroup is entries that seal together: inline, or one or more objects.
type flushGroup struct {
	seal       uint64
	openMillis int64 // of its first entry, Unix ms
	lastMillis int64 // of its last
	sealMillis int64
	entries    []*pending
	bytes      int64
	appends    bool // an entry has records
	awaited    bool // somebody waits for one of its entries

	// Guarded by writer.mu once sealed.
	ready bool
	err   error // the upload failed: every entry fails with it

	blocks []groupBlock // written by the upload before ready; none = inline
}

// take adds an entry.
func (g *flushGroup) take(p *pending, nowMillis int64) {
	if len(g.entries) == 0 {
		g.openMillis = nowMillis
	}
	g.lastMillis = nowMillis
	g.entries = append(g.entries, p)
	g.bytes += p.bytes
	g.appends = g.appends || len(p.appends) > 0
	g.awaited = g.awaited || !p.entry.Unawaited
}

// groupBlock is one object of a group.
type groupBlock struct {
	key    string
	size   int64
	data   []byte // the record batches
	origin int64  // position of data[0] in the object
}

// placedPiece is a piece with its owner, for laying out.
type placedPiece struct {
	*piece
	owner *appendState
	base  int64 // its first offset, once decided
}

// pieces lists the pieces of the group sorted by partition, in entry order within one:
// equal partitions become one run. keep filters.
func (g *flushGroup) pieces(dst []placedPiece, keep func(*pending, *appendState, *piece) bool) []placedPiece {
	for _, e := range g.entries {
		for i := range e.appends {
			a := &e.appends[i]
			base := a.base
			for k := range a.pieces {
				p := &a.pieces[k]
				if keep(e, a, p) {
					dst = append(dst, placedPiece{p, a, base})
				}
				base += p.sum.Span
			}
		}
	}
	slices.SortStableFunc(dst, func(a, b placedPiece) int {
		return comparePartitions(a.owner.partition, b.owner.partition)
	})
	return dst
}

func comparePartitions(a, b Partition) int {
	return cmp.Or(bytes.Compare(a.Topic[:], b.Topic[:]), cmp.Compare(a.Index, b.Index))
}

// buildRuns joins neighbouring pieces of one partition that also lie side by side. With
// inline the positions are given here, in order.
func buildRuns(pieces []placedPiece, inline bool) []runPayload {
	runs := make([]runPayload, 0, len(pieces))
	position := int64(0)
	for i := range pieces {
		p := &pieces[i]
		length := int64(len(p.bytes))
		at, relative := p.position, p.relative
		if inline {
			at, relative = position, 0
			position += length
		}
		if n := len(runs); n > 0 {
			r := &runs[n-1]
			joins := r.Partition == p.owner.partition && r.Position+r.Length == at &&
				(inline || r.Relative+r.Span == relative)
			if joins {
				r.extend(p, length)
				continue
			}
		}
		runs = append(runs, runPayload{
			Partition: p.owner.partition, Base: p.base, Position: at, Relative: relative, MinTime: -1, MaxTime: -1,
		})
		runs[len(runs)-1].extend(p, length)
	}
	return runs
}

func (r *runPayload) extend(p *placedPiece, length int64) {
	if p.owner.producerID >= 0 {
		r.Producers = append(r.Producers, producerPayload{
			ProducerID: p.owner.producerID, Epoch: p.owner.epoch,
			BaseSequence: p.owner.baseSequence, LastSequence: p.owner.last, Relative: r.Span, Transactional: p.owner.transactional,
		})
	}
	sum := &p.sum
	if sum.MinTimestamp >= 0 && (r.MinTime < 0 || sum.MinTimestamp < r.MinTime) {
		r.MinTime = sum.MinTimestamp
	}
	if sum.MaxTimestamp > r.MaxTime {
		r.MaxTime, r.MaxTimeRel = sum.MaxTimestamp, r.Span+sum.MaxTimestampOffset
	}
	r.Span += sum.Span
	r.Count += sum.Records
	r.Length += length
}

// appendInline appends the group's accepted record batches as one KindAppend change.
func appendInline(rec []byte, pieces []placedPiece) ([]byte, error) {
	payload := appendPayload{Runs: buildRuns(pieces, true)}
	total := 0
	for _, p := range pieces {
		total += len(p.bytes)
	}
	rec, start := beginChange(rec, KindAppend)
	rec = payload.appendHead(rec)
	rec = binary.AppendUvarint(rec, uint64(total))
	for _, p := range pieces {
		rec = append(rec, p.bytes...)
	}
	return rec, endChange(rec, start)
}

// appendObject appends what was accepted of one object as one KindAppend change.
func appendObject(rec []byte, b *groupBlock, pieces []placedPiece) ([]byte, error) {
	payload := appendPayload{Key: b.key, Size: b.size, Runs: buildRuns(pieces, false)}
	rec, start := beginChange(rec, KindAppend)
	rec = payload.appendHead(rec)
	return rec, endChange(rec, start)
}
