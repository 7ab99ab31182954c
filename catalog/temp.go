package catalog

import (
	"slices"
	"strings"
	"sync"
)

// TempAlias names the schema of temporary relations, whatever that of the session is called.
const TempAlias = "pg_temp"

// tempPrefix begins the names of the schemas of temporary relations.
const tempPrefix = TempAlias + "_"

// TempSchema reports whether a schema is that of the temporary relations of a session.
func TempSchema(name string) bool { return name == TempAlias || strings.HasPrefix(name, tempPrefix) }

// Temporary reports whether the relation is one of a session's own, or the schema of them.
func (r *Relation) Temporary() bool {
	return TempSchema(r.Schema) || r.Kind == KindSchema && TempSchema(r.Name)
}

// OnCommit says what becomes of a temporary table with the end of each transaction that commits.
type OnCommit byte

// What it may be.
const (
	PreserveRows OnCommit = iota
	DeleteRows
	DropTable
)

// Temp are the temporary relations of one session: a few that lie over everybody's, and are never logged. They are in a schema
// of their own, which is one of them. Safe for concurrent use; one Txn at a time is over them.
type Temp struct {
	c      *Catalog
	schema string
	mu     struct {
		sync.Mutex
		relations []*Relation // that have been committed, in the order in which they came
		base      *Snapshot   // of what was seen last, nil = nothing was
		seen      *Snapshot
	}
}

// NewTemp makes an empty one, for a session of that number.
func (c *Catalog) NewTemp(schema string) *Temp { return &Temp{c: c, schema: tempPrefix + schema} }

// Schema is the name of the schema that they are in. It is there once a relation was made in it.
func (t *Temp) Schema() string { return t.schema }

// Over is a version of the catalog with the temporary relations, itself while there are none.
func (t *Temp) Over(base *Snapshot) *Snapshot {
	if t == nil {
		return base
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.mu.relations) == 0 {
		return base
	}
	if t.mu.base != base {
		t.mu.base, t.mu.seen = base, base.with(t.c.draft(), change{Put: t.mu.relations})
	}
	return t.mu.seen
}

// temps are those of the process that are not empty.
type temps struct {
	sync.Mutex
	some map[*Temp]struct{}
}

// UsedByOthers are the temporary relations of other sessions than t's that do not work without a relation. Who has locked the relation
// exclusively finds all.
func (t *Temp) UsedByOthers(oid OID) (users []*Relation) {
	t.c.temps.Lock()
	defer t.c.temps.Unlock()
	for other := range t.c.temps.some {
		if other == t {
			continue
		}
		for _, r := range other.Relations() {
			if slices.Contains(r.Uses(), oid) {
				users = append(users, r)
			}
		}
	}
	return sorted(users)
}

// Forget ends all of them, with the session.
func (t *Temp) Forget() {
	t.mu.Lock()
	t.mu.relations, t.mu.base, t.mu.seen = nil, nil, nil
	t.mu.Unlock()
	t.listed()
}

// listed has the catalog know whether there are some.
func (t *Temp) listed() {
	empty := t.Empty()
	t.c.temps.Lock()
	defer t.c.temps.Unlock()
	if empty {
		delete(t.c.temps.some, t)
		return
	}
	if t.c.temps.some == nil {
		t.c.temps.some = map[*Temp]struct{}{}
	}
	t.c.temps.some[t] = struct{}{}
}

// Empty reports whether there are none.
func (t *Temp) Empty() bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.mu.relations) == 0
}

// ByOID finds a temporary relation that has been committed.
func (t *Temp) ByOID(oid OID) (*Relation, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.mu.relations, func(r *Relation) bool { return r.OID == oid }); i >= 0 {
		return t.mu.relations[i], true
	}
	return nil, false
}

// BeginOver is Begin for a session that has, or may get, temporary relations.
func (c *Catalog) BeginOver(temp *Temp) *Txn {
	t := c.Begin()
	t.temp = temp
	return t
}

// Logged reports whether the Txn changes anything that others see.
func (t *Txn) Logged() bool { return t.LoggedSince(0) }

// LoggedSince is Logged of what was done since a mark.
func (t *Txn) LoggedSince(mark int) bool {
	return slices.ContainsFunc(t.steps[mark:], func(s step) bool { return !s.temporary() })
}

// temporary: the step is one of the session alone.
func (s *step) temporary() bool { return s.ofTemp || s.put != nil && s.put.Temporary() }

// KeepTemporary makes the temporary relations what the steps have made of them. What is kept is as committed from then on.
func (t *Txn) KeepTemporary() {
	if t.temp == nil || !slices.ContainsFunc(t.steps, func(s step) bool { return s.temporary() }) {
		return
	}
	k := t.temp
	defer k.listed()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mu.base, k.mu.seen = nil, nil
	for i := range t.steps {
		s := &t.steps[i]
		if !s.temporary() {
			continue
		}
		oid := s.drop
		if s.put != nil {
			oid = s.put.OID
		}
		at := slices.IndexFunc(k.mu.relations, func(r *Relation) bool { return r.OID == oid })
		switch {
		case s.put == nil && at >= 0:
			k.mu.relations = slices.Delete(k.mu.relations, at, at+1)
		case s.put == nil:
		case at >= 0:
			k.mu.relations[at] = s.put.kept()
		default:
			k.mu.relations = append(k.mu.relations, s.put.kept())
		}
	}
}

// kept is a temporary relation as the transactions after its own have it.
func (r *Relation) kept() *Relation {
	if r.CreatedAt != 0 {
		return r
	}
	k := *r
	k.CreatedAt = 1
	return &k
}

// Relations are those that have been committed, in the order in which they came.
func (t *Temp) Relations() []*Relation {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.mu.relations)
}

// PutSince are the relations that were put since a mark.
func (t *Txn) PutSince(mark int) []*Relation {
	var out []*Relation
	for i := mark; i < len(t.steps); i++ {
		if r := t.steps[i].put; r != nil {
			out = append(out, r)
		}
	}
	return out
}

// Uses are the relations that the relation does not work without.
func (r *Relation) Uses() []OID {
	out := slices.Clone(r.DependsOn)
	for i := range r.ForeignKeys {
		out = append(out, r.ForeignKeys[i].References)
	}
	for i := range r.Columns {
		if r.Columns[i].Sequence != 0 {
			out = append(out, r.Columns[i].Sequence)
		}
	}
	return out
}
