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
	turn   chan struct{} // held by who commits
	oids   atomic.Uint32 // the newest that was handed out; those of what was never committed are given again after a start
	drafts atomic.Uint64 // versions that Txns have seen of their own
	temps  temps
}

var _ log.Part = (*Catalog)(nil)

// New makes an empty catalog with the given system relations; hand it to log.Open as a Part.
func New(system ...*Relation) *Catalog {
	c := &Catalog{system: newLayer(system), turn: make(chan struct{}, 1)}
	c.now.Store(emptySnapshot(c.system))
	return c
}

// Now is the newest version.
func (c *Catalog) Now() *Snapshot { return c.now.Load() }

// newOID hands out an OID that no relation has, committed or not.
func (c *Catalog) newOID() OID {
	for {
		last := c.oids.Load()
		next := max(last+1, uint32(c.Now().nextOID))
		if c.oids.CompareAndSwap(last, next) {
			return OID(next)
		}
	}
}

// firstDraft is above every commit: versions from there on are a Txn's own.
const firstDraft = log.CommitSeq(1) << 63

// draft is a version that nothing else has.
func (c *Catalog) draft() log.CommitSeq { return firstDraft + log.CommitSeq(c.drafts.Add(1)) }

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
	c.Now().publish(decoded)
	c.now.Store(c.Now().with(v, decoded))
	return nil
}

func (c *Catalog) Save() func(io.Writer) error { return c.Now().save }

func (c *Catalog) Load(r io.Reader) error {
	s, err := loadSnapshot(r, c.system)
	if err != nil {
		return err
	}
	s.publish(change{Put: s.Relations(KindType)})
	c.now.Store(s)
	return nil
}
