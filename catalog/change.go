package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tributary-db/tributary/storage/log"
)

// changeVersion is the newest form of a stored change that this code writes and reads.
//
//	1: {"v":1,"put":[relation…],"drop":[oid…]}
//	2: relations may have a sequence, checks, a key_name; columns a sequence, identity, generated
//	3: relations may have inputs
//	4: relations may be schemas; before, schema public was there without being told of
//	5: relations may have foreign_keys
//	6: relations, columns, checks and foreign keys may have a comment; one may be the database
//	7: relations may be types
//	8: columns of a stream may be later, or dropped
//	10: relations may be roles; before, role tributary was there without being told of. Relations may have an owner and an acl
//	11: indexes may have an index: orders, classes, expressions, a condition
//	12: types may be domains
//	13: roles and the database may have settings; relations may be functions, types composite
//	14: relations may be policies; tables may have row_security
const changeVersion = 14

// change is the payload of a KindCatalog change: first drops, then puts (created or replaced).
type change struct {
	V    int         `json:"v"`
	Put  []*Relation `json:"put,omitempty"`
	Drop []OID       `json:"drop,omitempty"`
}

func (c change) encode() (log.Change, error) {
	c.V = changeVersion
	b, err := json.Marshal(c)
	return log.Change{Kind: log.KindCatalog, Payload: b}, err
}

// Touched lists the relations that a change of KindCatalog puts and drops.
func Touched(c log.Change) (put, dropped []OID, err error) {
	d, err := decodeChange(c.Payload)
	for _, r := range d.Put {
		put = append(put, r.OID)
	}
	return put, d.Drop, err
}

func decodeChange(b []byte) (change, error) {
	var c change
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("catalog change: %w", err)
	}
	if c.V < 1 || c.V > changeVersion {
		return c, fmt.Errorf("catalog change has version %d, this program reads %d", c.V, changeVersion)
	}
	if !whole(c.Put) {
		return c, errors.New("catalog change puts nothing where a relation belongs")
	}
	return c, nil
}

// whole: each is a relation, and a type, a role, a function or a policy is one.
func whole(relations []*Relation) bool {
	return !slices.ContainsFunc(relations, func(r *Relation) bool {
		return r == nil || r.Kind == KindType && r.UserType == nil || r.Kind == KindRole && r.Role == nil || r.Kind == KindFunction && r.Function == nil ||
			r.Kind == KindPolicy && (r.Policy == nil || r.Policy.Command == "")
	})
}

// saved is the catalog in a snapshot of the fold.
type saved struct {
	V         int           `json:"v"`
	Version   log.CommitSeq `json:"version"`
	NextOID   OID           `json:"next_oid"`
	Relations []*Relation   `json:"relations"`
}

func (s *Snapshot) save(w io.Writer) error {
	return json.NewEncoder(w).Encode(saved{
		V: changeVersion, Version: s.version, NextOID: s.nextOID,
		Relations: s.filter(func(*Relation) bool { return true }),
	})
}

func loadSnapshot(r io.Reader, system *layer) (*Snapshot, error) {
	var in saved
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("catalog snapshot: %w", err)
	}
	if in.V < 1 || in.V > changeVersion {
		return nil, fmt.Errorf("catalog snapshot has version %d, this program reads %d", in.V, changeVersion)
	}
	if !whole(in.Relations) {
		return nil, errors.New("catalog snapshot has nothing where a relation belongs")
	}
	if in.V < 4 {
		in.Relations = append(in.Relations, publicSchema())
	}
	if in.V < 10 {
		in.Relations = append(in.Relations, firstRole())
	}
	s := emptySnapshot(system)
	s.version, s.nextOID = in.Version, in.NextOID
	s.layer = newLayer(in.Relations)
	return s, nil
}
