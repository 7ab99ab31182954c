package table

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
)

// Keys that foreign keys refer to are locked, whether there is a row of them or not: who writes a row that refers to one holds it
// shared, who takes one away exclusive. So one of two open transactions always finds what the other did.
//
//	keys of the table ── some shared, some taken, shared, exclusive
//	      └─ key ─────── shared, exclusive
//
// A transaction that needs more of them than max_foreign_key_locks locks all keys of the table instead.

// LockKeys locks keys of a table that foreign keys refer to by an index (the table's own OID = its primary key): columns in the order
// of the index and of its types, without NULL. It waits as LockRelation.
func (tx *Tx) LockKeys(ctx context.Context, index catalog.OID, keys []delta.Column, n int, mode LockMode) error {
	if n == 0 {
		return nil
	}
	all, some := object{oid: index, keys: true}, sharesSome
	if mode == Exclusive {
		some = takesSome
	}
	if held, ok := tx.allKeys[index]; ok && held|mode == held {
		return nil
	}
	limit := tx.set.cfg.MaxKeyLocks
	if limit > 0 && tx.keyLocks+n > limit {
		if err := tx.set.locks.lockObject(ctx, tx, all, mode); err != nil {
			return err
		}
		if tx.allKeys == nil {
			tx.allKeys = map[catalog.OID]LockMode{}
		}
		tx.allKeys[index] |= mode
		tx.set.keyEscalations.Add(1)
		return nil
	}
	if err := tx.set.locks.lockObject(ctx, tx, all, some); err != nil {
		return err
	}
	tx.wanted = lockKeys(tx.wanted[:0], index, keys, n)
	for _, k := range tx.wanted {
		before := len(tx.objects)
		if err := tx.set.locks.lockObject(ctx, tx, object{oid: index, keys: true, key: uint64(k) | 1}, mode); err != nil {
			return err
		}
		tx.keyLocks += len(tx.objects) - before
	}
	return nil
}

// KeyEscalations counts how often a transaction locked all keys of a table, as it needed too many of them.
func (s *Set) KeyEscalations() uint64 { return s.keyEscalations.Load() }
