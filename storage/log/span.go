package log

import (
	"slices"
	"sort"
)

// openTxn is an open transaction in a partition.
type openTxn struct {
	producer int64
	first    int64 // offset of its first record
}

// span is an ended transaction in a partition: its records are the transactional record batches of its
// producer from offset first on and before the marker.
type span struct {
	producer      int64
	first, marker int64
	visibleAt     CommitSeq // at which it ended
	millis        int64
	committed     bool
}

// lastStable is the offset below which every transaction has ended.
func (p *partition) lastStable() int64 {
	stable := p.highWatermark
	for _, x := range p.open {
		stable = min(stable, x.first)
	}
	return stable
}

// end puts the marker of a transaction behind what is there. Images share both arrays: spans are
// added behind theirs, open ones are copied.
func (p *partition) end(b *block, c *endTxnPayload, e *txnEnd, at CommitSeq, millis int64) {
	p.open = slices.DeleteFunc(slices.Clone(p.open), func(x openTxn) bool { return x.producer == c.Producer.ID })
	if len(p.ended) == 0 || e.first < p.endedFrom {
		p.endedFrom = e.first
	}
	p.ended = append(p.ended, span{
		producer: c.Producer.ID, first: e.first, marker: e.marker, visibleAt: at, millis: millis, committed: c.Commit,
	})
	p.runs = append(p.runs, run{
		base: e.marker, span: 1, count: 1, length: b.size, minTime: -1, maxTime: -1, transactional: true,
		first: at, last: at, firstMillis: millis, lastMillis: millis, block: b,
	})
	b.runs++
	p.next = e.marker + 1
}

// raiseOpen: records of open transactions before the log start are deleted and become visible to
// nobody.
func (p *partition) raiseOpen(f *fold) {
	for i, x := range p.open {
		if x.first >= p.logStart {
			continue
		}
		p.open = slices.Clone(p.open)
		p.open[i].first = p.logStart
		f.ownTxn(x.producer).parts[p.id] = p.logStart
	}
}

// settled are the ended transactions that lie in [base, next) with all their records.
func settled(ended []span, base, next int64) (in []span) {
	from := sort.Search(len(ended), func(i int) bool { return ended[i].marker >= base })
	for _, s := range ended[from:] {
		if s.marker >= next {
			break
		}
		if s.first >= base {
			in = append(in, s)
		}
	}
	return in
}

// setEnded replaces the ended transactions; images keep theirs.
func (p *partition) setEnded(ended []span) {
	p.ended, p.endedFrom = ended, 0
	for i := range ended {
		if i == 0 || ended[i].first < p.endedFrom {
			p.endedFrom = ended[i].first
		}
	}
}

// settle forgets the ended transactions that a segment's index tells of now.
func (p *partition) settle(r *run) {
	if r.transactional {
		p.settleIn(r.base, r.next())
	}
	p.lateNewest = max(p.lateNewest, r.lateLast)
}

// settleIn forgets the ended transactions that lie in [base, next) as a whole.
func (p *partition) settleIn(base, next int64) {
	p.setEnded(slices.DeleteFunc(slices.Clone(p.ended), func(s span) bool { return s.first >= base && s.marker < next }))
}

// visibleUntil is the newest commit at which something of the run became visible.
func (p *partition) visibleUntil(r *run) CommitSeq {
	at := max(r.last, r.lateLast)
	if r.transactional && len(p.ended) > 0 && p.endedFrom < r.next() {
		for _, s := range p.ended {
			if s.first < r.next() && s.marker >= r.base {
				at = max(at, s.visibleAt)
			}
		}
	}
	return at
}

// forgetSpans drops those that lie before the index.
func (p *partition) forgetSpans() {
	start := p.next
	if len(p.runs) > 0 {
		start = p.runs[0].base
	}
	if len(p.ended) > 0 && p.ended[0].marker < start {
		p.setEnded(slices.DeleteFunc(slices.Clone(p.ended), func(s span) bool { return s.marker < start }))
	}
}

// aborted adds the aborted transactions that overlap [from, to).
func aborted(dst []AbortedTxn, ended []span, from, to int64) []AbortedTxn {
	at := sort.Search(len(ended), func(i int) bool { return ended[i].marker >= from })
	for _, s := range ended[at:] {
		if !s.committed && s.first < to {
			dst = append(dst, AbortedTxn{ProducerID: s.producer, FirstOffset: s.first})
		}
	}
	return dst
}

// abandonTxns is for a partition whose end was lost with the transactions in it: what is left of
// those without a marker counts as aborted, as of the commit that is kept. Their producers never come back.
func (p *partition) abandonTxns(at CommitSeq, millis int64) {
	ended := slices.Clone(p.ended)
	for i := range ended {
		if s := &ended[i]; s.marker >= p.next {
			*s = span{producer: s.producer, first: s.first, marker: p.next, visibleAt: s.visibleAt, millis: s.millis}
		}
	}
	for _, x := range p.open {
		ended = append(ended, span{producer: x.producer, first: x.first, marker: p.next, visibleAt: at, millis: millis})
	}
	p.open = nil
	p.setEnded(slices.DeleteFunc(ended, func(s span) bool { return s.first >= p.next }))
}
