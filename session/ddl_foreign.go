package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
)

// putForeignKeys adds those of a table that is made to it.
func (s *Session) putForeignKeys(ctx context.Context, t *catalog.Txn, def *bind.TableDef) error {
	if len(def.ForeignKeys) == 0 {
		return nil
	}
	changed := *def.Relation
	for _, f := range def.ForeignKeys {
		k := f.ForeignKey
		if f.Own {
			k.References, k.Index = changed.OID, changed.OID
			if f.OwnIndex >= 0 {
				k.Index = def.Indexes[f.OwnIndex].OID
			}
		}
		if err := s.lockReferred(ctx, t, "CREATE TABLE", &k, changed.OID); err != nil {
			return err
		}
		k.OID = t.NewOID()
		changed.ForeignKeys = append(changed.ForeignKeys, k)
	}
	t.Put(&changed)
	return nil
}

// lockReferred keeps the table that a foreign key is to refer to as it is, and waits for those who write it: what they did to keys
// is not held to the new constraint.
func (s *Session) lockReferred(ctx context.Context, t *catalog.Txn, tag string, k *catalog.ForeignKey, own catalog.OID) error {
	if k.References == own {
		return nil
	}
	if err := s.mayRefer(k); err != nil {
		return err
	}
	if err := s.lock(ctx, tag, k.References, table.Exclusive); err != nil {
		return err
	}
	oids := []catalog.OID{k.References}
	if k.Index != k.References {
		oids = append(oids, k.Index)
	}
	return stillThere(t.At(), oids)
}

// mayRefer refuses who may not refer to the columns of a foreign key.
func (s *Session) mayRefer(k *catalog.ForeignKey) error {
	at := s.catalog()
	rel, ok := at.ByOID(k.References)
	if !ok || at.Privs(s.who.current, rel, acl.References) != 0 {
		return nil
	}
	for _, c := range k.Key {
		if at.ColumnPrivs(s.who.current, rel, c, acl.References) == 0 {
			return deniedFor(rel)
		}
	}
	return nil
}

// foreignKeysOn are the constraints that rely on a unique index, and their tables.
func foreignKeysOn(at catalog.Reader, parent, index catalog.OID) (tables []*catalog.Relation, keys []catalog.ForeignKey) {
	for _, rel := range at.Referring(parent) {
		for _, k := range rel.ForeignKeys {
			if k.References == parent && (index == 0 || k.Index == index) {
				tables, keys = append(tables, rel), append(keys, k)
			}
		}
	}
	return tables, keys
}

// keysOn are the foreign keys of other tables that rely on a table or on a unique index.
func (d *dropping) keysOn(rel *catalog.Relation) (tables []*catalog.Relation, keys []catalog.ForeignKey) {
	switch rel.Kind {
	case catalog.KindTable:
		tables, keys = foreignKeysOn(d.t.At(), rel.OID, 0)
	case catalog.KindIndex:
		if slices.Contains(d.asked, rel.OID) { // else it goes with its table
			tables, keys = foreignKeysOn(d.t.At(), rel.Parent, rel.OID)
		}
	}
	for i := len(keys) - 1; i >= 0; i-- {
		if oid := tables[i].OID; oid == rel.OID || slices.Contains(d.asked, oid) || d.seen[oid] {
			tables, keys = slices.Delete(tables, i, i+1), slices.Delete(keys, i, i+1)
		}
	}
	return tables, keys
}

// referring lists the foreign keys that keep rel from being dropped.
func (d *dropping) referring(rel *catalog.Relation) (lines []string) {
	tables, keys := d.keysOn(rel)
	for i, k := range keys {
		lines = append(lines, fmt.Sprintf("constraint %s on table %s depends on %s %s", k.Name, tables[i].Name, rel.Kind, rel.Name))
	}
	return lines
}

// forgetReferring takes the foreign keys that rely on rel out of the tables that stay.
func (d *dropping) forgetReferring(rel *catalog.Relation) error {
	tables, keys := d.keysOn(rel)
	for i, k := range keys {
		if err := d.s.lock(d.ctx, d.tag, tables[i].OID, table.Exclusive); err != nil {
			return err
		}
		child, ok := d.t.At().ByOID(tables[i].OID)
		if !ok || child.ForeignKey(k.OID) == nil {
			continue // gone while it was waited for
		}
		d.cascades = append(d.cascades, fmt.Sprintf("drop cascades to constraint %s on table %s", k.Name, child.Name))
		d.t.Put(child.WithoutForeignKey(k.OID))
	}
	return nil
}

