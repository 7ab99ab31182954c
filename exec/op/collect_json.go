package op

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// jsonCollector is json_agg and json_object_agg, and those of jsonb. Values become JSON as by to_json.
type jsonCollector struct {
	object bool
	binary bool // jsonb
	lines  bool // each element of an array on a line of its own
	part   *scalar
	parts  delta.Column
	errs   delta.RowErrors
	made   []byte
	some   bool
}

// functions of pg_proc.
const (
	toJSON  = 3176
	toJSONB = 3787
)

func newJSONCollector(a *plan.Aggregate) collector {
	c := &jsonCollector{object: len(a.Args) == 2, binary: a.T.OID == sqltype.JSONB}
	cols := make([]plan.Expr, len(a.Args))
	for i, e := range a.Args {
		cols[i] = &plan.Column{Index: i, T: e.Type()}
	}
	call := &plan.Call{Args: cols, T: a.T, Pos: -1}
	switch {
	case c.object:
		call.Func, call.T = plan.FuncID(builtin.JSONField), sqltype.Of(sqltype.JSON)
	case c.binary:
		call.Func = toJSONB
	default:
		call.Func = toJSON
		kind := sqltype.OpsOf(a.Args[0].Type().OID).JSON
		c.lines = kind == sqltype.JSONArray || kind == sqltype.JSONRecord
	}
	c.part = newScalar(call)
	return c
}

func (c *jsonCollector) open(env exec.Env) error { return c.part.open(env) }

func (c *jsonCollector) load(args []delta.Column, n int) (err error) {
	c.parts, c.errs, err = c.part.eval(&delta.Batch{Len: n, Cols: args}, rowNumbers(n))
	return err
}

func (c *jsonCollector) begin() { c.made, c.some = emptied(c.made), false }

func (c *jsonCollector) row(i int32, times int64) *sqlerr.Error {
	for _, e := range c.errs {
		if e.Row == i {
			return e.Err
		}
	}
	part := []byte("null")
	if !c.parts.Null(i) {
		part = c.parts.Bytes(i)
	}
	if err := checkRoom(len(c.made), len(part)+8, times); err != nil {
		return err
	}
	for range times {
		switch {
		case c.some:
			c.made = append(c.made, ", "...)
			if c.lines && !c.parts.Null(i) {
				c.made = append(c.made, "\n "...)
			}
		case c.object:
			c.made = append(c.made, "{ "...)
		default:
			c.made = append(c.made, '[')
		}
		c.some = true
		c.made = append(c.made, part...)
	}
	return nil
}

func (c *jsonCollector) end(b *delta.Builder) *sqlerr.Error {
	if !c.some {
		b.AppendNull()
		return nil
	}
	whole := len(c.made)
	if c.object {
		c.made = append(c.made, " }"...)
	} else {
		c.made = append(c.made, ']')
	}
	var err error
	if c.object && c.binary {
		var out []byte
		if out, err = jsonb.Normalize(b.Var(), c.made); err == nil {
			b.SetVar(out)
			b.EndBytes()
		}
	} else {
		b.AppendBytes(c.made)
	}
	c.made = c.made[:whole] // more rows may follow
	if err != nil {
		return userError(err)
	}
	return nil
}

func (c *jsonCollector) size() int { return cap(c.made) }
