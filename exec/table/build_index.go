package table

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// BuildIndex makes an index that the Tx has put into the catalog, over the rows that the Tx sees of a table which it has
// locked exclusively. The Tx writes it, reads it and obeys it from now on; others have it with the commit. With key
// its columns must have no NULL.
func (tx *Tx) BuildIndex(ctx context.Context, t *Table, rel *catalog.Relation, key bool) error {
	o, err := tx.touch(ctx, t)
	if err != nil {
		return err
	}
	made := t.indexOf(t.now(), rel, computing(tx.relation(t).Relation, rel, tx.ddl.At()))
	made.own = true
	if len(o.staged[0].runs) == 0 && tx.own[t.oid] == nil {
		made.from = t.now()
	}
	if err := o.fillIndex(ctx, made); err != nil {
		made.rows.Free()
		return err
	}
	i := len(o.indexes)
	o.indexes, o.staged, o.taken = append(o.indexes, made), append(o.staged, stagedRuns{}), append(o.taken, nil)
	if err = o.computeNews(made); err == nil && rel.Unique {
		o.taken[i] = newTaken(made)
		err = o.checkOwn(ctx, i)
	}
	if err == nil && key {
		err = o.checkKeyed(ctx, made)
	}
	if err != nil {
		o.indexes, o.staged, o.taken = o.indexes[:i], o.staged[:i+1], o.taken[:i]
		made.rows.Free()
	}
	return err
}

// fillIndex copies the rows of the table and what the Tx has staged, and refuses two that share a unique key, those
// aside that the Tx has taken out.
func (o *overlay) fillIndex(ctx context.Context, made *index) error {
	view, err := o.newest(0)
	if err != nil {
		return err
	}
	defer view.Release()
	if err := fill(ctx, made, view); err != nil || !made.rel.Unique {
		return err
	}
	last := delta.NewBatchBuilder(made.types)
	return eachRow(ctx, made.rows, func(rows *delta.Batch, row int32) error {
		if gone, err := o.tookOut(rows, row); err != nil || gone {
			return err
		}
		before := last.Batch()
		same := before.Len > 0 && !made.free(pick(rows.Cols, made.key), row)
		for _, c := range made.key {
			same = same && delta.EqualKey(&before.Cols[c], 0, &rows.Cols[c], row)
		}
		if same {
			return o.notUnique(made, rows, row)
		}
		last.Clear()
		last.AppendRow(rows.Cols, row, 1)
		return nil
	})
}

// eachRow visits the newest rows of an arrangement in its order.
func eachRow(ctx context.Context, set *state.RunSet, visit func(rows *delta.Batch, row int32) error) error {
	view, err := set.At(latest)
	if err != nil {
		return err
	}
	defer view.Release()
	cur, err := view.Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		if err := rows.EachRow(func(row int32) error { return visit(&rows, row) }); err != nil {
			return err
		}
	}
	return nil
}

// checkOwn counts the rows that the Tx holds into a unique index that is new, i, and refuses a second one of a key.
func (o *overlay) checkOwn(ctx context.Context, i int) error {
	ix := o.indexes[i]
	news := o.newsOf(ix)
	for row := range int32(news.Len) {
		if !o.live(int(row)) || !o.hasNew(ix, row) {
			continue
		}
		if ix.free(pick(news.Cols, ix.key), row) {
			if err := o.countIn(i, row, 1); err != nil {
				return err
			}
			continue
		}
		var s [1]state.Slot
		if err := o.taken[i].Probe(pick(news.Cols, ix.key), []int32{row}, false, s[:]); err != nil {
			return err
		}
		if s[0] != state.NoSlot && o.taken[i].Int64(takenCount).At(s[0]) > 0 {
			return o.notUnique(ix, &news, row)
		}
		if err := o.countIn(i, row, 1); err != nil {
			return err
		}
	}
	own := o.liveRows()
	in, err := ix.place(&own)
	if err != nil {
		return err
	}
	has, err := o.tx.inIndex(ctx, o, i, &in, own.Len)
	for row := range has {
		if has[row] {
			return o.notUnique(ix, &in.rows, in.find(int32(row)))
		}
	}
	return err
}

func (o *overlay) notUnique(ix *index, rows *delta.Batch, row int32) error {
	r := o.tx.relation(o.t)
	return sqlerr.New(sqlerr.UniqueViolation, "could not create unique index %q", ix.rel.Name).
		WithDetail("Key (%s)=(%s) is duplicated.", r.keyNames(ix), rowText(pick(rows.Cols, ix.key), row, "null")).
		About(r.object("", ix.rel.Name))
}

// checkKeyed refuses a NULL in the columns of a key.
func (o *overlay) checkKeyed(ctx context.Context, ix *index) error {
	r := o.tx.relation(o.t)
	check := func(rows *delta.Batch, row int32) error {
		for _, c := range ix.key {
			if rows.Cols[c].Null(row) {
				return sqlerr.New(sqlerr.NotNullViolation, "column %q of relation %q contains null values", r.Columns[c].Name, r.Name).
					About(r.object(r.Columns[c].Name, ""))
			}
		}
		return nil
	}
	own := o.liveRows()
	if err := own.EachRow(func(row int32) error { return check(&own, row) }); err != nil {
		return err
	}
	return eachRow(ctx, ix.rows, func(rows *delta.Batch, row int32) error {
		if gone, err := o.tookOut(rows, row); err != nil || gone {
			return err
		}
		return check(rows, row)
	})
}
