package pgcatalog

import (
	"strings"

	"github.com/tributary-db/tributary/catalog/bootstrap"
)

// Answer is yes, no, or that there is none.
type Answer uint8

// Answers.
const (
	Unknown Answer = iota
	No
	Yes
)

func answer(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// MethodProperty is pg_indexam_has_property: https://www.postgresql.org/docs/15/functions-info.html
func MethodProperty(method uint32, property string) Answer {
	row := bootstrap.ByOID("pg_am", method)
	if row == nil || row[3] != "i" {
		return Unknown
	}
	name := row[1]
	switch strings.ToLower(property) {
	case "can_order", "can_unique":
		return answer(name == "btree")
	case "can_multi_col":
		return answer(name == "btree" || name == "gist" || name == "gin" || name == "brin")
	case "can_exclude":
		return answer(name == "btree" || name == "hash" || name == "gist" || name == "spgist")
	case "can_include":
		return answer(name == "btree" || name == "gist" || name == "spgist")
	}
	return Unknown
}

// IndexProperty is pg_index_has_property. Those of an index by order and those of one by hash are told as PostgreSQL tells them.
func (v *View) IndexProperty(index uint32, property string) Answer {
	x, ok := v.index(index)
	if !ok {
		return Unknown
	}
	switch strings.ToLower(property) {
	case "clusterable":
		return answer(x.method() == bootstrap.Btree)
	case "index_scan", "bitmap_scan", "backward_scan":
		return Yes
	}
	return Unknown
}

// IndexColumnProperty is pg_index_column_has_property; columns count from 1, those beside the key behind it.
func (v *View) IndexColumnProperty(index uint32, column int32, property string) Answer {
	x, ok := v.index(index)
	at := int(column) - 1
	if !ok || at < 0 || at >= len(x.columns)+len(x.included()) {
		return Unknown
	}
	ordered := x.method() == bootstrap.Btree
	property = strings.ToLower(property)
	switch property {
	case "distance_orderable":
		return No
	case "returnable":
		return answer(ordered)
	}
	if at >= len(x.columns) {
		switch property {
		case "orderable":
			return No
		}
		return Unknown
	}
	k := x.key(at)
	switch property {
	case "asc":
		return answer(ordered && !k.Desc)
	case "desc":
		return answer(ordered && k.Desc)
	case "nulls_first":
		return answer(ordered && k.NullsFirst)
	case "nulls_last":
		return answer(ordered && !k.NullsFirst)
	case "orderable", "search_array", "search_nulls":
		return answer(ordered)
	}
	return Unknown
}
