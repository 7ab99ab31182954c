package decoded

import (
	"context"
	"io"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// readBytes is how much of the log is asked for at once.
const readBytes = 1 << 20

// MaxDecoded bounds the decompressed size of one record batch.
const MaxDecoded = 256 << 20

// Records walks the records of one topic that became visible in a range of commits, run by run.
type Records struct {
	log    log.Log
	filter log.Filter
	parts  *Parts // that the range is read by; nil = all of it

	changes log.ChangeReader
	res     log.ChangeResult
	at      int // next of res.Runs
	more    bool
	run     log.ChangeRun
	records recordbatch.Reader
	open    bool // records is in the middle of run
}

// NewRecords makes a walker of a topic; Close must be called.
func NewRecords(l log.Log, topic log.TopicID) *Records {
	return &Records{log: l, filter: log.Filter{Topics: []log.TopicFilter{{Topic: topic}}}}
}

// Begin turns to what became visible in (from, to].
func (r *Records) Begin(ctx context.Context, from, to log.CommitSeq) error {
	r.End()
	var err error
	if r.parts != nil {
		r.changes, err = r.parts.reader(ctx, from, to)
	} else {
		r.changes, err = r.log.Changes(ctx, from, to, r.filter)
	}
	r.more = err == nil
	return err
}

// partOver: the next run, if there is one, is of another part.
func (r *Records) partOver() bool { return r.parts != nil && r.at == len(r.res.Runs) }

// touched reports whether anything became visible in (from, to].
func (r *Records) touched(from, to log.CommitSeq) bool { return r.log.Touched(r.filter, to) > from }

// NextRun turns to the next run, io.EOF after the last. The run is valid until the next call.
func (r *Records) NextRun(ctx context.Context) (*log.ChangeRun, error) {
	r.open = false
	for r.at == len(r.res.Runs) {
		if !r.more {
			return nil, io.EOF
		}
		r.res.Runs, r.at = r.res.Runs[:0], 0
		var err error
		if r.more, err = r.changes.Next(ctx, log.Budget{MaxBytes: readBytes}, &r.res); err != nil {
			return nil, err
		}
	}
	r.run = r.res.Runs[r.at]
	r.at++
	if err := r.records.Reset(r.run.RecordBatch, MaxDecoded); err != nil {
		return nil, err
	}
	r.open = !r.records.Header().Control()
	return &r.run, nil
}

// Next is the next record of the run, nil after its last. It is valid until the next call.
func (r *Records) Next() (*recordbatch.Record, error) {
	for r.open {
		if !r.records.Next() {
			r.open = false
			return nil, r.records.Err()
		}
		if rec := r.records.Record(); rec.Offset >= r.run.First {
			return rec, nil
		}
	}
	return nil, nil
}

// Run is the run that NextRun gave.
func (r *Records) Run() *log.ChangeRun { return &r.run }

// End gives up the range.
func (r *Records) End() {
	if r.changes != nil {
		_ = r.changes.Close() // it only unpins
		r.changes = nil
	}
	r.res.Runs, r.at, r.open, r.more = r.res.Runs[:0], 0, false, false
}

// Close gives back what the walker holds.
func (r *Records) Close() {
	r.End()
	r.records.Release()
}
