package catalog

import (
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"

	"github.com/tributary-db/tributary/storage/log"
)

// ErrChanged: the catalog moved since the Txn began; nothing happened, run it again.
var ErrChanged = errors.New("catalog changed meanwhile")

// PartName is the catalog's name in the fold.
const PartName = "catalog"

// Catalog is the catalog's part of the fold. Its only writer is the log; any number of readers.
type Catalog struct {
	now    atomic.Pointer[Snapshot]
	system *layer
}

var _ log.Part = (*Catalog)(nil)

// New makes an empty catalog with the given system relations; hand it to log.Open as a Part.
func New(system ...*Relation) *Catalog {
	c := &Catalog{system: newLayer(system)}
	c.now.Store(emptySnapshot(c.system))
	return c
}

// Now is the newest version.
func (c *Catalog) Now() *Snapshot { return c.now.Load() }

func (c *Catalog) Name() string { return PartName }

// Check holds for "the catalog is at version Seq": no change since, and none pending.
func (c *Catalog) Check(cond log.Condition, pending []log.Change) error {
	for i := range pending {
		if pending[i].Kind == log.KindCatalog {
			return ErrChanged
		}
	}
	if len(cond.Payload) != 8 || log.CommitSeq(binary.LittleEndian.Uint64(cond.Payload)) != c.Now().version {
		return ErrChanged
	}
	return nil
}

// atVersion is the condition Check understands.
func atVersion(v log.CommitSeq) log.Condition {
	return log.Condition{Kind: log.CondPart, Name: PartName, Payload: binary.LittleEndian.AppendUint64(nil, uint64(v))}
}

func (c *Catalog) Apply(v log.CommitSeq, ch log.Change) error {
	decoded, err := decodeChange(ch.Payload)
	if err != nil {
		return err
	}
	c.now.Store(c.Now().with(v, decoded))
	return nil
}

func (c *Catalog) Save() func(io.Writer) error { return c.Now().save }

func (c *Catalog) Load(r io.Reader) error {
	s, err := loadSnapshot(r, c.system)
	if err != nil {
		return err
	}
	c.now.Store(s)
	return nil
}
