package session

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
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
	if err := w.Fields(p.fields); err != nil {
		return err
	}
	return s.db.Runtime.Subscribe(ctx, p.plan.query, p.args, &changeWriter{rows: w.Rows, flush: w.Flush})
}

// changeWriter turns deltas into rows: version, difference, columns.
type changeWriter struct {
	rows  func(*delta.Batch) error
	flush func() error
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
