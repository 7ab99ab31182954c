package session

import (
	"maps"

	"github.com/tributary-db/tributary/catalog"
)

// constraintModes are what SET CONSTRAINTS said in a transaction.
type constraintModes struct {
	all      *bool                // of all that are deferrable: whether they are deferred; nil = as they were made
	deferred map[catalog.OID]bool // of those that were named since
}

func (m constraintModes) clone() constraintModes {
	m.deferred = maps.Clone(m.deferred)
	return m
}

// isDeferred reports whether a foreign key is checked at the end of the transaction.
func (f *foreignKeys) isDeferred(k *catalog.ForeignKey) bool {
	m := f.s.tx.constraints
	if !k.Deferrable {
		return false
	}
	if deferred, ok := m.deferred[k.OID]; ok {
		return deferred
	}
	if m.all != nil {
		return *m.all
	}
	return k.Deferred
}
