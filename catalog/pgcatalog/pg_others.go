package pgcatalog

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
)

// namespaceRows is pg_namespace beside what PostgreSQL has from the start.
func namespaceRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	for _, name := range v.schemas() {
		if len(bootstrap.Named("pg_namespace", name)) > 0 {
			continue
		}
		of, acl := any(owner), any(nil)
		if r, ok := v.cat.Schema(name); ok {
			of, acl = v.cat.OwnerOf(r), v.aclOf(r)
		}
		if err := add(v.schemaOID(name), name, of, acl); err != nil {
			return err
		}
	}
	return nil
}

// DatabaseOID is that of the one database.
const DatabaseOID uint32 = 5

// databaseRows is pg_database: the one that is asked, under the name that it was asked by.
func databaseRows(v *View, f system.Facts, _ system.Key, add system.Adder) error {
	name := "tributary"
	if a := f.Asker(); a != nil {
		name = a.Database()
	}
	of, list := any(owner), any(nil)
	for _, d := range v.cat.Relations(catalog.KindDatabase) {
		of, list = v.cat.OwnerOf(d), v.aclOf(d)
	}
	return add(DatabaseOID, name, of, int32(6), byte('c'), false, true, int32(-1), uint32(0), uint32(0), uint32(1663), "C.UTF-8", "C.UTF-8", nil, nil, list)
}

// sequenceRows is pg_sequence.
func sequenceRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	for _, r := range v.cat.Relations(catalog.KindSequence) {
		q := r.Sequence
		if err := add(r.OID, uint32(q.Type), q.Start, q.Increment, q.Max, q.Min, max(q.Cache, 1), q.Cycle); err != nil {
			return err
		}
	}
	return nil
}

// rewriteRows is pg_rewrite: the rule of every view.
func rewriteRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	for _, r := range v.relations() {
		if r.Query == "" || relkind(r) == 'r' || key.Column >= 0 && uint32(r.OID) != key.OID {
			continue
		}
		if err := add(rules+uint32(r.OID), "_RETURN", r.OID, byte('1'), byte('O'), true, "<>", "<>"); err != nil {
			return err
		}
	}
	return nil
}

// extension is what the schema of the server's own relations belongs to, below the OIDs that users' objects have: so pg_dump takes
// neither for something to write.
const extension uint32 = 13563

// serverSchema has the server's own relations.
const serverSchema = "tributary"

// Extension is the name of the one extension.
const Extension = serverSchema

// extensionRows is pg_extension: the server itself, as PostgreSQL has plpgsql from the start.
func extensionRows(_ *View, _ system.Facts, _ system.Key, add system.Adder) error {
	return add(extension, Extension, owner, uint32(catalogSchema), false, "1.0", nil, nil)
}

// dependRows is pg_depend: objects need their schemas, views what they read, indexes, defaults and sequences their
// tables.
func dependRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	if err := add(uint32(namespaceClass), v.schemaOID(serverSchema), int32(0), uint32(extensionClass), extension, int32(0), byte('e')); err != nil {
		return err
	}
	for _, r := range v.relations() {
		if r.Kind == catalog.KindSystem {
			if r.Schema != serverSchema {
				continue
			}
			if err := add(uint32(classClass), r.OID, int32(0), uint32(extensionClass), extension, int32(0), byte('e')); err != nil {
				return err
			}
			continue
		}
		if r.Kind == catalog.KindErrors { // the server makes it, and so does who loads a dump
			if err := add(uint32(classClass), r.OID, int32(0), uint32(extensionClass), extension, int32(0), byte('e')); err != nil {
				return err
			}
		}
		if err := v.depends(r, add); err != nil {
			return err
		}
	}
	for _, r := range v.cat.Relations(catalog.KindPolicy) {
		if err := add(uint32(policyClass), r.OID, int32(0), uint32(classClass), r.Parent, int32(0), byte('a')); err != nil {
			return err
		}
		for _, oid := range r.DependsOn {
			if oid == r.Parent {
				continue
			}
			if err := add(uint32(policyClass), r.OID, int32(0), uint32(classClass), oid, int32(0), byte('n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// needs are the columns that an index cannot do without.
func (x *indexed) needs() []int {
	out := slices.DeleteFunc(slices.Concat(x.columns, x.included()), func(at int) bool { return at == catalog.NoColumn })
	if x.rel != nil && x.rel.Computed() {
		texts := x.rel.Condition()
		for i := range x.columns {
			texts += " " + x.key(i).Expr
		}
		out = append(out, mentioned(x.table, texts)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (v *View) depends(r *catalog.Relation, add system.Adder) (err error) {
	need := func(class, oid, refClass, ref uint32, column int, kind byte) {
		if err == nil {
			err = add(class, oid, int32(0), refClass, ref, int32(column), kind)
		}
	}
	self := uint32(r.OID)
	if r.Kind != catalog.KindIndex {
		need(classClass, self, namespaceClass, v.schemaOID(r.Schema), 0, 'n')
	}
	for _, x := range v.indexes(r) {
		for _, at := range x.needs() {
			if !x.constraint {
				need(classClass, x.oid, classClass, self, at+1, 'a')
			}
		}
	}
	for _, c := range v.constraints(r) {
		for _, at := range c.columns {
			need(constraintClass, c.oid, classClass, self, at+1, 'a')
		}
		if c.foreign != nil {
			for _, at := range c.foreign.Key {
				need(constraintClass, c.oid, classClass, uint32(c.foreign.References), at+1, 'n')
			}
			need(constraintClass, c.oid, classClass, c.index, 0, 'n')
		} else if c.index != 0 {
			need(classClass, c.index, constraintClass, c.oid, 0, 'i')
		}
	}
	for i := range r.Columns {
		c := &r.Columns[i]
		if hasDefault(c) {
			need(attrdefClass, defaultOID(r, i), classClass, self, i+1, 'a')
		}
		if c.Sequence == 0 {
			continue
		}
		kind := byte('a')
		if c.Identity != "" {
			kind = 'i'
		}
		need(classClass, uint32(c.Sequence), classClass, self, i+1, kind)
	}
	if r.Query != "" {
		need(rewriteClass, rules+self, classClass, self, 0, 'i')
	}
	for _, oid := range r.DependsOn {
		if r.Query != "" {
			need(rewriteClass, rules+self, classClass, uint32(oid), 0, 'n')
			continue
		}
		for _, at := range v.asks(r, oid) {
			need(attrdefClass, defaultOID(r, at), classClass, uint32(oid), 0, 'n')
		}
	}
	return err
}

// asks are the columns of a table whose defaults ask a sequence. pg_dump writes the sequence, then the default: a sequence needs its
// table, and the table would need the sequence.
func (v *View) asks(r *catalog.Relation, sequence catalog.OID) (columns []int) {
	q, ok := v.cat.ByOID(sequence)
	for i := range r.Columns {
		c := &r.Columns[i]
		if hasDefault(c) && c.Identity == "" && (c.Sequence == sequence || ok && strings.Contains(c.Default, q.Name)) {
			columns = append(columns, i)
		}
	}
	return columns
}
