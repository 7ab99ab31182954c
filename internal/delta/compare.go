package delta

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// CompareKey orders by SQL value as PostgreSQL's default btree does: text by bytes (collation
// C), NaN above all numbers, NULL equal to NULL and above every value.
func CompareKey(a *Column, i int32, b *Column, j int32) int {
	return sqltype.OpsOf(a.Type).Compare(&a.Vec, i, &b.Vec, j)
}

// CompareImage orders by SQL value, then by what tells equal values apart: it is 0 only for
// the same image.
func CompareImage(a *Column, i int32, b *Column, j int32) int {
	return sqltype.OpsOf(a.Type).Image(&a.Vec, i, &b.Vec, j)
}

// EqualKey is SQL equality, with NULL equal to NULL.
func EqualKey(a *Column, i int32, b *Column, j int32) bool { return CompareKey(a, i, b, j) == 0 }

// EqualImage reports whether the two values are the same in every bit that is shown.
func EqualImage(a *Column, i int32, b *Column, j int32) bool {
	if a.Phys == sqltype.PhysBytes && !a.Null(i) && !b.Null(j) && bytes.Equal(a.Bytes(i), b.Bytes(j)) {
		return true
	}
	return CompareImage(a, i, b, j) == 0
}

// CompareRows orders whole rows by image, column by column.
func CompareRows(a []Column, i int32, b []Column, j int32) int {
	for k := range a {
		if c := CompareImage(&a[k], i, &b[k], j); c != 0 {
			return c
		}
	}
	return 0
}

// EqualKeys sets eq[k] to whether row ai[k] of the columns a equals row bi[k] of b by SQL
// equality (NULL equals NULL), a column at a time. ai, bi and eq have one length.
func EqualKeys(a []Column, ai []int32, b []Column, bi []int32, eq []bool) {
	for k := range eq {
		eq[k] = true
	}
	for c := range a {
		sqltype.OpsOf(a[c].Type).Equal(&a[c].Vec, ai, &b[c].Vec, bi, eq)
	}
}
