package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// ErrCorrupt: a checkpoint is damaged, or of a version that is not known here.
var ErrCorrupt = errors.New("corrupt checkpoint")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Manifest says what a checkpoint holds.
type Manifest struct {
	// Engine is the version of what operators keep in their state; see the lane.
	Engine   uint32        `json:"engine"`
	Boundary log.CommitSeq `json:"boundary"`
	Tables   []Table       `json:"tables,omitempty"`
	Members  []Member      `json:"members,omitempty"`
}

// Table is a table at the boundary.
type Table struct {
	OID         catalog.OID `json:"oid"`
	Fingerprint string      `json:"fingerprint"`
	// Horizon is the oldest version that the table can be read at.
	Horizon   log.CommitSeq `json:"horizon"`
	NextRowID int64         `json:"next_row_id,omitempty"`
	Rows      Section       `json:"rows"`
	Indexes   []Index       `json:"indexes,omitempty"`
}

// Index of a table.
type Index struct {
	OID  catalog.OID `json:"oid"`
	Rows Section     `json:"rows"`
}

// Member is a view, sink or derived stream at its own frontier. A sink may stand in it without its
// state: all of its output up to the frontier is in the log, and it has to come there again.
type Member struct {
	OID         catalog.OID   `json:"oid"`
	Fingerprint string        `json:"fingerprint,omitempty"`
	Frontier    log.CommitSeq `json:"frontier"`
	// Horizon is the oldest version that a view can be read at; Reads are the tables and views that
	// the member is made from.
	Horizon log.CommitSeq `json:"horizon,omitempty"`
	Reads   []catalog.OID `json:"reads,omitempty"`
	// Changed is the newest version at which a view's content changed.
	Changed log.CommitSeq `json:"changed,omitempty"`
	Late    uint64        `json:"late,omitempty"`
	NoTime  uint64        `json:"no_time,omitempty"`
	// Contents of a view, and the rows of the query that are errors.
	Contents *Section `json:"contents,omitempty"`
	Errors   *Section `json:"errors,omitempty"`
	// States of the flow, by name.
	States map[string]Section `json:"states,omitempty"`
}

// Section is a piece of state inside the object.
type Section struct {
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"`
}

// Layout of the object; see docs/formats/checkpoint.md.
const (
	magic         = "TRCK"
	formatVersion = 3
	headerSize    = 8
	trailerSize   = 24
	// maxManifest bounds what a reader allocates for a manifest.
	maxManifest = 256 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendHeader(dst []byte) []byte {
	dst = append(dst, magic...)
	return binary.LittleEndian.AppendUint32(dst, formatVersion)
}

// appendManifest encodes m and the trailer behind it.
func appendManifest(dst []byte, m *Manifest) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(text) > maxManifest {
		return nil, fmt.Errorf("manifest of %d bytes is larger than allowed", len(text))
	}
	dst = append(dst, text...)
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(text, castagnoli))
	trailer = binary.LittleEndian.AppendUint32(trailer, formatVersion)
	trailer = append(trailer, magic...)
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(trailer, castagnoli))
	return append(dst, trailer...), nil
}

// trailer is where the manifest lies.
type trailer struct {
	size uint64
	crc  uint32
}

// decodeTrailer reads the last bytes of an object of so many bytes.
func decodeTrailer(b []byte, object int64) (trailer, error) {
	if len(b) != trailerSize || object < headerSize+trailerSize {
		return trailer{}, corrupt("object of %d bytes", object)
	}
	if crc32.Checksum(b[:20], castagnoli) != binary.LittleEndian.Uint32(b[20:]) || string(b[16:20]) != magic {
		return trailer{}, corrupt("trailer")
	}
	if v := binary.LittleEndian.Uint32(b[12:]); v != formatVersion {
		return trailer{}, corrupt("format version %d is not known here", v)
	}
	t := trailer{size: binary.LittleEndian.Uint64(b), crc: binary.LittleEndian.Uint32(b[8:])}
	if t.size > maxManifest || int64(t.size) > object-headerSize-trailerSize {
		return trailer{}, corrupt("manifest of %d bytes", t.size)
	}
	return t, nil
}

// decodeManifest reads a manifest; end is where the sections end.
func decodeManifest(text []byte, t trailer, end int64) (*Manifest, error) {
	if crc32.Checksum(text, castagnoli) != t.crc {
		return nil, corrupt("manifest checksum")
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, corrupt("manifest: %v", err)
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	for s := range m.sections() {
		if s.Offset < headerSize || s.Size < 0 || s.Offset > end || s.Size > end-s.Offset {
			return nil, corrupt("section at %d of %d bytes", s.Offset, s.Size)
		}
	}
	return &m, nil
}

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

// sections yields every section of the manifest.
func (m *Manifest) sections() func(yield func(Section) bool) {
	return func(yield func(Section) bool) {
		for i := range m.Tables {
			if !yield(m.Tables[i].Rows) {
				return
			}
			for _, ix := range m.Tables[i].Indexes {
				if !yield(ix.Rows) {
					return
				}
			}
		}
		for i := range m.Members {
			if !m.Members[i].sections(yield) {
				return
			}
		}
	}
}

func (m *Member) sections(yield func(Section) bool) bool {
	for _, s := range []*Section{m.Contents, m.Errors} {
		if s != nil && !yield(*s) {
			return false
		}
	}
	for _, s := range m.States {
		if !yield(s) {
			return false
		}
	}
	return true
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
func (m *Member) Stands() bool { return m.Errors == nil }
