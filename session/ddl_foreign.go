package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
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
	if err := s.lock(ctx, tag, k.References, table.Exclusive); err != nil {
		return err
	}
	oids := []catalog.OID{k.References}
	if k.Index != k.References {
		oids = append(oids, k.Index)
	}
	return stillThere(t.At(), oids)
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
