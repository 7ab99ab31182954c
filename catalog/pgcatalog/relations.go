package pgcatalog

import (
	"context"
	"fmt"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/delta"
)

// source is what gives a relation its rows beside those of bootstrap.
type source struct {
	// rows adds those of a key; nil = there are none.
	rows func(v *View, f system.Facts, key system.Key, add system.Adder) error
	// unique is the column that names its rows, lookups those by which they are found; "" and nil = none.
	unique  string
	lookups []string
}

// sources are the relations that have rows of user objects or of the session.
var sources = map[string]source{
	"pg_class":           {classRows, "oid", []string{"oid", "relname"}},
	"pg_attribute":       {attributeRows, "", []string{"attrelid"}},
	"pg_type":            {typeRows, "oid", []string{"oid", "typname"}},
	"pg_enum":            {enumRows, "oid", []string{"enumtypid"}},
	"pg_index":           {indexRows, "", []string{"indrelid", "indexrelid"}},
	"pg_constraint":      {constraintRows, "oid", []string{"conrelid", "oid"}},
	"pg_attrdef":         {defaultRows, "oid", []string{"adrelid"}},
	"pg_namespace":       {namespaceRows, "oid", nil},
	"pg_database":        {databaseRows, "oid", nil},
	"pg_authid":          {roleRows, "oid", nil},
	"pg_auth_members":    {memberRows, "", nil},
	"pg_db_role_setting": {roleSettingRows, "", nil},
	"pg_default_acl": {func(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
		return defaultACLRows(v, add)
	}, "oid", nil},
	"pg_policy":              {policyRows, "oid", []string{"polrelid"}},
	"pg_shdepend":            {sharedDependRows, "", nil},
	"pg_sequence":            {sequenceRows, "seqrelid", nil},
	"pg_depend":              {dependRows, "", nil},
	"pg_rewrite":             {rewriteRows, "oid", []string{"ev_class"}},
	"pg_settings":            {settingRows, "", nil},
	"pg_prepared_statements": {preparedRows, "", nil},
	"pg_cursors":             {cursorRows, "", nil},
	"pg_stat_activity":       {activityRows, "", nil},
	"pg_locks":               {lockRows, "", nil},
	"pg_stat_database":       {databaseStats, "", nil},
	"pg_proc":                {functionRows, "oid", []string{"oid", "proname"}},
	"pg_description":         {descriptionRows, "", []string{"objoid"}},
	"pg_shdescription":       {sharedDescriptionRows, "", nil},
	"pg_operator":            {nil, "oid", []string{"oid"}},
	"pg_am":                  {nil, "oid", nil},
	"pg_collation":           {nil, "oid", nil},
	"pg_tablespace":          {nil, "oid", nil},
	"pg_language":            {nil, "oid", nil},
	"pg_extension":           {extensionRows, "oid", nil},
}

// All are the relations, by OID.
var All = sync.OnceValue(func() []*system.Relation {
	var out []*system.Relation
	for _, b := range bootstrap.Relations() {
		out = append(out, relation(b))
	}
	return out
})

func relation(b *bootstrap.Relation) *system.Relation {
	r := &system.Relation{OID: catalog.OID(b.OID), Schema: b.Schema, Name: b.Name}
	for _, c := range b.Columns {
		r.Columns = append(r.Columns, system.Column{Name: c.Name, Type: c.Type})
	}
	if b.Schema != "pg_catalog" {
		return r
	}
	s := sources[b.Name]
	if s.unique != "" {
		r.Unique = []int{place(r, s.unique)}
	}
	for _, name := range s.lookups {
		r.Lookups = append(r.Lookups, place(r, name))
	}
	given := sync.OnceValue(func() []delta.Batch {
		rows := bootstrap.Rows(b.Name)
		return r.Made(len(rows), func(i int) []any { return fields(rows[i]) })
	})
	r.Given = given
	r.Rows = func(ctx context.Context, f system.Facts, key system.Key, add system.Adder) error {
		if err := found(r, key, add); err != nil || s.rows == nil {
			return err
		}
		var path []string
		if a := f.Asker(); a != nil {
			path = a.Path()
		}
		return s.rows(NewView(f.Catalog(), path), f, key, add)
	}
	return r
}

func place(r *system.Relation, column string) int {
	for i, c := range r.Columns {
		if c.Name == column {
			return i
		}
	}
	panic(fmt.Sprintf("%s has no column %s", r.Name, column)) // the table of sources is part of the program
}

// found adds the rows of bootstrap that have a key.
func found(r *system.Relation, key system.Key, add system.Adder) error {
	switch {
	case key == system.Whole:
	case r.Name == "pg_description":
		for _, row := range bootstrap.Rows(r.Name) {
			if bootstrap.Number(row[0]) == key.OID {
				if err := add(fields(row)...); err != nil {
					return err
				}
			}
		}
	case key.Column == 0:
		if row := bootstrap.ByOID(r.Name, key.OID); row != nil {
			return add(fields(row)...)
		}
	case key.Column == 1:
		for _, row := range bootstrap.Named(r.Name, key.Name) {
			if err := add(fields(row)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func fields(row bootstrap.Row) []any {
	out := make([]any, len(row))
	for i, f := range row {
		if f != bootstrap.Null {
			out[i] = system.Text(bootstrap.Text(f))
		}
	}
	return out
}

var byOID = sync.OnceValue(func() map[catalog.OID]*system.Relation {
	m := map[catalog.OID]*system.Relation{}
	for _, r := range All() {
		m[r.OID] = r
	}
	return m
})

// ByOID finds one.
func ByOID(oid catalog.OID) (*system.Relation, bool) {
	r, ok := byOID()[oid]
	return r, ok
}

// Catalog gives all as relations of the catalog.
func Catalog() []*catalog.Relation {
	var out []*catalog.Relation
	for _, r := range All() {
		rel := r.Relation()
		rel.Query = views[rel.QualifiedName()]
		out = append(out, rel)
	}
	return out
}
