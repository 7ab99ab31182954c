package sqltype

import "github.com/tributary-db/tributary/internal/tsearch"

// addTextSearch adds tsvector and tsquery. A stored value is its binary form.
func addTextSearch(types map[OID]*Ops, bytes Ops) {
	types[TSVector] = bytes.with(func(o *Ops) {
		o.Compare = NullsLast(func(a *Vec, i int32, b *Vec, j int32) int { return tsearch.CompareVectors(a.Bytes(i), b.Bytes(j)) })
		o.Image, o.Equal, o.Words, o.Opaque = o.Compare, equalBy(o.Compare), nil, true
		o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte { return tsearch.AppendVectorText(dst, v.Bytes(row)) }
	})
	types[TSQuery] = bytes.with(func(o *Ops) {
		compare := func(a *Vec, i int32, b *Vec, j int32) int { return tsearch.CompareQueries(a.Bytes(i), b.Bytes(j)) }
		o.Compare, o.Image = NullsLast(compare), NullsLast(thenBytes(compare))
		// Weights and prefixes are no part of the order.
		o.OneImage, o.Equal, o.Words, o.Opaque = false, equalBy(o.Compare), nil, true
		o.Hash = nullsHashed(hashBytes(func(q []byte) uint64 { return hashString(tsearch.HashedQuery(q)) }))
		o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte { return tsearch.AppendQueryText(dst, v.Bytes(row)) }
	})
}
