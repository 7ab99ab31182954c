package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// rowSet is different rows in the order in which they came, in memory that is charged. Rows are the same
// by image, or by SQL equality with NULL equal to NULL.
type rowSet struct {
	env     exec.Env
	types   []sqltype.OID
	images  bool
	rows    *delta.BatchBuilder
	first   map[uint64]int32 // by hash: the row that came last
	next    []int32          // by row: the one with its hash that came before, -1 = none
	hashes  []uint64
	charged int64
}

// open empties the set; what an earlier run charged is given back by then.
func (s *rowSet) open(env exec.Env, types []sqltype.OID, images bool) {
	*s = rowSet{env: env, types: types, images: images}
}

func (s *rowSet) len() int {
	if s.rows == nil {
		return 0
	}
	return s.rows.Len()
}

// add puts rows sel into the set.
func (s *rowSet) add(cols []delta.Column, n int, sel []int32) error {
	if len(sel) == 0 {
		return nil
	}
	if s.rows == nil {
		s.rows, s.first = delta.NewBatchBuilder(s.types), map[uint64]int32{}
	}
	s.hash(cols, n, sel)
	for i, row := range sel {
		if s.find(s.hashes[i], cols, row) {
			continue
		}
		before, some := s.first[s.hashes[i]]
		if !some {
			before = -1
		}
		s.first[s.hashes[i]] = int32(s.rows.Len())
		s.next = append(s.next, before)
		s.rows.AppendRow(cols, row, 1)
	}
	if size := int64(s.rows.Size()) + 40*int64(s.rows.Len()); size > s.charged {
		if err := s.env.Account(size - s.charged); err != nil {
			return err
		}
		s.charged = size
	}
	return nil
}

func (s *rowSet) hash(cols []delta.Column, n int, sel []int32) {
	if cap(s.hashes) < len(sel) {
		s.hashes = make([]uint64, len(sel))
	}
	s.hashes = s.hashes[:len(sel)]
	delta.HashKeys(cols[:len(s.types)], n, sel, s.hashes)
}

func (s *rowSet) find(hash uint64, cols []delta.Column, row int32) bool {
	at, some := s.first[hash]
	for ; some && at >= 0; at = s.next[at] {
		if s.same(cols, row, at) {
			return true
		}
	}
	return false
}

func (s *rowSet) same(cols []delta.Column, row, at int32) bool {
	for i, b := range s.rows.Cols {
		c := b.Column()
		if s.images && !delta.EqualImage(&cols[i], row, &c, at) || !s.images && !delta.EqualKey(&cols[i], row, &c, at) {
			return false
		}
	}
	return true
}

// missing lists the rows of sel that are not in the set, in dst's memory.
func (s *rowSet) missing(dst *[]int32, cols []delta.Column, n int, sel []int32) []int32 {
	if s.rows == nil {
		return sel
	}
	s.hash(cols, n, sel)
	out := none(*dst)
	for i, row := range sel {
		if !s.find(s.hashes[i], cols, row) {
			out = append(out, row)
		}
	}
	*dst = out
	return out
}

// slice is up to n rows from a place on.
func (s *rowSet) slice(from, n int) (cols []delta.Column, rows int) {
	to := min(from+n, s.rows.Len())
	for _, b := range s.rows.Cols {
		c := b.Column()
		cols = append(cols, c.Slice(from, to))
	}
	return cols, to - from
}

// clear empties the set and gives its memory back.
func (s *rowSet) clear() error {
	charged := s.charged
	s.rows, s.first, s.next, s.charged = nil, nil, nil, 0
	if charged == 0 {
		return nil
	}
	return s.env.Account(-charged)
}