// alterForeignKeys adds a foreign key to a table, and holds the rows that are there to one.
func (s *Session) alterForeignKeys(ctx context.Context, t *catalog.Txn, def *bind.AlterTablePlan) error {
	rel, valid := def.Relation, def.Valid
	if def.Foreign != nil {
		k := def.Foreign.ForeignKey
		if err := s.lockReferred(ctx, t, "ALTER TABLE", &k, rel.OID); err != nil {
			return err
		}
		k.OID = t.NewOID()
		changed := *rel
		changed.ForeignKeys = append(slices.Clone(rel.ForeignKeys), k)
		rel = t.Put(&changed)
		if !k.NotValid {
			valid = &k
		}
	}
	if valid == nil {
		return nil
	}
	if err := s.lockReferred(ctx, t, "ALTER TABLE", valid, rel.OID); err != nil {
		return err
	}
	return s.refersValidly(ctx, t, rel, valid)
}

// refersValidly refuses a foreign key that a row does not obey which is there: by one join with what has no partner.
func (s *Session) refersValidly(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, k *catalog.ForeignKey) error {
	parent, _ := t.At().ByOID(k.References)
	b := bindKey(rel, parent, k, t.At())
	var columns, on, whole []string
	for i, c := range k.Columns {
		column := "fk." + quoteIdent(rel.Columns[c].Name)
		columns, whole = append(columns, column), append(whole, column+" IS NOT NULL")
		on = append(on, "pk."+quoteIdent(parent.Columns[k.Key[i]].Name)+" = "+column)
	}
	every := " AND "
	if k.MatchFull {
		every = " OR "
	}
	text := "SELECT " + strings.Join(columns, ", ") + " FROM " + ident(rel.Schema) + "." + ident(rel.Name) + " fk LEFT JOIN " +
		ident(parent.Schema) + "." + ident(parent.Name) + " pk ON " + strings.Join(on, " AND ") +
		" WHERE pk." + quoteIdent(parent.Columns[k.Key[0]].Name) + " IS NULL AND (" + strings.Join(whole, every) + ") LIMIT 1"
	var refused error
	err := s.newestRows(ctx, text, func(rows *delta.Batch) error {
		return rows.EachRow(func(row int32) error {
			refused = b.refused().WithDetail("Key (%s)=(%s) is not present in table %q.", namesOf(rel, k.Columns), table.RowText(rows.Cols, row), parent.Name)
			for i := range k.Columns {
				if rows.Cols[i].Null(row) {
					refused = b.mixed()
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return refused
}

// dropKeysOn has the foreign keys that rely on a unique index go with it, or refuses that it goes.
func (s *Session) dropKeysOn(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, def *bind.AlterTablePlan) error {
	tables, keys := foreignKeysOn(t.At(), rel.OID, def.Drop)
	if len(keys) == 0 {
		return nil
	}
	index, _ := t.At().ByOID(def.Drop)
	var lines, cascades []string
	for i, k := range keys {
		lines = append(lines, fmt.Sprintf("constraint %s on table %s depends on index %s", k.Name, tables[i].Name, index.Name))
	}
	if !def.Cascade {
		return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop constraint %s on table %s because other objects depend on it", index.Name, rel.Name).
			WithDetail("%s", strings.Join(lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	for i, k := range keys {
		cascades = append(cascades, fmt.Sprintf("drop cascades to constraint %s on table %s", k.Name, tables[i].Name))
		if tables[i].OID == rel.OID {
			def.Relation = def.Relation.WithoutForeignKey(k.OID)
			continue
		}
		if err := s.lock(ctx, "ALTER TABLE", tables[i].OID, table.Exclusive); err != nil {
			return err
		}
		if child, ok := t.At().ByOID(tables[i].OID); ok {
			t.Put(child.WithoutForeignKey(k.OID))
		}
	}
	d := dropping{s: s, cascades: cascades}
	d.tell()
	return nil
}
