package state

import (
	"math/bits"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// sorter sorts rows by words of their values (sqltype.Words): all by the first word of the first column that has more than one
// value, then those that are equal in that by the next, and so on. Few, or what has no words, is sorted by comparing.
//
//	rows ─► words of a column ─► sorted by these ─┬─► equal, the value goes on: by its next word
//	                                              └─► equal: by the column that follows
//
// It is scratch that can be used again.
type sorter struct {
	order *RowOrder
	cols  []delta.Column
	// stopped is asked once every some hundred rows looked at; nil = never. Once it answers true the rest stays as it is.
	stopped func() bool
	work    int
	stop    bool

	words      []sqltype.Words // by step, once it was asked for
	buf, spare []sorting
}

// sorting is a word of a value beside its row.
type sorting struct {
	word uint64
	row  int32
}

const (
	// fewSorted rows are sorted by comparing, fewWords by putting each in its place.
	fewSorted = 6
	fewWords  = 24
	// manySorted rows are sorted by comparing their words: a second place for them would be large.
	manySorted = 1 << 18
	// maxWords are the words of a value that are looked at: rows that are equal in so many are compared.
	maxWords = 16
	// sortBreath is how much is done between two looks at whether to go on.
	sortBreath = 256
)

// Sort orders rows (physical positions in cols) in place.
func (o *RowOrder) Sort(cols []delta.Column, rows []int32) { o.SortUntil(cols, rows, nil) }

// SortUntil is Sort; once stopped answers true, which it is asked every few hundred microseconds at least, it
// ends at once and leaves the rows in any order.
func (o *RowOrder) SortUntil(cols []delta.Column, rows []int32, stopped func() bool) {
	var s sorter
	s.sort(o, cols, rows, stopped)
}

func (s *sorter) sort(o *RowOrder, cols []delta.Column, rows []int32, stopped func() bool) {
	if len(rows) < 2 {
		return
	}
	s.order, s.cols, s.stopped, s.work, s.stop = o, cols, stopped, 0, false
	s.words = append(s.words[:0], make([]sqltype.Words, len(o.steps))...)
	s.buf = slices.Grow(s.buf[:0], len(rows))[:len(rows)]
	second := min(len(rows), manySorted)
	s.spare = slices.Grow(s.spare[:0], second)[:second]
	s.from(0, 0, rows, s.buf)
	s.order, s.cols, s.stopped = nil, nil, nil
	clear(s.words)
}

// goOn counts work and reports whether there is to be more.
func (s *sorter) goOn(work int) bool {
	if s.work += work; s.work >= sortBreath && s.stopped != nil && !s.stop {
		s.work = 0
		s.stop = s.stopped()
	}
	return !s.stop
}

// from sorts rows that are equal in all steps before the k-th and in that up to its n-th word. buf is as long.
func (s *sorter) from(k, n int, rows []int32, buf []sorting) {
	for ; len(rows) > 1 && k < len(s.order.steps); k, n = k+1, 0 {
		st := &s.order.steps[k]
		c := &s.cols[st.col]
		if c.Const {
			continue
		}
		if len(rows) <= fewSorted || st.words == nil {
			s.compare(k, rows)
			return
		}
		if c.Valid != nil && n == 0 {
			nulls := takeNulls(c, rows, st.nullsFirst)
			if st.nullsFirst {
				s.from(k+1, 0, rows[:nulls], buf[:nulls])
				rows, buf = rows[nulls:], buf[nulls:]
			} else {
				some := len(rows) - nulls
				s.from(k+1, 0, rows[some:], buf[some:])
				rows, buf = rows[:some], buf[:some]
			}
		}
		if s.words[k].At == nil {
			s.words[k] = st.words(&c.Vec)
		}
		if !s.byWords(k, n, rows, buf) {
			return
		}
	}
}

// byWords sorts rows by the k-th step. It reports whether they are all equal in that and nothing has been done.
func (s *sorter) byWords(k, n int, rows []int32, buf []sorting) (equal bool) {
	words, turn := &s.words[k], uint64(0)
	if s.order.steps[k].desc {
		turn = ^turn
	}
	for ; len(rows) > 1; n++ {
		if n == maxWords {
			s.compare(k, rows)
			return false
		}
		differ := uint64(0)
		first := words.At(rows[0], n) ^ turn
		for i, row := range rows {
			word := words.At(row, n) ^ turn
			buf[i] = sorting{word, row}
			differ |= word ^ first
		}
		if !s.goOn(len(rows)) {
			return false
		}
		if differ != 0 {
			s.settle(k, n, differ, turn, rows, buf)
			return false
		}
		if !words.More(first^turn, n) {
			return true
		}
	}
	return true
}

// settle sorts buf by its words, which differ in some bits, makes the rows theirs and goes on with those that are equal.
func (s *sorter) settle(k, n int, differ, turn uint64, rows []int32, buf []sorting) {
	s.sortWords(differ, buf)
	if s.stop {
		return
	}
	for i := range buf {
		rows[i] = buf[i].row
	}
	for i := 0; i < len(buf); {
		word, from := buf[i].word, i
		for i++; i < len(buf) && buf[i].word == word; i++ {
		}
		switch {
		case i-from == 1:
		case s.words[k].More(word^turn, n):
			s.from(k, n+1, rows[from:i], buf[from:i])
		default:
			s.from(k+1, 0, rows[from:i], buf[from:i])
		}
	}
}

// sortWords sorts by words: by those bytes in which they differ, the last first, unless comparing is less.
func (s *sorter) sortWords(differ uint64, buf []sorting) {
	passes := 0
	for d := differ; d != 0; d >>= 8 {
		if d&0xff != 0 {
			passes++
		}
	}
	if len(buf) <= fewWords {
		insertWords(buf)
		return
	}
	if len(buf) > len(s.spare) || passes*(2*len(buf)+256) > 2*len(buf)*bits.Len(uint(len(buf))) {
		slices.SortFunc(buf, func(a, b sorting) int {
			switch {
			case !s.goOn(1):
				return 0
			case a.word < b.word:
				return -1
			case a.word > b.word:
				return 1
			}
			return 0
		})
		return
	}
	from, to := buf, s.spare[:len(buf)]
	for shift := 0; shift < 64; shift += 8 {
		if differ>>shift&0xff == 0 {
			continue
		}
		if !s.goOn(len(buf)) {
			return
		}
		sortByte(from, to, shift)
		from, to = to, from
	}
	if passes%2 == 1 {
		copy(buf, from)
	}
}

// insertWords sorts few words.
func insertWords(buf []sorting) {
	for i := 1; i < len(buf); i++ {
		w := buf[i]
		at := i
		for ; at > 0 && w.word < buf[at-1].word; at-- {
			buf[at] = buf[at-1]
		}
		buf[at] = w
	}
}

// sortByte puts rows into to by one byte of their words; those that are equal in it stay in order.
func sortByte(from, to []sorting, shift int) {
	var ends [257]int32
	for i := range from {
		ends[int(uint8(from[i].word>>shift))+1]++
	}
	for b := 1; b < 256; b++ {
		ends[b] += ends[b-1]
	}
	for i := range from {
		at := &ends[uint8(from[i].word>>shift)]
		to[*at] = from[i]
		*at++
	}
}

// compare sorts rows that are equal before the k-th step.
func (s *sorter) compare(k int, rows []int32) {
	if len(rows) == 2 {
		if s.goOn(1) && s.order.compareFrom(k, s.cols, rows[1], s.cols, rows[0]) < 0 {
			rows[0], rows[1] = rows[1], rows[0]
		}
		return
	}
	slices.SortFunc(rows, func(a, b int32) int {
		if !s.goOn(1) {
			return 0
		}
		return s.order.compareFrom(k, s.cols, a, s.cols, b)
	})
}

// takeNulls puts rows with NULL to one end, and returns how many there are.
func takeNulls(c *delta.Column, rows []int32, first bool) (nulls int) {
	at := 0
	for i, row := range rows {
		if c.Null(row) == first {
			rows[at], rows[i] = row, rows[at]
			at++
		}
	}
	if first {
		return at
	}
	return len(rows) - at
}
