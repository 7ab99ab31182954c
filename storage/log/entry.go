package log

import (
	"fmt"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// pending is an Entry on its way: what the writer knows of it, and its result.
type pending struct {
	entry   *Entry
	own     bool // made by the log itself: may hold kinds that entries of others may not
	appends []appendState
	staged  []stagedObject // come before appends; nil without a Stage
	txn     *txnRequest    // nil but for what the log's Transactions asks
	bytes   int64

	done   chan struct{}
	result Appended
	err    error
}

var _ Pending = (*pending)(nil)

func (p *pending) Done() <-chan struct{} { return p.done }

func (p *pending) Result() (Appended, error) { return p.result, p.err }

func (p *pending) fail(err error) { p.end(err, false) }

// end answers the entry; unsure: it failed, and nobody knows whether it is in the log.
func (p *pending) end(err error, unsure bool) {
	p.err = err
	if p.staged != nil {
		p.entry.Staged.answered(err, unsure)
	}
	close(p.done)
}

// appendState is one Append of an entry with what its record batches' headers say.
type appendState struct {
	partition Partition
	pieces    []piece
	one       [1]piece // backs pieces in the common case
	span      int64
	// Of an idempotent producer, whose Append is one record batch; producerID < 0 otherwise.
	producerID         int64
	epoch              int16
	baseSequence, last int32
	transactional      bool
	txnName            string
	implicit           bool

	appendTime int64 // set at seal for LogAppendTime topics, else -1
	base       int64 // given by decide
	duplicate  bool
}

// piece is record batches that go to one object together.
type piece struct {
	bytes []byte
	sum   recordbatch.Summary
	// Where seal put it; block is the place in flushGroup.blocks.
	block    int
	position int64
	relative int64 // relative to the partition's run in the object
}

// newPending reads the headers of the entry's record batches. An entry that cannot be
// committed comes back failed.
func newPending(e *Entry, limits *Limits) *pending {
	p := &pending{entry: e, done: make(chan struct{})}
	p.appends = make([]appendState, len(e.Appends))
	for i := range e.Appends {
		a := &p.appends[i]
		a.partition = e.Appends[i].Partition
		a.appendTime = -1
		a.txnName, a.implicit = e.Appends[i].TransactionalID, e.Appends[i].Implicit
		if err := a.scan(e.Appends[i].RecordBatches, limits.FlushBytes); err != nil {
			p.fail(err)
			return p
		}
		p.bytes += int64(len(e.Appends[i].RecordBatches))
	}
	for _, c := range e.Changes {
		p.bytes += int64(len(c.Payload))
	}
	if p.bytes > limits.MaxEntryBytes {
		p.fail(fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, p.bytes, limits.MaxEntryBytes))
	}
	return p
}

func (a *appendState) scan(src []byte, pieceBytes int64) error {
	a.producerID = recordbatch.NoProducerID
	if len(src) == 0 {
		return fmt.Errorf("%w: append without record batches", ErrInvalidRecord)
	}
	a.pieces = a.one[:0]
	batches := 0
	for len(src) > 0 {
		h, raw, rest, err := recordbatch.Next(src)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInvalidRecord, err)
		}
		if len(a.pieces) == 0 || int64(len(a.pieces[len(a.pieces)-1].bytes)+len(raw)) > pieceBytes {
			a.pieces = append(a.pieces, piece{bytes: src[:0:len(src)], sum: recordbatch.NoSummary})
		}
		a.pieces[len(a.pieces)-1].add(&h, raw)
		a.span += int64(h.LastOffsetDelta) + 1
		if h.ProducerID >= 0 {
			a.producerID, a.epoch = h.ProducerID, h.ProducerEpoch
			a.baseSequence, a.last = h.BaseSequence, h.LastSequence()
			a.transactional = h.Transactional()
		}
		if h.Control() || h.Transactional() && h.ProducerID < 0 {
			return fmt.Errorf("%w: a control batch, or a transaction without a producer", ErrInvalidRecord)
		}
		batches++
		src = rest
	}
	if a.producerID >= 0 && (batches != 1 || a.baseSequence < 0 || a.epoch < 0) {
		return fmt.Errorf("%w: a producer with an id appends one record batch with a sequence at a time", ErrInvalidRecord)
	}
	return nil
}

// add takes raw, which lies right behind the piece's bytes.
func (p *piece) add(h *recordbatch.Header, raw []byte) {
	p.bytes = p.bytes[:len(p.bytes)+len(raw)]
	p.sum.Add(h, p.sum.Span)
}

// setAppendTime makes millis the timestamp of all records of the append.
func (a *appendState) setAppendTime(millis int64) {
	a.appendTime = millis
	for i := range a.pieces {
		p := &a.pieces[i]
		p.sum.MinTimestamp, p.sum.MaxTimestamp, p.sum.MaxTimestampOffset = millis, millis, 0
		for src := p.bytes; len(src) > 0; {
			_, raw, rest, err := recordbatch.Next(src)
			if err != nil {
				return // scan has walked these bytes
			}
			recordbatch.SetLogAppendTime(raw, millis)
			src = rest
		}
	}
}

func (p *pending) settle(seq CommitSeq, logStart func(Partition) int64) {
	n := len(p.appends)
	r := Appended{Seq: seq}
	if n > 0 {
		numbers := make([]int64, 3*n)
		r.BaseOffsets, r.LogStarts, r.AppendTimes = numbers[:n:n], numbers[n:2*n:2*n], numbers[2*n:]
		r.Duplicate = make([]bool, n)
	}
	for i := range p.appends {
		a := &p.appends[i]
		r.BaseOffsets[i], r.Duplicate[i] = a.base, a.duplicate
		r.AppendTimes[i] = a.appendTime
		r.LogStarts[i] = logStart(a.partition)
	}
	p.result = r
}
