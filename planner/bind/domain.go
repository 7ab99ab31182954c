package bind

import (
	"cmp"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// undomained is a value of a domain as one of the type that it is over in the end; of any other type itself.
func (b *binder) undomained(e plan.Expr) plan.Expr {
	if !sqltype.IsDomain(e.Type().OID) {
		return e
	}
	return b.at(&plan.Relabel{Arg: e, T: sqltype.BaseOf(e.Type())}, b.where(e))
}

// toDomain makes e a value of a domain: one of the type that it is over, which its constraints hold for.
func (b *binder) toDomain(e plan.Expr, domain sqltype.OID, x coercion, pos int32) (plan.Expr, error) {
	base := sqltype.BaseOf(sqltype.Of(domain))
	value, err := b.coerce(e, base, x, pos)
	if err != nil {
		return nil, err
	}
	out := &plan.CoerceDomain{Arg: b.applyMod(value, base, x, pos), T: sqltype.Of(domain)}
	if err := b.constrain(out, domain); err != nil {
		return nil, err
	}
	if !out.NotNull && len(out.Checks) == 0 {
		return b.at(&plan.Relabel{Arg: out.Arg, T: out.T}, b.where(e)), nil
	}
	return b.at(out, b.where(e)), nil
}

// constrain adds the constraints of a domain, those of what it is over before its own.
func (b *binder) constrain(out *plan.CoerceDomain, domain sqltype.OID) error {
	rel, ok := b.cat.ByOID(catalog.OID(domain))
	if !ok || rel.UserType == nil || rel.UserType.Domain == nil {
		return nil
	}
	def := rel.UserType.Domain
	b.casts = append(b.casts, domain)
	if err := b.constrain(out, def.Base.OID); err != nil {
		return err
	}
	if domain == out.T.OID {
		out.Schema = rel.Schema
	}
	out.NotNull = out.NotNull || def.NotNull
	sorted := slices.SortedFunc(slices.Values(def.Checks), func(a, b catalog.Check) int { return cmp.Compare(a.Name, b.Name) })
	for i := range sorted {
		holds, err := b.domainCheck(sqltype.BaseOf(sqltype.Of(domain)), sorted[i].Expr)
		if err != nil {
			return err
		}
		out.Checks = append(out.Checks, plan.DomainCheck{Name: sorted[i].Name, Holds: holds})
	}
	return nil
}

// domainCheck binds a constraint of a domain over its value, which is column 0.
func (b *binder) domainCheck(base sqltype.Type, text string) (plan.Expr, error) {
	n, err := storedExpr(text)
	if err != nil {
		return nil, err
	}
	return b.rowCondition(valueRow(base), n)
}

// DomainRules are the values of a table's columns as those of their domains, over its columns: for each that has one, or arrays of one, an
// expression that refuses what the domain does; nil for the others.
func DomainRules(rel *catalog.Relation, cat catalog.Reader, o Options) ([]plan.Expr, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	var out []plan.Expr
	for i := range rel.Columns {
		c := &rel.Columns[i]
		plain := sqltype.Plain(c.Type)
		if plain.OID == c.Type.OID || c.Dropped {
			continue
		}
		e, err := b.coerce(&plan.Relabel{Arg: &plan.Column{Index: i, T: c.Type, Name: c.Name}, T: plain}, c.Type, assignment, -1)
		if err != nil {
			return nil, err
		}
		if plan.MayFail(e) {
			out = append(out, e)
		}
	}
	return out, nil
}

// valueRow is what a constraint of a domain reads: VALUE.
func valueRow(base sqltype.Type) *catalog.Relation {
	return &catalog.Relation{Kind: catalog.KindType, Columns: []catalog.Column{{Name: "value", Type: base}}, TimestampColumn: -1}
}
