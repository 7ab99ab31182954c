package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// check binds the text with arguments of the types that it has, unless a call says these.
func (d *functionDefinition) check() error {
	sel, err := bodyOf(d.rel)
	if err != nil {
		return placeless(err)
	}
	poly := false
	args := make([]plan.Expr, 0, len(d.f.Args))
	for i, t := range d.f.Types() {
		poly = poly || polymorphic(t)
		args = append(args, &plan.Param{Index: i + 1, T: sqltype.Of(t)})
	}
	if poly {
		return nil
	}
	b := newBinder(d.b.cat, d.b.opts)
	b.lv = &level{}
	r := *d.rel
	f := *d.f
	f.Form, f.Strict = "", false
	r.Function = &f
	columns := sqltype.Shape(nil)
	w := &rowsWanted{pos: -1}
	if f.Returns == sqltype.Record && len(f.Outs()) == 0 {
		leave, err := b.enter(&r, args, -1)
		if err == nil && sel != nil {
			_, err = b.subquery(sel)
			leave()
		}
		if err != nil {
			return placeless(err)
		}
	} else if f.ReturnsSet || len(f.Outs()) > 1 || rowRelation(d.b.cat, f.Returns) != nil {
		if columns, err = b.resultColumns(w, &r, args, f.Returns); err != nil {
			return err
		}
		if err := b.checkRows(&r, args, sel, columns); err != nil {
			return placeless(err)
		}
	} else if _, err := b.userValue(&r, args, f.Returns, -1); err != nil {
		return placeless(err)
	}
	if d.f.Form == "" {
		return nil
	}
	for _, t := range b.types {
		if t != sqltype.OID(r.OID) {
			d.b.types = append(d.b.types, t)
		}
	}
	for _, id := range b.rels {
		d.uses = append(d.uses, catalog.OID(id))
	}
	d.rel.Inputs = catalog.InputsOf(d.b.cat, d.uses)
	return nil
}

// checkRows binds the text of a function that gives rows.
func (b *binder) checkRows(rel *catalog.Relation, args []plan.Expr, sel *pg.SelectStmt, columns sqltype.Shape) error {
	if sel == nil {
		return wrongReturn(rel.Function.Returns, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.")
	}
	leave, err := b.enter(rel, args, -1)
	if err != nil {
		return err
	}
	defer leave()
	_, err = b.resultRows(sel, columns, rel.Function.Returns)
	return err
}
