package pgcatalog

import (
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
)

var actionCodes = map[catalog.FKAction]byte{
	catalog.FKNoAction: 'a', catalog.FKRestrict: 'r', catalog.FKCascade: 'c', catalog.FKSetNull: 'n', catalog.FKSetDefault: 'd',
}

// addForeignKey adds a foreign key's row of pg_constraint.
func (v *View) addForeignKey(c *constraint, add system.Adder) error {
	k := c.foreign
	match := byte('s')
	if k.MatchFull {
		match = 'f'
	}
	var pf, pp, ff []uint32
	if to := v.byOID(uint32(k.References)); to != nil {
		for i, at := range k.Key {
			key, from := to.Columns[at].Type.OID, c.table.Columns[k.Columns[i]].Type.OID
			own := equality(key, key)
			cross := equality(key, from)
			if cross == 0 {
				cross = own
			}
			of := equality(from, from)
			if cross == own && key != from { // compared as the key is
				of = own
			}
			pf, pp, ff = append(pf, cross), append(pp, own), append(ff, of)
		}
	}
	var set any
	if at := numbers(k.SetOnDelete); len(at) > 0 {
		set = at
	}
	return add(c.oid, c.name, v.schemaOID(c.table.Schema), c.kind, k.Deferrable, k.Deferred, !k.NotValid, c.table.OID, uint32(0), c.index, uint32(0), k.References,
		actionCodes[k.OnUpdate], actionCodes[k.OnDelete], match, true, int32(0), true, numbers(k.Columns), numbers(k.Key), pf, pp, ff, set, nil, nil)
}

// equality is the operator = of two types, 0 = there is none.
func equality(left, right sqltype.OID) uint32 {
	l, _ := builtin.BtreeOf(left)
	r, _ := builtin.BtreeOf(right)
	for _, op := range builtin.OperatorsByName("=") {
		if op.Left == l.On && op.Right == r.On {
			return op.OID
		}
	}
	return 0
}

// ForeignKeyDef is a foreign key as pg_get_constraintdef has it; to is how the table is named that it refers to.
func ForeignKeyDef(table, parent *catalog.Relation, k *catalog.ForeignKey, to string) string {
	var b strings.Builder
	b.WriteString("FOREIGN KEY (" + strings.Join(nameList(table, k.Columns), ", ") + ") REFERENCES " + to + "(" + strings.Join(nameList(parent, k.Key), ", ") + ")")
	if k.MatchFull {
		b.WriteString(" MATCH FULL")
	}
	if k.OnUpdate != catalog.FKNoAction {
		b.WriteString(" ON UPDATE " + k.OnUpdate.SQL())
	}
	if k.OnDelete != catalog.FKNoAction {
		b.WriteString(" ON DELETE " + k.OnDelete.SQL())
	}
	if len(k.SetOnDelete) > 0 {
		b.WriteString(" (" + strings.Join(nameList(table, k.SetOnDelete), ", ") + ")")
	}
	if k.Deferrable {
		b.WriteString(" DEFERRABLE")
	}
	if k.Deferred {
		b.WriteString(" INITIALLY DEFERRED")
	}
	if k.NotValid {
		b.WriteString(" NOT VALID")
	}
	return b.String()
}

// foreignKeyText is that of one, whose table is qualified where the search path does not find it.
func (v *View) foreignKeyText(c *constraint) string {
	parent := v.byOID(uint32(c.foreign.References))
	if parent == nil {
		return ""
	}
	to := qualified(parent)
	if found, ok := v.cat.Relation("", parent.Name, v.path); ok && found.OID == parent.OID {
		to = ident.Quote(parent.Name)
	}
	return ForeignKeyDef(c.table, parent, c.foreign, to)
}
