package flight

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/flight"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/server/oneshot"
)

// chunkBytes is about how large a chunk of rows is: gRPC clients refuse messages over a limit of
// theirs, 4 MiB where nobody has set one.
const chunkBytes = 2 << 20

// rows passes what a statement gives on to the library, which sends it.
type rows struct {
	call   *call
	chunks chan flight.StreamChunk
	began  chan *arrow.Schema // the schema, once; closed without one by a statement without rows
	wrap   *columnar.Wrapper
}

// run starts a statement and returns when its columns are known, or its error.
func (s *service) run(ctx context.Context, st oneshot.Statement) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	r := &rows{call: callOf(ctx), chunks: make(chan flight.StreamChunk), began: make(chan *arrow.Schema, 1)}
	st.Principal = r.call.who
	failed := make(chan error, 1)
	go func() {
		defer close(r.chunks)
		_, err := s.cfg.Statements.Run(ctx, st, r)
		if r.wrap == nil { // no rows went out: the caller is still waiting
			failed <- err
			close(r.began)
			return
		}
		if err != nil {
			r.send(flight.StreamChunk{Err: s.failure(ctx, err)})
		}
	}()
	schema, ok := <-r.began
	if !ok {
		if err := <-failed; err != nil {
			return nil, nil, s.failure(ctx, err)
		}
		schema = arrow.NewSchema(nil, nil)
	}
	return schema, r.chunks, nil
}

// send hands a chunk over; false: the request has ended.
func (r *rows) send(c flight.StreamChunk) bool {
	select {
	case r.chunks <- c:
		return true
	case <-r.call.ended:
		return false
	}
}

// Columns implements oneshot.Result.
func (r *rows) Columns(fields []face.Field) (err error) {
	wrap, err := columnar.NewWrapper(columnar.Arrow, oneshot.Columns(fields))
	if err != nil {
		return err
	}
	r.wrap = wrap
	r.began <- wrap.Schema()
	return nil
}

// Rows implements oneshot.Result.
func (r *rows) Rows(b *delta.Batch) error {
	rec, err := r.wrap.Record(b)
	if err != nil || rec.NumRows() == 0 {
		return err
	}
	n := rec.NumRows()
	step := max(1, n/(1+b.Size()/chunkBytes))
	for from := int64(0); from < n; from += step {
		part := rec.NewSlice(from, min(from+step, n))
		err := r.lend(part)
		part.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// Flush implements oneshot.Result: every chunk is sent when it is handed over.
func (r *rows) Flush() error { return nil }

// lend has a record sent, and waits until nobody reads it any more.
func (r *rows) lend(rec arrow.Record) error {
	sent := make(chan struct{})
	if r.send(flight.StreamChunk{Data: &lent{rec, sent}}) {
		select {
		case <-sent:
			return nil
		case <-r.call.ended: // sending failed, and is over
		}
	}
	return context.Canceled
}

// lent is a record whose one Release tells that it was sent.
type lent struct {
	arrow.Record
	sent chan struct{}
}

func (l *lent) Release() { close(l.sent) }
func (l *lent) Retain()  {} // the library keeps none beyond sending
