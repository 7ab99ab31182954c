package table

import (
	"slices"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Temp are the temporary tables of one session. They are tables as others are, with overlays and savepoints, but nobody else has them:
// their rows lie in the session alone and not in the log, are locked by nobody, and have no version but the newest.
//
//	statement ─► Tx: overlay over the rows of now ─► COMMIT ─► runs, linked at once
//
// Used by one goroutine, that of the session's Txs; the shards of a statement read through Inputs.
type Temp struct {
	set *Set
	// Catalog has their definitions.
	Catalog *catalog.Temp
	// limit is how much memory they may take, 0 = any; held is what the committed rows take.
	limit  func() int64
	held   atomic.Int64
	tables map[catalog.OID]*Table
	// commits is the version of the rows.
	commits log.CommitSeq
}

// NewTemp makes an empty one, for a session of that number; limit, if not nil, is asked how many bytes its tables may take.
func (s *Set) NewTemp(session string, limit func() int64) *Temp {
	return &Temp{set: s, Catalog: s.catalog.NewTemp(session), limit: limit, tables: map[catalog.OID]*Table{}}
}

// Over begins the use of a Tx by a session with temporary tables.
func (tx *Tx) Over(t *Temp) *Tx {
	tx.temp = t
	return tx
}

// WroteTemporary reports whether the Tx has written to a temporary table.
func (tx *Tx) WroteTemporary() bool {
	return slices.ContainsFunc(tx.touched, func(o *overlay) bool { return o.t.temp != nil })
}

// options of the arrangements of temporary tables: what they hold is counted, and no version is kept but the newest.
func (t *Temp) options() state.Options {
	o := t.set.options()
	o.History = false
	under, reserve := o.Account, o.Reserve
	if reserve == nil {
		reserve = under
	}
	count := func(ask func(int64) error) func(int64) error {
		return func(bytes int64) error {
			if ask != nil {
				if err := ask(bytes); err != nil {
					return err
				}
			}
			t.held.Add(bytes)
			t.set.temporary.bytes.Add(bytes)
			return nil
		}
	}
	o.Account, o.Reserve = count(under), count(reserve)
	return o
}

// room refuses so many bytes more than the tables have.
func (t *Temp) room(bytes int64) error {
	if t.limit == nil {
		return nil
	}
	limit := t.limit()
	if limit == 0 || t.held.Load()+bytes <= limit {
		return nil
	}
	t.set.temporary.refused.Add(1)
	return sqlerr.New(sqlerr.OutOfMemory, "out of memory").
		WithDetail("The temporary tables of the session exceed temp_table_memory (%d bytes).", limit).
		WithHint("Drop or truncate some, or raise the setting.")
}

// table finds a temporary table that has been committed, nil if there is none.
func (t *Temp) table(oid catalog.OID) *Table {
	if t == nil {
		return nil
	}
	return t.tables[oid]
}

// Rows is about how many rows a temporary table has for a Tx, nil = for who has none.
func (t *Temp) Rows(tx *Tx, oid catalog.OID) (rows int64, ok bool) {
	tb := t.tables[oid]
	if tx != nil {
		if own := tx.ownTable(oid); own != nil {
			tb = own
		}
	}
	if tb == nil {
		return 0, false
	}
	if view, err := tb.at(0, latest); err == nil {
		rows = view.Rows()
		view.Release()
	}
	if tx != nil && tx.byTable[oid] != nil {
		o := tx.byTable[oid]
		rows = max(0, rows+int64(o.news.Len()-o.olds.Len()))
	}
	return rows, true
}

// Free gives back everything.
func (t *Temp) Free() {
	t.Catalog.Forget()
	for oid := range t.tables {
		t.drop(oid)
	}
}

func (t *Temp) drop(oid catalog.OID) {
	if old := t.tables[oid]; old != nil {
		old.free(old.now())
		delete(t.tables, oid)
		t.set.temporary.tables.Add(-1)
	}
}

// put makes a table that a Tx had of its own the one that is committed.
func (t *Temp) put(own *Table) {
	t.drop(own.oid)
	own.handed = true
	t.tables[own.oid] = own
	t.set.temporary.tables.Add(1)
}

// Inputs puts temporary relations before those of everybody.
func (t *Temp) Inputs(base source.Inputs) source.Inputs {
	if t == nil || t.Catalog.Empty() {
		return base
	}
	return &tempInputs{Inputs: base, temp: t}
}

type tempInputs struct {
	source.Inputs
	temp *Temp
}

func (in *tempInputs) Relation(id plan.RelationID) (*catalog.Relation, error) {
	if rel, ok := in.temp.Catalog.ByOID(catalog.OID(id)); ok {
		return rel, nil
	}
	return in.Inputs.Relation(id)
}

func (in *tempInputs) Contents(id, index plan.RelationID, v log.CommitSeq) (state.View, error) {
	if t := in.temp.tables[catalog.OID(id)]; t != nil {
		view, ix, err := t.open(catalog.OID(index), latest)
		if err != nil {
			return nil, err
		}
		return ix.shown(view), nil
	}
	return in.Inputs.Contents(id, index, v)
}

func (in *tempInputs) Errors(id plan.RelationID, v log.CommitSeq) (state.View, error) {
	if in.temp.tables[catalog.OID(id)] != nil {
		return nil, nil
	}
	return in.Inputs.Errors(id, v)
}

// temporaries counts what all sessions have.
type temporaries struct {
	tables, bytes atomic.Int64
	refused       atomic.Uint64
}

// TemporaryStats is what the temporary tables of all sessions take, and how often a session was refused more of it.
type TemporaryStats struct {
	Tables, Bytes int64
	Refused       uint64
}

// Temporary tells of the temporary tables of all sessions.
func (s *Set) Temporary() TemporaryStats {
	return TemporaryStats{s.temporary.tables.Load(), s.temporary.bytes.Load(), s.temporary.refused.Load()}
}
