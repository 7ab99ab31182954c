package expr

import (
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// merger puts a result together from columns that answer for different rows: CASE, COALESCE,
// NULLIF, GREATEST. from[row] names the source column of a row; noSource makes it NULL.
type merger struct {
	typ     sqltype.OID
	out     kernel.Out
	from    []uint16
	sources []*delta.Column
}

const (
	noSource   = 0xffff
	maxSources = 0xfffe
)

func (c *compiler) merger(t sqltype.OID) *merger {
	m := &merger{typ: t, out: kernel.NewOut(c.env.Meter)}
	c.bound = append(c.bound, m)
	return m
}

func (m *merger) rebind(env *Env) error {
	m.out.Rebind(env.Meter)
	return nil
}

// begin forgets the sources; rows have none yet.
func (m *merger) begin(n int, sel []int32) {
	if cap(m.from) < n {
		m.from = make([]uint16, n)
	}
	m.from = m.from[:n]
	for _, row := range sel {
		m.from[row] = noSource
	}
	m.sources = m.sources[:0]
}

// add makes c the source of rows.
func (m *merger) add(c *delta.Column, rows []int32) {
	for _, row := range rows {
		m.from[row] = uint16(len(m.sources))
	}
	m.sources = append(m.sources, c)
}

// column is the merged column. Rows of sel that failed may be in it.
func (m *merger) column(n int, sel []int32) *delta.Column {
	if len(m.sources) == 1 && m.covers(sel) {
		return m.sources[0]
	}
	m.out.Reset(m.typ, n, false)
	switch m.typ.Phys() {
	case sqltype.PhysBool:
		mergeFixed[uint8](m, sel)
	case sqltype.PhysInt16:
		mergeFixed[int16](m, sel)
	case sqltype.PhysInt32, sqltype.PhysFloat32:
		mergeFixed[int32](m, sel)
	case sqltype.PhysInt64, sqltype.PhysFloat64:
		mergeFixed[int64](m, sel)
	case sqltype.PhysInterval, sqltype.PhysUUID:
		mergeFixed[[16]byte](m, sel)
	case sqltype.PhysNumeric:
		m.numerics(sel)
	default:
		m.bytes(sel)
	}
	return m.out.Column()
}

func (m *merger) covers(sel []int32) bool {
	for _, row := range sel {
		if m.from[row] == noSource {
			return false
		}
	}
	return true
}

// source is the column of row, nil when the row is NULL, which it then marks.
func (m *merger) source(row int32) *delta.Column {
	from := m.from[row]
	if from == noSource || m.sources[from].Null(row) {
		m.out.SetNull(row)
		return nil
	}
	return m.sources[from]
}

func mergeFixed[T delta.Fixed](m *merger, sel []int32) {
	out := kernel.Values[T](&m.out)
	for _, row := range sel {
		if c := m.source(row); c != nil {
			out[row] = delta.Values[T](c)[c.At(row)]
		}
	}
}

func (m *merger) numerics(sel []int32) {
	for _, row := range sel {
		if c := m.source(row); c != nil {
			n := delta.Values[decimal.Num](c)[c.At(row)]
			m.out.PutNumeric(row, n.Load(c.Var))
		}
	}
}

func (m *merger) bytes(sel []int32) {
	for _, row := range sel {
		if c := m.source(row); c != nil {
			m.out.PutBytes(row, c.Bytes(row))
		}
	}
}
