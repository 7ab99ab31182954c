package catalog

import (
	"slices"

	"github.com/tributary-db/tributary/internal/suggest"
)

// kinds are all kinds of relations.
var kinds = []Kind{KindTable, KindStream, KindView, KindPlainView, KindSink, KindIndex, KindErrors, KindSystem}

// Near names the relation of the given kinds, of all without any, that was likely meant by a name
// that no relation has: one of the same name in a schema that was not searched, else the one whose
// name is nearest. Empty: none is near.
func Near(r Reader, schema, name string, path []string, of ...Kind) string {
	if len(of) == 0 {
		of = kinds
	}
	var found []*Relation
	for _, k := range of {
		found = append(found, r.Relations(k)...)
	}
	if i := slices.IndexFunc(found, func(rel *Relation) bool { return rel.Name == name }); i >= 0 && found[i].Schema != schema {
		return found[i].Schema + "." + found[i].Name
	}
	searched := func(rel *Relation) bool {
		return rel.Schema == schema || schema == "" && slices.Contains(path, rel.Schema)
	}
	nearest := suggest.Nearest(name, func(yield func(string) bool) {
		for _, rel := range found {
			if searched(rel) && !yield(rel.Name) {
				return
			}
		}
	})
	i := slices.IndexFunc(found, func(rel *Relation) bool { return rel.Name == nearest && searched(rel) })
	if i < 0 {
		return ""
	}
	return found[i].QualifiedName()
}

// NearColumn is the column's name that was likely meant; empty: none is near.
func (r *Relation) NearColumn(name string) string {
	return suggest.Nearest(name, func(yield func(string) bool) {
		for i := range r.Columns {
			if !r.Columns[i].Dropped && !yield(r.Columns[i].Name) {
				return
			}
		}
	})
}
