package session

import (
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

type castPair struct{ from, to sqltype.OID }

// keyCast is a compiled bind.KeyCast.
type keyCast struct {
	same     bool
	to, back *expr.Program
}

// env is what expressions about keys are evaluated in, until the statement ends.
func (f *foreignKeys) env() *expr.Env {
	settings := f.s.runSettings()
	if f.meter == nil {
		f.meter = f.s.meter()
	}
	return &expr.Env{Settings: settings, Now: settings.Session.Now, HasNow: true, Meter: f.meter}
}

func (f *foreignKeys) compiled(e plan.Expr) (*expr.Program, error) {
	if e == nil {
		return nil, nil
	}
	return expr.Compile(e, f.env())
}

func (f *foreignKeys) castOf(from, to sqltype.OID) (*keyCast, error) {
	if c := f.casts[castPair{from, to}]; c != nil {
		return c, nil
	}
	bound, err := bind.CastOfKey(from, to, f.s.bindOptions())
	if err != nil {
		return nil, err
	}
	c := &keyCast{same: bound.Same}
	if c.to, err = f.compiled(bound.To); err != nil {
		return nil, err
	}
	if c.back, err = f.compiled(bound.Back); err != nil {
		return nil, err
	}
	if f.casts == nil {
		f.casts = map[castPair]*keyCast{}
	}
	f.casts[castPair{from, to}] = c
	return c, nil
}

// castKeys turns columns of the child into those of the key; a value that no key has is NULL.
func (f *foreignKeys) castKeys(b *boundKey, cols []delta.Column, n int) ([]delta.Column, error) {
	out := make([]delta.Column, len(cols))
	for i := range cols {
		c, err := f.castOf(cols[i].Type, b.parent.Columns[b.key[i]].Type.OID)
		if err != nil {
			return nil, err
		}
		if out[i], err = c.apply(&cols[i], n, b.parent.Columns[b.key[i]].Type.OID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// apply casts n values.
func (c *keyCast) apply(col *delta.Column, n int, to sqltype.OID) (delta.Column, error) {
	if c.same {
		out := *col
		out.Type = to
		return out, nil
	}
	out, failed, err := evalAll(c.to, col, n)
	if err != nil {
		return out, err
	}
	for _, e := range failed {
		out.SetNull(e.Row)
	}
	if c.back == nil {
		return out, nil
	}
	again, failed, err := evalAll(c.back, &out, n)
	if err != nil {
		return out, err
	}
	for _, e := range failed {
		out.SetNull(e.Row)
	}
	for i := range int32(n) {
		if !out.Null(i) && !delta.EqualKey(col, i, &again, i) {
			out.SetNull(i)
		}
	}
	return out, nil
}

// evalAll evaluates a program over one column; of rows that fail the value is nothing.
func evalAll(p *expr.Program, col *delta.Column, n int) (delta.Column, delta.RowErrors, error) {
	var out delta.Column
	var errs delta.RowErrors
	err := p.Eval(&delta.Batch{Len: n, Cols: []delta.Column{*col}}, &out, &errs)
	if err != nil {
		return out, nil, err
	}
	return delta.Copy(&out, allRows(n)), errs, nil
}

// childCast is how rows of the child are searched by a key of other types, nil if these are the same.
func (f *foreignKeys) childCast(b *boundKey) func(rows *delta.Batch) ([]delta.Column, error) {
	same := true
	for i, from := range b.childTypes() {
		c, err := f.castOf(from, b.parent.Columns[b.key[i]].Type.OID)
		same = same && err == nil && c.same
	}
	if same {
		return nil
	}
	return func(rows *delta.Batch) ([]delta.Column, error) {
		cols := make([]delta.Column, len(b.columns))
		for i, c := range b.columns {
			cols[i] = rows.Cols[c]
		}
		return f.castKeys(b, cols, rows.Len)
	}
}
