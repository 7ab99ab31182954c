package checkpoint

import (
	"errors"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// TestCheck: a manifest counts only if every reader lies within what it reads.
func TestCheck(t *testing.T) {
	const table, view, reader = 1, 2, 3
	some := &Parts{}
	for _, c := range []struct {
		what                        string
		tableSince, viewSince, view log.CommitSeq
		reader                      log.CommitSeq
		stands, valid               bool
	}{
		{"all at one version", 10, 10, 10, 10, false, true},
		{"a reader behind, its changes are there", 5, 6, 8, 6, false, true},
		{"a reader ahead of the view", 5, 5, 8, 9, false, false},
		{"the view has forgotten what the reader lacks", 5, 7, 8, 6, false, false},
		{"the table has", 7, 5, 8, 6, false, false},
		{"a view ahead of the boundary", 10, 11, 11, 10, false, false},
		{"a sink without state comes from below", 5, 6, 8, 9, true, true},
		{"and needs its version too", 7, 5, 8, 6, true, false},
	} {
		m := &Manifest{Boundary: 10, Tables: []Table{{OID: table, Horizon: c.tableSince}}, Members: []Member{
			{OID: view, Horizon: c.viewSince, Frontier: c.view, Reads: []catalog.OID{table}, Parts: some},
			{OID: reader, Frontier: c.reader, Reads: []catalog.OID{table, view}, Parts: some},
		}}
		if c.tableSince > c.view {
			m.Members[0].Reads = nil // the other edge is in question
		}
		if c.stands {
			m.Members[1].Parts = nil
		}
		if err := m.Check(); (err == nil) != c.valid || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
