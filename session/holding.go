package session

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
)

// holding is rows or bytes that a statement keeps outside the dataflow that made them, on the
// statement's account. Drop it when they go.
type holding struct {
	owner *memory.Owner
	bytes int64
}

func (s *Session) hold() *holding {
	return &holding{owner: s.db.Memory.Limited("statement_memory", s.set.limits.statementMemory)}
}

// rows charges rows before they are copied.
func (h *holding) rows(d *delta.Batch) error { return h.set(h.bytes + d.Size()) }

// set makes what is held so many bytes.
func (h *holding) set(bytes int64) error {
	if err := h.owner.Charge(bytes - h.bytes); err != nil {
		return err
	}
	h.bytes = bytes
	return nil
}

func (h *holding) drop() {
	h.owner.Drop()
	h.bytes = 0
}
