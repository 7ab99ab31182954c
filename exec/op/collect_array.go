package op

import (
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// addCollected adds the aggregates that put their rows together.
func addCollected(out map[plan.FuncID]aggregate) {
	add := func(nulls nullRule, make func(a *plan.Aggregate) collector, oids ...plan.FuncID) {
		for _, f := range oids {
			out[f] = aggregate{collect: make, nulls: nulls}
		}
	}
	add(keepNulls, func(a *plan.Aggregate) collector { return &arrayCollector{elems: delta.NewBuilder(a.T.OID.Elem())} }, 2335)
	add(keepNulls, func(a *plan.Aggregate) collector {
		return &arraysCollector{arrayCollector: arrayCollector{elems: delta.NewBuilder(a.T.OID.Elem())}}
	}, 4053)
	add(skipFirst, func(*plan.Aggregate) collector { return &stringCollector{} }, 3538, 3545)
	add(keepNulls, newJSONCollector, 3175, 3267, 3197, 3270)
	add(skipFirst, newRangeCollector(false), 4301, 6227)
	add(skipFirst, newRangeCollector(true), 4450, 4389)
	for kind, f := range map[bitKind]plan.FuncID{bitAnd: 2242, bitOr: 2243, bitXor: 6167} {
		add(skipFirst, func(*plan.Aggregate) collector { return newBitsCollector(kind) }, f)
	}
}

// arrayCollector is array_agg of values that are no arrays.
type arrayCollector struct {
	elems *delta.Builder
	col   delta.Column
}

func (c *arrayCollector) open(exec.Env) error { return nil }

func (c *arrayCollector) load(args []delta.Column, _ int) error {
	c.col = args[0]
	return nil
}

func (c *arrayCollector) begin() { c.elems.Clear() }

func (c *arrayCollector) row(i int32, times int64) *sqlerr.Error {
	if err := c.room(int64(1), times); err != nil {
		return err
	}
	if c.col.Phys == sqltype.PhysBytes && !c.col.Null(i) {
		if err := checkRoom(c.elems.VarLen(), len(c.col.Bytes(i)), times); err != nil {
			return err
		}
	}
	for range times {
		c.elems.AppendFrom(&c.col, i)
	}
	return nil
}

// room refuses more elements than an array has.
func (c *arrayCollector) room(each, times int64) *sqlerr.Error {
	if each*times > int64(sqltype.MaxArrayItems-c.elems.Len()) {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", sqltype.MaxArrayItems)
	}
	return nil
}

func (c *arrayCollector) end(b *delta.Builder) *sqlerr.Error {
	appendArray(b, []sqltype.Dim{{Len: int32(c.elems.Len()), Lower: 1}}, c.elems)
	return nil
}

// appendArray appends an array of elems, of none NULL.
func appendArray(b *delta.Builder, dims []sqltype.Dim, elems *delta.Builder) {
	if elems.Len() == 0 {
		b.AppendNull()
		return
	}
	col := elems.Column()
	b.SetVar(sqltype.AppendArray(b.Var(), dims, &col.Vec))
	b.EndBytes()
}

func (c *arrayCollector) size() int { return c.elems.Size() }

// arraysCollector is array_agg of arrays, which must all have the same dimensions.
type arraysCollector struct {
	arrayCollector
	dims  []sqltype.Dim // of each
	count int32
}

func (c *arraysCollector) begin() {
	c.arrayCollector.begin()
	c.count = 0
}

func (c *arraysCollector) row(i int32, times int64) *sqlerr.Error {
	if c.col.Null(i) {
		return sqlerr.New(sqlerr.NullValueNotAllowed, "cannot accumulate null arrays")
	}
	elem := c.elems.Type()
	a := sqltype.OpenArray(elem.Phys(), c.col.Bytes(i))
	switch {
	case a.NDim == 0:
		return sqlerr.New(sqlerr.ArraySubscriptError, "cannot accumulate empty arrays")
	case a.NDim == sqltype.MaxDims:
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", a.NDim+1, sqltype.MaxDims)
	case c.count == 0:
		c.dims = append(c.dims[:0], a.Dims()...)
	case !slices.Equal(c.dims, a.Dims()):
		return sqlerr.New(sqlerr.ArraySubscriptError, "cannot accumulate arrays of different dimensionality")
	}
	if err := c.room(int64(a.Elems.Len), times); err != nil {
		return err
	}
	if err := checkRoom(c.elems.VarLen(), len(a.Elems.Var), times); err != nil {
		return err
	}
	all := delta.Column{Type: elem, Vec: a.Elems}
	for range times {
		c.elems.Gather(&all, nil)
		c.count++
	}
	return nil
}

func (c *arraysCollector) end(b *delta.Builder) *sqlerr.Error {
	appendArray(b, append([]sqltype.Dim{{Len: c.count, Lower: 1}}, c.dims...), c.elems)
	return nil
}
