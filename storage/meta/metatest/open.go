// Package metatest has a metadata store in memory and the conformance suite that every driver
// of storage/meta passes.
//
//	driver's test ─► Run(t, open) ─► keys and versions, transactions, commit log, reopening
package metatest

import (
	"testing"

	"github.com/cockroachdb/pebble/vfs"
	"github.com/tributary-db/tributary/storage/meta"
)

// Memory is a Pebble store in memory that can lose power.
type Memory struct {
	*meta.PebbleStore
	fs  *vfs.MemFS
	now *opened
}

// opened is the store that the test closes at its end: one that was opened again keeps no memory.
type opened struct{ store *meta.PebbleStore }

// OpenMemory opens an empty store; the test closes it at its end unless it did so itself.
func OpenMemory(t testing.TB) *Memory {
	now := &opened{}
	t.Cleanup(func() {
		if now.store != nil {
			_ = now.store.Close() // a second Close is harmless
		}
	})
	return open(t, vfs.NewStrictMem(), now)
}

func open(t testing.TB, fs *vfs.MemFS, now *opened) *Memory {
	t.Helper()
	s, err := meta.OpenPebble("meta", meta.PebbleOptions{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	now.store = s
	return &Memory{PebbleStore: s, fs: fs, now: now}
}

// PowerCut closes the store, loses all that was not synced, and opens what is left.
func (m *Memory) PowerCut(t testing.TB) *Memory {
	t.Helper()
	m.fs.SetIgnoreSyncs(true)
	_ = m.Close() // what Close would flush is lost with the power
	m.fs.ResetToSyncedState()
	m.fs.SetIgnoreSyncs(false)
	return open(t, m.fs, m.now)
}

// Reopen closes the store in order and opens it again.
func (m *Memory) Reopen(t testing.TB) *Memory {
	t.Helper()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, m.fs, m.now)
}

// InMemory are options of stores in a memory of their own, by path.
func InMemory() meta.PebbleOptions { return meta.PebbleOptions{FS: vfs.NewMem()} }
