package bind

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/planner/plan"
)

// need is what the statement needs of a relation, as whom it is bound now; privileges and columns are added to it.
func (b *binder) need(rel plan.RelationID) *plan.Need {
	for _, n := range b.needs {
		if n.Relation == rel && n.As == b.as {
			return n
		}
	}
	n := &plan.Need{Relation: rel, As: b.as}
	b.needs = append(b.needs, n)
	return n
}

// reads notes that a column of FROM is read. Of what a query in FROM gives that was noted where it is bound.
func (b *binder) reads(c *column) {
	if c.read != nil {
		*c.read = true
	}
	if c.rel == 0 || c.rel >= firstPart {
		return
	}
	switch {
	case c.attnum > 0:
		b.need(c.rel).Adds(acl.Select, int(c.attnum)-1)
	case c.attnum < 0:
		b.need(c.rel).Adds(acl.Select, -1)
	}
}

// readsAll notes that all columns of an item are read.
func (b *binder) readsAll(it *item) {
	for i := range it.columns {
		if !it.columns[i].hidden {
			b.reads(&it.columns[i])
		}
	}
}

// writes notes what is done to a relation, and to which of its columns; below 0 = to something else of its records.
func (b *binder) writes(rel *catalog.Relation, p acl.Privs, columns ...int) {
	n := b.need(plan.RelationID(rel.OID))
	n.Adds(p)
	for _, c := range columns {
		n.Adds(p, max(c, -1))
	}
}

// asOwner binds as the owner of a view that is read, or as who reads it where security_invoker says so.
func (b *binder) asOwner(view *catalog.Relation, bind func() error) error {
	old := b.as
	defer func() { b.as = old }()
	b.as = b.roleIn(view)
	return bind()
}

// roleIn is the role as which what a view reads is read.
func (b *binder) roleIn(view *catalog.Relation) uint32 {
	switch {
	case view.Kind == catalog.KindSystem:
		return uint32(catalog.SuperuserOID)
	case view.Kind == catalog.KindPlainView && isTrue(view.Options[OptionInvoker]):
		return b.caller // also in a view of another's
	}
	return uint32(b.today.OwnerOf(view))
}
