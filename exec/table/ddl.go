package table

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// DDL is what the Tx does to the catalog; it is committed with the rows. Who changes a relation through it holds its
// lock, and who gives one a name the name's.
func (tx *Tx) DDL() *catalog.Txn {
	if tx.ddl == nil {
		var temp *catalog.Temp
		if tx.temp != nil {
			temp = tx.temp.Catalog
		}
		tx.ddl = tx.set.catalog.BeginOver(temp)
	}
	return tx.ddl
}

// ChangesCatalog reports whether the Tx sees another catalog than everybody.
func (tx *Tx) ChangesCatalog() bool { return tx != nil && tx.ddl != nil && !tx.ddl.Empty() }

// logsCatalog reports whether others see the change with the commit.
func (tx *Tx) logsCatalog() bool { return tx.ChangesCatalog() && tx.ddl.Logged() }

// isTemporary reports whether a table is one of the session alone, or an index an index of one.
func (tx *Tx) isTemporary(oid catalog.OID) bool {
	if tx.temp == nil {
		return false
	}
	if _, ok := tx.temp.Catalog.ByOID(oid); ok {
		return true
	}
	if !tx.ChangesCatalog() {
		return false
	}
	rel, ok := tx.ddl.At().ByOID(oid)
	return ok && rel.Temporary()
}

// sees reports whether a relation is there for the Tx.
func (tx *Tx) sees(oid catalog.OID) bool {
	if tx.ddl == nil || tx.ddl.Empty() {
		return true // its lock is held
	}
	_, there := tx.ddl.At().ByOID(oid)
	return there
}

// Table finds a table that the Tx sees: one of the set, or one that it has made.
func (tx *Tx) Table(ctx context.Context, oid catalog.OID) (*Table, error) {
	if t := tx.ownTable(oid); t != nil {
		return t, nil
	}
	if t := tx.temp.table(oid); t != nil {
		return t, nil
	}
	return tx.set.Get(ctx, oid)
}

// ownTable is a table that the Tx has made, nil if it did not. It has no rows but those of the Tx: at the commit the
// set makes another one, of the changelog.
func (tx *Tx) ownTable(oid catalog.OID) *Table {
	if tx.ddl == nil {
		return nil
	}
	if !tx.ddl.Created(oid) {
		if tx.sees(oid) {
			return tx.own[oid] // one that it gave another form
		}
		return nil
	}
	t := tx.own[oid]
	if t == nil {
		rel, _ := tx.ddl.At().ByOID(oid)
		if rel.Kind != catalog.KindTable {
			return nil
		}
		if rel.Temporary() {
			t = tx.temp.newTable(rel, tx.ddl.At().Indexes(oid), tx.ddl.At())
		} else {
			t = newTable(tx.set, rel, tx.ddl.At().Indexes(oid), tx.ddl.At())
		}
		if tx.own == nil {
			tx.own = map[catalog.OID]*Table{}
		}
		tx.own[oid] = t
	}
	return t
}

// dropMade gives back what the Tx has made and nobody has taken over.
func (tx *Tx) dropMade() {
	for _, o := range tx.touched {
		for _, ix := range o.indexes {
			if ix.own {
				ix.rows.Free()
			}
		}
	}
	for _, t := range tx.own {
		if !t.handed {
			t.free(t.now())
		}
	}
	for i := range tx.reformed {
		tx.reformed[i].free()
	}
}

// publishing is a commit that changes the catalog, from the moment when it is its turn.
type publishing struct {
	tx        *Tx
	done      func()
	installed []*index
	of        []*Table // of installed
}

// publish waits for the turn of the Tx to change the catalog, nil if it does not, and installs the indexes that it has made.
func (tx *Tx) publish(ctx context.Context) (*publishing, error) {
	if !tx.logsCatalog() {
		return nil, nil
	}
	p := &publishing{tx: tx, done: func() {}}
	if err := p.install(ctx); err != nil {
		p.fail()
		return nil, err
	}
	done, err := tx.set.catalog.Turn(ctx)
	if err != nil {
		p.fail()
		return nil, err
	}
	p.done = done
	p.hand()
	return p, nil
}

// install puts indexes where they will be maintained. No commit of their tables is under way, and nobody reads them before
// the catalog has them.
func (p *publishing) install(ctx context.Context) error {
	for _, o := range p.tx.touched {
		if o.t.temp != nil || p.tx.own[o.t.oid] != nil || !p.tx.sees(o.t.oid) {
			continue
		}
		for _, ix := range o.indexes {
			if !ix.own || !p.tx.sees(ix.rel.OID) {
				continue
			}
			from := o.t.now()
			made := ix
			if ix.from != from { // it has rows of the Tx too, or the table was made anew
				var err error
				if made, err = o.t.filled(ctx, from, ix.rel, ix.more); err != nil {
					return err
				}
			}
			made.own = false
			if err := o.t.addIndex(ctx, from, made); err != nil {
				made.rows.Free()
				return err
			}
			p.installed, p.of = append(p.installed, made), append(p.of, o.t)
		}
	}
	return nil
}

// changes puts what the Tx does to the catalog into its entry.
func (p *publishing) changes(e *log.Entry) error {
	if p == nil {
		return nil
	}
	p.tx.ddl.At() // over what others have committed
	changes, err := p.tx.ddl.Entry()
	if err != nil {
		return err
	}
	e.Changes, e.Conds = changes.Changes, changes.Conds
	return nil
}

// fail takes back what was installed.
func (p *publishing) fail() {
	if p == nil {
		return
	}
	for i, ix := range p.installed {
		p.of[i].dropIndex(ix.rel.OID)
		ix.rows.Free()
	}
	p.takeBack()
	p.done()
}

// published is called when the commit is durable.
func (p *publishing) published() {
	if p == nil {
		return
	}
	s := p.tx.set
	s.mu.Lock()
	for i, ix := range p.installed {
		s.mu.tableOf[ix.rel.OID] = p.of[i].oid
		p.of[i].deltas.Store(true)
	}
	s.mu.Unlock()
	for _, t := range p.of {
		if t.rel().FromTopic {
			t.again() // its rows came from others meanwhile, whom no lock stops
		}
	}
	p.done()
}

// after calls fn when every table that the Tx has touched has commit v, or never will.
func (tx *Tx) after(tables []*Table, v log.CommitSeq, fn func()) {
	if !tx.logsCatalog() {
		whenReached(tables, v, fn)
		return
	}
	own := make([]catalog.OID, 0, len(tx.own))
	for oid := range tx.own {
		own = append(own, oid)
	}
	tx.set.following.Then(v, func() { // those of the Tx's own are there then
		for _, oid := range own {
			if t := tx.set.lookup(oid); t != nil {
				tables = append(tables, t)
			}
		}
		whenReached(tables, v, fn)
	})
}

// errMoved: another broker changed the catalog.
var errMoved = sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent change of the catalog")
