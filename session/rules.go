package session

import (
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// rowRules are what new rows of a table are held to and made of. nil has none.
type rowRules struct {
	tx        *table.Tx
	t         *table.Table
	checks    []rowCheck
	generated []*expr.Program // by column, nil where it is not generated
	domains   []*expr.Program // what refuses values that columns of domains must not have
	meter     *meter.Meter
}

// close gives back what evaluating took.
func (r *rowRules) close() {
	if r != nil {
		r.meter.Close()
	}
}

type rowCheck struct {
	name    string
	holds   *expr.Program
	results delta.Column
}

// newRules compiles rules; generated is nil where a plan computes those columns.
func (s *Session) newRules(tx *table.Tx, t *table.Table, checks []bind.RowCheck, generated []plan.Expr) (*rowRules, error) {
	if len(checks) == 0 && generated == nil {
		return nil, nil
	}
	settings := s.runSettings()
	env := &expr.Env{Settings: settings, Now: settings.Session.Now, HasNow: true, Meter: s.meter()}
	r := &rowRules{tx: tx, t: t, meter: env.Meter}
	for _, c := range checks {
		p, err := expr.Compile(c.Expr, env)
		if err != nil {
			return nil, err
		}
		r.checks = append(r.checks, rowCheck{name: c.Name, holds: p})
	}
	for _, e := range generated {
		var p *expr.Program
		if e != nil {
			var err error
			if p, err = expr.Compile(e, env); err != nil {
				return nil, err
			}
		}
		r.generated = append(r.generated, p)
	}
	return r, nil
}

// addDomains has values checked that were never cast to the domains of their columns.
func (r *rowRules) addDomains(s *Session, tx *table.Tx, t *table.Table, domains []plan.Expr) (*rowRules, error) {
	if len(domains) == 0 {
		return r, nil
	}
	settings := s.runSettings()
	env := &expr.Env{Settings: settings, Now: settings.Session.Now, HasNow: true, Meter: s.meter()}
	if r == nil {
		r = &rowRules{tx: tx, t: t, meter: env.Meter}
	} else {
		env.Meter = r.meter
	}
	for _, e := range domains {
		p, err := expr.Compile(e, env)
		if err != nil {
			return nil, err
		}
		r.domains = append(r.domains, p)
	}
	return r, nil
}

// check refuses the first row that a CHECK is false for. It has no value for NULL, which passes.
func (r *rowRules) check(rows *delta.Batch) error {
	if r == nil {
		return nil
	}
	for _, p := range r.domains {
		var out delta.Column
		if err := eval(p, rows, &out); err != nil {
			return err
		}
	}
	if len(r.checks) == 0 {
		return nil
	}
	if err := r.tx.CheckNotNull(r.t, rows); err != nil {
		return err
	}
	for i := range r.checks {
		c := &r.checks[i]
		if err := eval(c.holds, rows, &c.results); err != nil {
			return err
		}
		err := rows.EachRow(func(row int32) error {
			if c.results.Null(row) || delta.Values[uint8](&c.results)[c.results.At(row)] != 0 {
				return nil
			}
			return r.tx.CheckViolated(r.t, c.name, rows, row)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// viewsHold refuses the first of the rows of a statement's source, whose new values begin at column at, that a view does not have.
func viewsHold(tx *table.Tx, t *table.Table, checks []bind.ViewCheck, rows *delta.Batch, at, width int) error {
	if len(checks) == 0 {
		return nil
	}
	fresh := some(rows, at, at+width)
	return rows.EachRow(func(row int32) error {
		for _, c := range checks {
			holds := &rows.Cols[c.At]
			if holds.Null(row) || delta.Values[uint8](holds)[holds.At(row)] == 0 {
				return tx.CheckViewViolated(t, c.View, fresh, row)
			}
		}
		return nil
	})
}

// generate computes the generated columns of rows.
func (r *rowRules) generate(rows *delta.Batch) error {
	if r == nil {
		return nil
	}
	for i, p := range r.generated {
		if p == nil {
			continue
		}
		var out delta.Column
		if err := eval(p, rows, &out); err != nil {
			return err
		}
		rows.Cols[i] = delta.Copy(&out, nil)
	}
	return nil
}

// eval evaluates p over rows; the first failing row is the error.
func eval(p *expr.Program, rows *delta.Batch, out *delta.Column) error {
	var errs delta.RowErrors
	if err := p.Eval(rows, out, &errs); err != nil {
		return err
	}
	if len(errs) > 0 {
		return errs[0].Err
	}
	return nil
}
