package state

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// behind is the first row behind row 0 of cols, which has all columns; one behind the last chunk if
// there is none.
func (r *run) behind(o *RowOrder, cols []delta.Column) (place, error) {
	at, err := search(len(r.chunks), func(k int) (bool, error) {
		c := r.chunks[k]
		last, i, err := c.edgeRow(c.blockCount())
		return err == nil && o.Compare(last, i, cols, 0) > 0, err
	})
	if at == len(r.chunks) || err != nil {
		return place{chunk: at}, err
	}
	row, err := r.chunks[at].behind(o, cols)
	return place{at, row}, err
}

// behind is the first row behind row 0 of cols. REQUIRES: there is one.
func (c *chunk) behind(o *RowOrder, cols []delta.Column) (int32, error) {
	k, err := search(c.blockCount(), func(k int) (bool, error) {
		at, i, err := c.edgeRow(k)
		return err == nil && o.Compare(at, i, cols, 0) > 0, err
	})
	if k == 0 || err != nil {
		return 0, err
	}
	// It is in the block before, or begins this one.
	b, err := c.block(k-1, true, nil)
	if err != nil {
		return 0, err
	}
	i, _ := search(int(b.n), func(i int) (bool, error) { return o.Compare(b.cols, int32(i), cols, 0) > 0, nil })
	return c.starts[k-1] + int32(i), nil
}

// from is the part of s that begins at p or behind it.
func (s span) from(p place) span {
	switch {
	case s.empty() || p.chunk < s.lo.chunk || p.chunk == s.lo.chunk && p.row <= s.lo.row:
		return s
	case p.chunk > s.hi.chunk || p.chunk == s.hi.chunk && p.row >= s.hi.row:
		return span{}
	}
	s.lo = p
	return s
}

// EncodeRow gives a row, one-row columns, as bytes with a checksum.
func EncodeRow(cols []delta.Column) []byte { return encodeBlock(&block{cols: cols, n: 1}) }

// DecodeRow is the row that EncodeRow was given; the columns are of these types.
func DecodeRow(b []byte, types []sqltype.OID) ([]delta.Column, error) {
	own, rest, err := cutBlock(b)
	if err != nil {
		return nil, err
	}
	row, err := decodeBlock(own, types, nil)
	switch {
	case err != nil:
		return nil, err
	case row.n != 1 || len(rest) > 0:
		return nil, corrupt("%d rows and %d bytes in the place of a row", row.n, len(rest))
	}
	return row.cols, nil
}
