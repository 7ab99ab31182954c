package catalog

import "github.com/tributary-db/tributary/internal/sqltype"

// Index is what an index is beside its columns, where anything was said of it that is not so anyhow.
type Index struct {
	// Method is hash, empty = btree. The rows lie in the order of their keys all the same.
	Method string `json:"method,omitempty"`
	// Keys are what is said of each of KeyColumns; empty = nothing.
	Keys []IndexKey `json:"keys,omitempty"`
	// Include are columns that the index has beside its key. It has all of the row.
	Include []int `json:"include,omitempty"`
	// Storage are its parameters, as name=value.
	Storage []string `json:"storage,omitempty"`
	// NullsNotDistinct: keys with NULL are equal where the rest of them is.
	NullsNotDistinct bool `json:"nulls_not_distinct,omitempty"`
	// Where is the condition of the rows that it has, empty = all; WherePretty the same without needless parentheses, for who reads it.
	Where       string `json:"where,omitempty"`
	WherePretty string `json:"where_pretty,omitempty"`
}

// IndexKey is one column of an index's key, or an expression.
type IndexKey struct {
	// Expr is the expression of one whose place in KeyColumns has NoColumn, Pretty the same without needless parentheses, Name what the index
	// calls it and Type its type.
	Expr   string       `json:"expr,omitempty"`
	Pretty string       `json:"pretty,omitempty"`
	Name   string       `json:"name,omitempty"`
	Type   sqltype.Type `json:"type,omitzero"`
	// Desc and NullsFirst are the order that was asked for.
	Desc       bool `json:"desc,omitempty"`
	NullsFirst bool `json:"nulls_first,omitempty"`
	// Class is the operator class that was named, Collation the collation; 0 = the type's own.
	Class     OID `json:"class,omitempty"`
	Collation OID `json:"collation,omitempty"`
}

// NoColumn stands in KeyColumns of an index for an expression.
const NoColumn = -1

// IndexKey is what is said of one key of an index.
func (r *Relation) IndexKey(i int) IndexKey {
	if r.Index == nil || i >= len(r.Index.Keys) {
		return IndexKey{}
	}
	return r.Index.Keys[i]
}

// Included are the columns that an index has beside its key.
func (r *Relation) Included() []int {
	if r.Index == nil {
		return nil
	}
	return r.Index.Include
}

// EqualNulls: keys of the index with NULL may be equal.
func (r *Relation) EqualNulls() bool { return r.Index != nil && r.Index.NullsNotDistinct }

// Condition is that of the rows which an index has, empty = all.
func (r *Relation) Condition() string {
	if r.Index == nil {
		return ""
	}
	return r.Index.Where
}

// Computed reports whether an index has rows by expressions, or not all rows.
func (r *Relation) Computed() bool {
	if r.Condition() != "" {
		return true
	}
	for _, at := range r.KeyColumns {
		if at == NoColumn {
			return true
		}
	}
	return false
}
