package table

// RowMode is how strongly a row is locked, weakest first.
type RowMode uint8

// The modes of PostgreSQL's row locks. Who changes a row, but no key of it, holds it as ForNoKeyUpdate does; who takes it away, or
// changes a key, as ForUpdate does.
const (
	ForKeyShare RowMode = iota
	ForShare
	ForNoKeyUpdate
	ForUpdate
	rowModes = iota
)

// against: two transactions cannot hold a row so. A mode refuses all that a weaker one does.
func (m RowMode) against(other RowMode) bool { return m+other >= 3 }

// RowWait is what is done about a row that another one holds.
type RowWait uint8

const (
	Await  RowWait = iota // for it
	Skip                  // the row
	NoWait                // 55P03
)

// hold is a Tx holding a key in a mode: a Tx has one of each mode, which all keys that it holds so point to.
type hold struct {
	tx   *Tx
	mode RowMode
}
