package piece

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var (
	// ErrCorrupt: a list is damaged.
	ErrCorrupt = errors.New("corrupt list of pieces")
	// ErrGone: the object of a piece is not there, or nobody may name it any more.
	ErrGone = errors.New("piece of a checkpoint is gone")
)

// Object names an object that pieces lie in.
type Object struct {
	Timeline uint32
	Commit   uint64 // that the checkpoint is of which wrote it
	Random   uint64
}

// objectSuffix ends the names of objects.
const objectSuffix = ".ckpt"

// String is the last part of the object's key; names sort by commit.
func (o Object) String() string {
	return fmt.Sprintf("%020d-%016x-%d%s", o.Commit, o.Random, o.Timeline, objectSuffix)
}

// ParseObject reads what String wrote.
func ParseObject(name string) (o Object, ok bool) {
	parts := strings.Split(strings.TrimSuffix(name, objectSuffix), "-")
	if len(parts) != 3 {
		return o, false
	}
	commit, err1 := strconv.ParseUint(parts[0], 10, 64)
	random, err2 := strconv.ParseUint(parts[1], 16, 64)
	timeline, err3 := strconv.ParseUint(parts[2], 10, 32)
	o = Object{uint32(timeline), commit, random}
	return o, errors.Join(err1, err2, err3) == nil && o.String() == name
}

// Place is where a piece lies.
type Place struct {
	Object
	At, Size int64
}

// Reader opens pieces. Safe for concurrent use.
type Reader interface {
	// Open keeps the piece's object until the source is released. ErrGone if it is not there.
	Open(p Place) (Source, error)
	// Local: reading is as fast as from a local disk.
	Local() bool
}

// Source is an open piece. Safe for concurrent use.
type Source interface {
	// ReadAt fills b from an offset of the piece.
	ReadAt(b []byte, at int64) error
	// Damaged tells that what ReadAt gives is not what was put: the piece is not to be named again.
	Damaged()
	// Release is called once, by who reads no more.
	Release()
}

// Writer takes the pieces of a checkpoint in the making. Used by one goroutine.
type Writer interface {
	// Keep names a piece again that an earlier checkpoint has; false when it has to be put anew.
	Keep(p Place) bool
	// Put writes parts, one behind the other, as a piece. It can be opened once the checkpoint is durable.
	Put(parts ...[]byte) (Place, error)
	// Reader is what will open the pieces.
	Reader() Reader
}
