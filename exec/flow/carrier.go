package flow

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// carrier copies rows into messages, with the records behind them.
type carrier struct {
	e     *edge
	types []sqltype.OID
	rows  *delta.BatchBuilder
	from  *carried
	ready []*message
	bytes int64 // of these
}

// carried are the records behind the rows of a message.
type carried struct{ of []delta.Origin }

func (c *carried) Origin(row int32) delta.Origin { return c.of[row] }

func newCarrier(e *edge, n plan.Node) *carrier {
	c := &carrier{e: e}
	for _, f := range n.Props().Fields {
		c.types = append(c.types, f.Type.OID)
	}
	return c
}

// Emit implements exec.Out.
func (c *carrier) Emit(d *delta.Batch) error {
	if c.rows == nil {
		c.rows = c.e.builder(func() *delta.BatchBuilder { return delta.NewBatchBuilder(c.types) })
		c.from = &carried{}
	}
	if d.From == nil {
		c.from = nil
	}
	if c.from != nil {
		_ = d.EachRow(func(row int32) error {
			c.from.of = append(c.from.of, d.From.Origin(row))
			return nil
		})
		for range d.Errs { // they know theirs
			c.from.of = append(c.from.of, delta.Origin{})
		}
	}
	c.rows.AppendBatch(d)
	if c.rows.Len() < messageRows && c.rows.Size() < messageBytes {
		return nil
	}
	return c.flush()
}

// flush makes a message of what was copied.
func (c *carrier) flush() error {
	if c.rows == nil || c.rows.Len() == 0 {
		return nil
	}
	m := &message{rows: c.rows.Batch(), bytes: int64(c.rows.Size()), of: c.rows}
	if c.from != nil {
		m.rows.From = c.from
	}
	c.ready, c.bytes, c.rows = append(c.ready, m), c.bytes+m.bytes, nil
	return nil
}

// take gives the messages.
func (c *carrier) take() []*message {
	ready := c.ready
	c.ready, c.bytes = nil, 0
	return ready
}
