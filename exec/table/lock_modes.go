package table

// LockMode is how a relation, name or key is locked: one of these, or several at once.
type LockMode uint16

// The modes of PostgreSQL's table locks, weakest first. Nobody takes AccessShare but by LOCK TABLE: who reads has a version.
const (
	AccessShare LockMode = 1 << iota
	RowShare
	RowExclusive
	ShareUpdateExclusive
	Share
	ShareRowExclusive
	ExclusiveMode
	AccessExclusive
	// sharesSome and takesSome are on all keys of a table: who holds them has some keys shared, or exclusive.
	sharesSome
	takesSome
)

const (
	// Shared is what who writes a table holds, or makes something that depends on a relation, or a row that refers to a key.
	Shared = RowExclusive
	// Exclusive is what who changes or drops a relation holds, or gives one a name, or takes a key away.
	Exclusive = AccessExclusive
)

// modeNames are those of pg_locks, by bit.
var modeNames = [...]string{"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
	"ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}

// refused is, by bit, what nobody else holds beside a mode.
var refused = [...]LockMode{
	AccessExclusive,
	ExclusiveMode | AccessExclusive,
	Share | ShareRowExclusive | ExclusiveMode | AccessExclusive | takesSome,
	ShareUpdateExclusive | Share | ShareRowExclusive | ExclusiveMode | AccessExclusive,
	RowExclusive | ShareUpdateExclusive | ShareRowExclusive | ExclusiveMode | AccessExclusive,
	RowExclusive | ShareUpdateExclusive | Share | ShareRowExclusive | ExclusiveMode | AccessExclusive,
	RowShare | RowExclusive | ShareUpdateExclusive | Share | ShareRowExclusive | ExclusiveMode | AccessExclusive,
	1<<10 - 1,
	AccessExclusive,
	AccessExclusive | RowExclusive,
}

// against: two transactions cannot hold an object so.
func (m LockMode) against(other LockMode) bool {
	for bit, no := range refused {
		if m&(1<<bit) != 0 && other&no != 0 {
			return true
		}
	}
	return false
}

// Names are the modes of the set in the words of pg_locks.
func (m LockMode) Names() (out []string) {
	for bit, name := range modeNames {
		if m&(1<<bit) != 0 {
			out = append(out, name)
		}
	}
	return out
}
