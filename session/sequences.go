package session

import (
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// sequences are the sequences of the database as this session asks them. Shards of a query may ask at once.
type sequences struct {
	s  *Session
	mu struct {
		sync.Mutex
		got  map[plan.RelationID]int64
		last plan.RelationID // whose value came last, 0 = none yet
	}
}

var _ plan.Sequences = (*sequences)(nil)

func (q *sequences) Find(name string) (plan.RelationID, error) {
	rel, err := bind.SequenceNamed(q.s.catalog(), name, q.s.path())
	if err != nil {
		return 0, err
	}
	return plan.RelationID(rel.OID), nil
}

func (q *sequences) Serial(table, column string) (string, error) {
	n, err := bind.SplitName(table)
	if err != nil {
		return "", err
	}
	snap := q.s.catalog()
	rel, ok := snap.Relation(n.Schema, n.Name, q.s.path())
	if !ok {
		return "", sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", table)
	}
	i := rel.ColumnIndex(column)
	if i < 0 {
		return "", sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", column, rel.Name)
	}
	if seq, ok := snap.ByOID(rel.Columns[i].Sequence); ok {
		schema := seq.Schema
		if seq.Temporary() {
			schema = catalog.TempAlias
		}
		return ident(schema) + "." + ident(seq.Name), nil
	}
	return "", nil
}

func (q *sequences) relation(id plan.RelationID) (*catalog.Relation, error) {
	rel, ok := q.s.catalog().ByOID(catalog.OID(id))
	if !ok || rel.Kind != catalog.KindSequence {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation with OID %d does not exist", id)
	}
	return rel, nil
}

// may refuses who has none of the privileges. The sequence of an identity column is part of its table: who inserts there draws from it.
func (q *sequences) may(rel *catalog.Relation, any acl.Privs) error {
	at, role := q.s.catalog(), q.s.who.current
	if at.Privs(role, rel, any) != 0 {
		return nil
	}
	if up, ok := at.ByOID(rel.Parent); ok && any&acl.Usage != 0 && at.AnyColumn(role, up, acl.Insert) {
		for i := range up.Columns {
			if c := &up.Columns[i]; c.Sequence == rel.OID && c.Identity != "" {
				return nil
			}
		}
	}
	return deniedFor(rel)
}

// mayMove refuses in a read-only transaction to move a sequence that is not the session's own.
func (q *sequences) mayMove(rel *catalog.Relation, call string) error {
	if rel.Temporary() {
		return nil
	}
	return q.s.mayWrite(call)
}

func (q *sequences) Next(id plan.RelationID, n int) ([]int64, error) {
	rel, err := q.relation(id)
	if err != nil {
		return nil, err
	}
	if err := q.may(rel, acl.Usage|acl.Update); err != nil {
		return nil, err
	}
	if err := q.mayMove(rel, "nextval()"); err != nil {
		return nil, err
	}
	values, err := q.s.db.Sequences.Next(rel, n)
	if err == nil && n > 0 {
		q.note(id, values[n-1])
	}
	return values, err
}

// note remembers a value for currval and lastval.
func (q *sequences) note(id plan.RelationID, v int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.got == nil {
		q.mu.got = map[plan.RelationID]int64{}
	}
	q.mu.got[id], q.mu.last = v, id
}

func (q *sequences) Current(id plan.RelationID) (int64, error) {
	rel, err := q.relation(id)
	if err != nil {
		return 0, err
	}
	if err := q.may(rel, acl.Usage|acl.Select); err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	v, ok := q.mu.got[id]
	if !ok {
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "currval of sequence %q is not yet defined in this session", rel.Name)
	}
	return v, nil
}

func (q *sequences) Last() (int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.last == 0 {
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session")
	}
	if rel, err := q.relation(q.mu.last); err == nil {
		if err := q.may(rel, acl.Usage|acl.Select); err != nil {
			return 0, err
		}
	}
	return q.mu.got[q.mu.last], nil
}

func (q *sequences) Position(id plan.RelationID) (last int64, given bool, err error) {
	rel, err := q.relation(id)
	if err != nil {
		return 0, false, err
	}
	last, given = q.s.db.Sequences.Last(rel)
	return last, given, nil
}

func (q *sequences) Set(id plan.RelationID, v int64, given bool) error {
	rel, err := q.relation(id)
	if err != nil {
		return err
	}
	if err := q.may(rel, acl.Update); err != nil {
		return err
	}
	if err := q.mayMove(rel, "setval()"); err != nil {
		return err
	}
	if err := q.s.db.Sequences.Restart(rel, v, given); err != nil {
		return err
	}
	if given {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.mu.got == nil {
			q.mu.got = map[plan.RelationID]int64{}
		}
		q.mu.got[id] = v
	}
	return nil
}

// forget is DISCARD SEQUENCES.
func (q *sequences) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.got, q.mu.last = nil, 0
}
