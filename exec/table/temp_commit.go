package table

import (
	"cmp"
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/state"
)

// keeping is what a commit does to the temporary tables of its session: made before the entry is committed, where it may fail, and done
// behind that, where it does not.
type keeping struct {
	tx      *Tx
	changes []tempChange
}

// tempChange is what the Tx did to one table: a run of each of the arrangements that it writes.
type tempChange struct {
	o    *overlay
	runs []*state.Prepared
	all  bool // it has no rows from the commit on
}

// prepareTemporary makes runs of what the Tx has written to temporary tables; nil if it has none.
func (tx *Tx) prepareTemporary(ctx context.Context) (*keeping, error) {
	if tx.temp == nil {
		return nil, nil
	}
	k := &keeping{tx: tx}
	breathe := func() error { return context.Cause(ctx) }
	for _, o := range tx.touched {
		if o.t.temp == nil || !tx.sees(o.t.oid) {
			continue
		}
		c := tempChange{o: o, all: tx.relation(o.t).OnCommit == catalog.DeleteRows}
		if !c.all {
			rows := o.delta()
			if rows.Rows() > 0 {
				var err error
				if c.runs, err = o.prepare(&rows, breathe); err != nil {
					k.discard()
					return nil, err
				}
			}
		}
		k.changes = append(k.changes, c)
	}
	return k, nil
}

// discard is for a commit that failed.
func (k *keeping) discard() {
	if k == nil {
		return
	}
	for _, c := range k.changes {
		for _, p := range c.runs {
			p.Discard()
		}
	}
}

// keep makes the tables what the Tx has made of them.
func (k *keeping) keep() error {
	if k == nil {
		return nil
	}
	tx, temp := k.tx, k.tx.temp
	if tx.ddl != nil {
		tx.ddl.KeepTemporary()
	}
	for oid, own := range tx.own {
		if own.temp != nil && tx.sees(oid) {
			temp.put(own)
		}
	}
	temp.commits++
	settle := tx.ChangesCatalog()
	var failed error
	for i := range k.changes {
		settle = settle || k.changes[i].all
		failed = cmp.Or(failed, k.changes[i].keep(temp))
	}
	if settle {
		temp.settle()
	}
	return failed
}

func (t *Temp) newTable(rel *catalog.Relation, indexes []*catalog.Relation, cat catalog.Reader) *Table {
	made := &Table{set: t.set, temp: t, oid: rel.OID, options: t.options()}
	made.def.Store(rel)
	made.nextRowID.Store(1)
	made.content.Store(made.empty(newForm(rel), indexes, cat))
	return made
}

// keep links the runs, and takes over the indexes that the Tx has made.
func (c *tempChange) keep(temp *Temp) error {
	t, now := c.o.t, c.o.t.now()
	if c.all {
		t.content.Store(t.empty(now.form, nil, nil)) // settle makes its indexes
		t.free(now)
		return nil
	}
	sets := c.o.arrangements()
	for _, ix := range c.o.indexes {
		if ix.own {
			ix.own, ix.from = false, nil
			now.indexes = append(now.indexes, ix)
		}
	}
	for i, p := range c.runs {
		if err := sets[i].Link(temp.commits, p); err != nil {
			return err
		}
	}
	return t.emptied()
}

// emptied gives back at once what a table without rows holds.
func (t *Table) emptied() error {
	view, err := t.at(0, latest)
	if err != nil {
		return err
	}
	rows := view.Rows()
	view.Release()
	if was := t.now(); rows == 0 {
		next := t.empty(was.form, nil, nil)
		for _, ix := range was.indexes {
			next.indexes = append(next.indexes, t.indexOf(next, ix.rel, ix.more))
		}
		t.content.Store(next)
		t.free(was)
	}
	return nil
}

// settle has the tables be those of the catalog, in their forms and with their indexes.
func (t *Temp) settle() {
	relations, indexes := map[catalog.OID]*catalog.Relation{}, map[catalog.OID][]*catalog.Relation{}
	for _, r := range t.Catalog.Relations() {
		relations[r.OID] = r
		if r.Kind == catalog.KindIndex {
			indexes[r.Parent] = append(indexes[r.Parent], r)
		}
	}
	for oid := range t.tables {
		if relations[oid] == nil {
			t.drop(oid)
		}
	}
	for oid, rel := range relations {
		if rel.Kind != catalog.KindTable {
			continue
		}
		if t.tables[oid] == nil { // it was made, and not used yet
			t.put(t.newTable(rel, nil, nil))
		}
		t.tables[oid].become(rel, indexes[oid])
	}
}

// become gives a temporary table its definition and its indexes of now. One that it has not got is of a table without rows.
func (t *Table) become(rel *catalog.Relation, indexes []*catalog.Relation) {
	t.def.Store(rel)
	now := t.now()
	was := now.indexes
	now.indexes = nil
	for _, r := range indexes {
		i := slices.IndexFunc(was, func(x *index) bool { return x.rel.OID == r.OID })
		if i < 0 {
			now.indexes = append(now.indexes, t.indexOf(now, r, computing(rel, r, t.set.catalog.Now())))
			continue
		}
		ix := *was[i]
		ix.rel, was = r, slices.Delete(slices.Clone(was), i, i+1)
		now.indexes = append(now.indexes, &ix)
	}
	for _, gone := range was {
		gone.rows.Free()
	}
}
