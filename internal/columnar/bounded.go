package columnar

import (
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// bounded allocates up to max bytes at once. The library takes lengths from the file on trust
// and has no error for "too much": here that is a panic with 54000, which guard catches.
type bounded struct {
	max, used int64
}

var _ memory.Allocator = (*bounded)(nil)

func (b *bounded) Allocate(size int) []byte {
	b.take(size)
	return memory.DefaultAllocator.Allocate(size)
}

func (b *bounded) Reallocate(size int, old []byte) []byte {
	b.take(size - len(old))
	return memory.DefaultAllocator.Reallocate(size, old)
}

func (b *bounded) Free(old []byte) {
	b.used -= int64(len(old))
	memory.DefaultAllocator.Free(old)
}

func (b *bounded) take(size int) {
	if size > 0 && (int64(size) > b.max || b.used+int64(size) > b.max) {
		panic(sqlerr.New(sqlerr.ProgramLimitExceeded, "a record of the file needs more than %d bytes", b.max).
			WithHint("Write it in smaller record batches or row groups."))
	}
	b.used += int64(size)
}

// Bounded is an allocator for records of clients that many requests share: one allocation is at
// most max bytes, above that a panic with 54000.
func Bounded(most int64) memory.Allocator { return each{most} }

type each struct{ most int64 }

func (e each) Allocate(size int) []byte {
	e.check(size)
	return memory.DefaultAllocator.Allocate(size)
}

func (e each) Reallocate(size int, old []byte) []byte {
	e.check(size)
	return memory.DefaultAllocator.Reallocate(size, old)
}

func (e each) Free(old []byte) { memory.DefaultAllocator.Free(old) }

func (e each) check(size int) {
	b := bounded{max: e.most}
	b.take(size)
}
