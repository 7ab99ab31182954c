package table

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// Verify holds an index of a table against its rows, in the newest version of both. If it has others the table is made anew from its
// changelog, which Verify waits for.
func (s *Set) Verify(ctx context.Context, oid, index catalog.OID) error {
	t, err := s.Get(ctx, oid)
	if err != nil {
		return err
	}
	wrong, err := t.differs(ctx, index)
	if err != nil || wrong == "" {
		return err
	}
	t.hurt(sqlerr.New(sqlerr.IndexCorrupted, "index %d of table %q %s", index, t.rel().Name, wrong))
	for {
		tr := t.trouble.Load()
		if tr == nil {
			return nil
		}
		if tr.stands {
			return tr.reason(t.rel())
		}
		select {
		case <-tr.over:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// differs tells what is wrong with an index, "" = nothing.
func (t *Table) differs(ctx context.Context, index catalog.OID) (string, error) {
	t.work.Lock() // no delivery comes between the two versions
	rows, err := t.at(0, latest)
	if err != nil {
		t.work.Unlock()
		return "", err
	}
	defer rows.Release()
	view, ix, err := t.open(index, latest)
	t.work.Unlock()
	if err != nil {
		return "", err
	}
	defer view.Release()
	want := int64(0)
	missing, err := t.eachPlaced(ctx, ix, rows, func(in *placed) (int, error) {
		want += int64(in.rows.Len)
		return lacking(ctx, ix, view, in)
	})
	switch {
	case err != nil:
		return "", err
	case missing > 0:
		return fmt.Sprintf("lacks %d rows", missing), nil
	case view.Rows() != want:
		return fmt.Sprintf("has %d rows instead of %d", view.Rows(), want), nil
	}
	return "", nil
}

// eachPlaced visits the rows of a table as an index should have them, and sums up what visit gives.
func (t *Table) eachPlaced(ctx context.Context, ix *index, rows state.View, visit func(in *placed) (int, error)) (sum int, err error) {
	cur, err := rows.Scan(ctx, state.Range{})
	if err != nil {
		return 0, err
	}
	defer cur.Close()
	var some delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &some); err != nil {
			return 0, err
		}
		if some.Len == 0 {
			continue
		}
		all := dense(&some, liveOf(&some))
		in, err := ix.place(&all)
		if err != nil {
			return 0, err
		}
		n, err := visit(&in)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func liveOf(rows *delta.Batch) (live []int32) {
	live = make([]int32, 0, rows.Rows())
	_ = rows.EachRow(func(row int32) error { // it fails with what the function gives
		live = append(live, row)
		return nil
	})
	return live
}

// lacking counts the rows that an index has not.
func lacking(ctx context.Context, ix *index, view state.View, in *placed) (int, error) {
	if in.rows.Len == 0 {
		return 0, nil
	}
	found := make([]bool, in.rows.Len)
	err := eachMatch(ctx, view, pick(in.rows.Cols, ix.key), in.rows.Len, func(rows *delta.Batch, row, key int32) error {
		found[key] = found[key] || delta.CompareRows(rows.Cols, row, in.rows.Cols, key) == 0
		return nil
	})
	n := 0
	for _, has := range found {
		if !has {
			n++
		}
	}
	return n, err
}
