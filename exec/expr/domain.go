package expr

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// domainNode passes on what the constraints of a domain hold for. They are asked in their order: the first that does not is the error.
type domainNode struct {
	arg     node
	schema  string
	domain  sqltype.OID
	base    sqltype.OID
	notNull bool
	checks  []domainCheck
	inner   inner
	in      [1]delta.Column
	col     delta.Column
}

type domainCheck struct {
	name  string
	holds node
}

func (c *compiler) coerceDomain(e *plan.CoerceDomain) (node, error) {
	arg, err := c.expr(e.Arg)
	if err != nil {
		return nil, err
	}
	d := &domainNode{arg: arg, schema: e.Schema, domain: e.T.OID, base: e.T.OID.Base(), notNull: e.NotNull}
	over := compiler{env: c.env}
	for _, check := range e.Checks {
		holds, err := over.expr(check.Holds)
		if err != nil {
			return nil, err
		}
		d.checks = append(d.checks, domainCheck{check.Name, holds})
	}
	c.bound = append(c.bound, over.bound...)
	return d, nil
}

func (d *domainNode) eval(x *run, sel []int32) *delta.Column {
	d.col = *d.arg.eval(x, sel)
	sel = x.live(nil, sel)
	if d.notNull {
		for _, row := range sel {
			if d.col.Null(row) {
				x.fail(delta.RowError{Row: row, Err: sqlerr.New(sqlerr.NotNullViolation, "domain %s does not allow null values", d.domain).About(d.about(""))})
			}
		}
		sel = x.live(nil, sel)
	}
	d.in[0] = d.col
	d.in[0].Type = d.base
	for i := range d.checks {
		if len(sel) == 0 {
			break
		}
		d.check(x, &d.checks[i], sel)
		sel = x.live(nil, sel)
	}
	d.col.Type = d.domain
	return &d.col
}

// check fails the rows that a constraint does not hold for.
func (d *domainNode) check(x *run, c *domainCheck, sel []int32) {
	d.inner.begin(x, x.n, d.in[:])
	holds := c.holds.eval(&d.inner.run, sel)
	failed := d.inner.run.takeErrors()
	for i := range failed {
		x.fail(failed[i])
	}
	for _, row := range sel {
		if !holds.Null(row) && delta.Values[uint8](holds)[holds.At(row)] == 0 {
			x.fail(delta.RowError{Row: row, Err: sqlerr.New(sqlerr.CheckViolation, "value for domain %s violates check constraint \"%s\"", d.domain, c.name).
				About(d.about(c.name))})
		}
	}
}

// about is the object of an error.
func (d *domainNode) about(constraint string) sqlerr.Object {
	i, _ := sqltype.InfoOf(d.domain)
	return sqlerr.Object{Schema: d.schema, DataType: i.Name, Constraint: constraint}
}
