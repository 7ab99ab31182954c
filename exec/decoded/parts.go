package decoded

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// What a part is at first, and at most: small ones first, so that all have work soon and end together
// where there is little.
const firstPart, largestPart = 16 << 10, readBytes

// Parts gives one range of a topic to several readers, a part after the other: some record batches,
// which follow each other in the log. Reading the log is done by who wants a part, decoding by each for
// himself. Safe for concurrent use.
type Parts struct {
	log     log.Log
	filter  log.Filter
	numbers *atomic.Int64

	// turn holds a value while somebody uses what follows: the log may be slow.
	turn    chan struct{}
	changes log.ChangeReader // nil before the first part and after the last
	begun   bool
	more    bool
	size    int
	res     log.ChangeResult
}

// NewParts makes the parts of what becomes visible in one range of commits; they are numbered from numbers.
func NewParts(l log.Log, topic log.TopicID, numbers *atomic.Int64) *Parts {
	return &Parts{
		log: l, numbers: numbers, filter: log.Filter{Topics: []log.TopicFilter{{Topic: topic}}},
		turn: make(chan struct{}, 1), size: firstPart,
	}
}

// take waits for the turn, which leave gives on.
func (p *Parts) take(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Parts) leave() { <-p.turn }

// Close lets the log go. REQUIRES: no reader is in a call.
func (p *Parts) Close() {
	if p.changes != nil {
		_ = p.changes.Close() // it only unpins
		p.changes = nil
	}
	p.more = false
}

// reader is the range as one reader sees it. All readers ask for the same one.
func (p *Parts) reader(ctx context.Context, from, to log.CommitSeq) (log.ChangeReader, error) {
	if err := p.take(ctx); err != nil {
		return nil, err
	}
	defer p.leave()
	if !p.begun {
		var err error
		if p.changes, err = p.log.Changes(ctx, from, to, p.filter); err != nil {
			return nil, err
		}
		p.begun, p.more = true, true
	}
	return &partReader{parts: p, number: -1}, nil
}

// partReader is a log.ChangeReader of some parts: a Next is a part.
type partReader struct {
	parts  *Parts
	number int64
	bytes  []byte
}

// Next copies the next part, which is lent to nobody else.
func (r *partReader) Next(ctx context.Context, _ log.Budget, dst *log.ChangeResult) (more bool, err error) {
	p := r.parts
	if err := p.take(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	for p.res.Runs = p.res.Runs[:0]; len(p.res.Runs) == 0; {
		if !p.more {
			return false, nil
		}
		if p.more, err = p.changes.Next(ctx, log.Budget{MaxBytes: p.size}, &p.res); err != nil {
			p.more = false
			return false, err
		}
	}
	p.size = min(2*p.size, largestPart)
	r.number = p.numbers.Add(1) - 1
	size := 0
	for i := range p.res.Runs {
		size += len(p.res.Runs[i].RecordBatch)
	}
	if r.bytes = r.bytes[:0]; cap(r.bytes) < size {
		r.bytes = make([]byte, 0, size)
	}
	for _, run := range p.res.Runs {
		at := len(r.bytes)
		r.bytes = append(r.bytes, run.RecordBatch...)
		run.RecordBatch = r.bytes[at:]
		dst.Runs = append(dst.Runs, run)
	}
	return true, nil
}

// Close implements log.ChangeReader: the log is the Parts' own.
func (r *partReader) Close() error { return nil }

// PartFeed is a Feed of some parts of a range. A Next reads one part only.
type PartFeed struct {
	*alone
	parts *Parts
}

// OpenParts makes a Feed for one of several readers of p.
func OpenParts(p *Parts, l log.Log, rel *catalog.Relation, want []int) (*PartFeed, error) {
	a, err := openAlone(l, rel, want)
	if err != nil {
		return nil, err
	}
	a.records.parts = p
	return &PartFeed{alone: a, parts: p}, nil
}

// Part is the number of the part that the last Next read, -1 before the first.
func (f *PartFeed) Part() int64 {
	if r, ok := f.records.changes.(*partReader); ok {
		return r.number
	}
	return -1
}

// Close also ends the parts: no reader wants more.
func (f *PartFeed) Close() {
	f.alone.Close()
	f.parts.Close()
}
