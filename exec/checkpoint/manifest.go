package checkpoint

import (
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// ErrCorrupt: a checkpoint is damaged, or of a version that is not known here.
var ErrCorrupt = errors.New("corrupt checkpoint")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Manifest says what a checkpoint holds.
type Manifest struct {
	// Engine is the version of what operators keep in their state; see the lane.
	Engine   uint32
	Boundary log.CommitSeq
	Tables   []Table
	Members  []Member
}

// Table is a table at the boundary. Its parts are PartRows, and PartIndex of each index.
type Table struct {
	OID         catalog.OID
	Fingerprint string
	// Horizon is the oldest version that the table can be read at.
	Horizon   log.CommitSeq
	NextRowID int64
	Parts     Parts
}

// Member is a view, sink or derived stream at its own frontier. A sink may stand in it without its
// state: all of its output up to the frontier is in the log, and it has to come there again.
type Member struct {
	OID         catalog.OID
	Fingerprint string
	Frontier    log.CommitSeq
	// Horizon is the oldest version that a view can be read at; Reads are the tables and views that
	// the member is made from.
	Horizon log.CommitSeq
	Reads   []catalog.OID
	// Changed is the newest version at which a view's content changed.
	Changed log.CommitSeq
	Late    uint64
	NoTime  uint64
	// Parts are PartContents of a view, PartErrors, and PartState of each state; nil where it stands.
	Parts *Parts
}

// Parts is where the list of a relation's pieces of state lies, and its checksum.
type Parts struct {
	Place piece.Place
	Sum   Sum
}

// Sum is the first half of the SHA-256 of a list.
type Sum [16]byte

// Names of parts: a table's rows, and the rows of an index; a view's contents and failed rows, where it
// is in a first tick that it has not ended, and what its operators keep.
const (
	PartRows     = "rows"
	PartContents = "contents"
	PartErrors   = "errors"
	PartBackfill = "backfill"
	prefixIndex  = "index/"
	prefixState  = "state/"
)

// PartIndex is an index of a table.
func PartIndex(oid catalog.OID) string { return fmt.Sprintf("%s%d", prefixIndex, oid) }

// PartState is a state of a flow.
func PartState(name string) string { return prefixState + name }

// Check holds every reader against what it reads, as far as that is in the checkpoint too: no reader
// is ahead of an input, and no input has forgotten changes that a reader has not taken in. A sink
// without its state reads its inputs again, from where they are. It is asked before a checkpoint
// counts and when one is loaded.
func (m *Manifest) Check() error {
	type span struct{ horizon, frontier log.CommitSeq }
	spans := map[catalog.OID]span{}
	for i := range m.Tables {
		spans[m.Tables[i].OID] = span{m.Tables[i].Horizon, m.Boundary}
	}
	for i := range m.Members {
		if !m.Members[i].Stands() {
			spans[m.Members[i].OID] = span{m.Members[i].Horizon, m.Members[i].Frontier}
		}
	}
	for oid, s := range spans {
		if s.horizon > s.frontier || s.frontier > m.Boundary {
			return corrupt("relation %d has versions from %d to %d, the boundary is %d", oid, s.horizon, s.frontier, m.Boundary)
		}
	}
	for i := range m.Members {
		at := m.Members[i].Frontier
		for _, oid := range m.Members[i].Reads {
			if in, ok := spans[oid]; ok && (at < in.horizon || at > in.frontier && !m.Members[i].Stands()) {
				return corrupt("relation %d at version %d reads %d, which has versions from %d to %d", m.Members[i].OID, at, oid, in.horizon, in.frontier)
			}
		}
	}
	return nil
}

// Table finds a table by OID.
func (m *Manifest) Table(oid catalog.OID) (*Table, bool) {
	for i := range m.Tables {
		if m.Tables[i].OID == oid {
			return &m.Tables[i], true
		}
	}
	return nil, false
}

// Member finds a view, sink or derived stream by OID, nil if it is not there.
func (m *Manifest) Member(oid catalog.OID) *Member {
	for i := range m.Members {
		if m.Members[i].OID == oid {
			return &m.Members[i]
		}
	}
	return nil
}

// Stands: the checkpoint has no state of the sink, only up to where its output is in the log.
func (m *Member) Stands() bool { return m.Parts == nil }
