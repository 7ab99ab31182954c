package columnar

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// The head of an IPC message is a flatbuffer, and the library makes slices as long as its
// vectors say they are. verifyHead walks the vectors it will follow and refuses those that
// the head has no room for. Slots are the fields' places in Arrow's Message.fbs and Schema.fbs.
const (
	slotHeaderType, slotHeader, slotMessageMeta = 1, 2, 4
	slotFields, slotSchemaMeta                  = 1, 2
	slotChildren, slotFieldMeta                 = 5, 6
	slotNodes, slotBuffers, slotVariadic        = 1, 2, 4
	slotDictionaryData                          = 1
)

// maxDepth bounds the nesting of types.
const maxDepth = 32

var errHead = errors.New("message head is not well-formed")

// flatTable is a table at a place of a flatbuffer.
type flatTable struct {
	buf []byte
	at  int
}

// verifyHead checks the head of one message.
func verifyHead(buf []byte) error {
	root, ok := follow(buf, 0)
	if !ok {
		return errHead
	}
	m := flatTable{buf, root}
	kind, found, ok := m.slot(slotHeaderType)
	if !ok || !found || kind >= len(buf) || m.vectors(maxDepth, slotMessageMeta) != nil {
		return errHead
	}
	header, found, ok := m.table(slotHeader)
	if !ok || !found {
		return errHead
	}
	switch ipc.MessageType(buf[kind]) {
	case ipc.MessageSchema:
		if header.vectors(maxDepth, slotSchemaMeta) != nil {
			return errHead
		}
		return header.vectors(maxDepth, slotFields, slotChildren, slotFieldMeta)
	case ipc.MessageRecordBatch:
		return header.recordBatch()
	case ipc.MessageDictionaryBatch:
		data, found, ok := header.table(slotDictionaryData)
		if !ok || !found {
			return errHead
		}
		return data.recordBatch()
	}
	return nil
}

// recordBatch: nodes and buffers are structs of 16 bytes, variadic counts int64.
func (t flatTable) recordBatch() error {
	for slot, size := range map[int]int{slotNodes: 16, slotBuffers: 16, slotVariadic: 8} {
		if _, _, ok := t.vector(slot, size); !ok {
			return errHead
		}
	}
	return nil
}

// vectors checks the vector of tables at a slot, and in each of its tables those at the slots
// below; the first of them is of tables of the same kind (children of a field).
func (t flatTable) vectors(depth, slot int, below ...int) error {
	at, n, ok := t.vector(slot, 4)
	if !ok || depth == 0 {
		return errHead
	}
	for i := range n {
		one, ok := follow(t.buf, at+4*i)
		if !ok {
			return errHead
		}
		child := flatTable{t.buf, one}
		for j, s := range below {
			var err error
			if j == 0 {
				err = child.vectors(depth-1, s, below...)
			} else {
				err = child.vectors(depth-1, s)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// follow reads the offset at a place: where it leads.
func follow(buf []byte, at int) (to int, ok bool) {
	if at < 0 || at+4 > len(buf) {
		return 0, false
	}
	to = at + int(le.Uint32(buf[at:]))
	return to, to > at && to+4 <= len(buf)
}

// slot is the place of a field of t; found is false when it is absent.
func (t flatTable) slot(slot int) (at int, found, ok bool) {
	if t.at < 0 || t.at+4 > len(t.buf) {
		return 0, false, false
	}
	vtable := t.at - int(int32(le.Uint32(t.buf[t.at:])))
	if vtable < 0 || vtable+4 > len(t.buf) {
		return 0, false, false
	}
	size := int(le.Uint16(t.buf[vtable:]))
	if vtable+size > len(t.buf) {
		return 0, false, false
	}
	if 4+2*slot+2 > size {
		return 0, false, true
	}
	o := int(le.Uint16(t.buf[vtable+4+2*slot:]))
	at = t.at + o
	return at, o != 0, at < len(t.buf)
}

func (t flatTable) table(slot int) (_ flatTable, found, ok bool) {
	at, found, ok := t.slot(slot)
	if !ok || !found {
		return flatTable{}, false, ok
	}
	to, ok := follow(t.buf, at)
	return flatTable{t.buf, to}, true, ok
}

// vector is where the n elements of a vector field begin; an absent one has none.
func (t flatTable) vector(slot, size int) (at, n int, ok bool) {
	at, found, ok := t.slot(slot)
	if !ok || !found {
		return 0, 0, ok
	}
	if at, ok = follow(t.buf, at); !ok {
		return 0, 0, false
	}
	n = int(le.Uint32(t.buf[at:]))
	return at + 4, n, n <= (len(t.buf)-at-4)/size
}
