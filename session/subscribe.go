package session

import (
	"context"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// subscribeFields put the version and the difference before the relation's columns.
func subscribeFields(fields []face.Field) []face.Field {
	return append([]face.Field{
		{Name: "_version", Type: sqltype.Of(sqltype.Int8)},
		{Name: "_diff", Type: sqltype.Of(sqltype.Int8)},
	}, fields...)
}

// subscribe sends a query's content and then every change, until it is cancelled.
func (s *Session) subscribe(ctx context.Context, p *portal, w face.Writer) error {
	if s.set.get("application_name") == "psql" {
		// psql shows rows when a statement has ended; the first tick sends this.
		s.tell(face.Notice{
			Message: "this query never ends, and psql shows rows only at a query's end",
			Hint:    `COPY (SUBSCRIBE TO …) TO STDOUT shows rows as they come; so does \set FETCH_COUNT 1 for SELECT … EMIT CHANGES.`,
		})
	}
	return s.changes(ctx, p.plan.query, p.args, &changeWriter{rows: w.Rows, flush: w.Flush})
}

// changes runs a subscription until it is cancelled or the server stops: it never ends by itself.
func (s *Session) changes(ctx context.Context, q *plan.Query, args []delta.Column, to lane.Subscriber) error {
	if err := s.mayRun(q); err != nil {
		return err
	}
	if err := s.populated(oids(q.Relations)); err != nil {
		return err
	}
	if s.db.Stopping != nil {
		var end context.CancelCauseFunc
		ctx, end = context.WithCancelCause(ctx)
		defer end(nil)
		defer context.AfterFunc(s.db.Stopping, func() {
			end(sqlerr.New(sqlerr.AdminShutdown, "terminating connection due to administrator command"))
		})()
	}
	return s.db.Runtime.Subscribe(ctx, q, args, s.meter(), to)
}

// changeWriter turns deltas into rows: version, difference, columns.
type changeWriter struct {
	rows  func(*delta.Batch) error
	flush func() error
	idle  func(v log.CommitSeq) // nil = nobody asks
	cols  []delta.Column
}

func (c *changeWriter) Changes(v log.CommitSeq, d *delta.Batch) error {
	diff := delta.NewBuilder(sqltype.Int8)
	for i := range int32(d.Len) {
		delta.Append(diff, d.Weight(i))
	}
	c.cols = append(c.cols[:0], delta.Const(sqltype.Int8, int64(v), d.Len), diff.Column())
	c.cols = append(c.cols, d.Cols...)
	return c.rows(&delta.Batch{Len: d.Len, Cols: c.cols, Sel: d.Sel})
}

func (c *changeWriter) Tick(log.CommitSeq) error { return c.flush() }

func (c *changeWriter) Idle(v log.CommitSeq) {
	if c.idle != nil {
		c.idle(v)
	}
}
