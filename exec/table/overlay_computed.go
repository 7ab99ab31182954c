package table

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
)

// newsComputed is what an index computes of the new rows of an overlay, one row each.
type newsComputed struct {
	values *delta.BatchBuilder // NULL of a row that the index does not have
	has    []bool
}

// computes has the overlay keep what an index computes, if it does.
func (o *overlay) computes(ix *index) {
	if ix.more == nil {
		return
	}
	if o.computed == nil {
		o.computed = map[catalog.OID]*newsComputed{}
	}
	o.computed[ix.rel.OID] = &newsComputed{values: delta.NewBatchBuilder(ix.more.types)}
}

// computeNews computes for an index that is new the rows that the overlay has already.
func (o *overlay) computeNews(ix *index) error {
	o.computes(ix)
	n := o.computed[ix.rel.OID]
	if ix.more == nil {
		return nil
	}
	news := o.news.Batch()
	in, err := ix.place(&news)
	if err != nil {
		return err
	}
	for row := range int32(news.Len) {
		n.add(ix, &in, row)
	}
	return nil
}

func (n *newsComputed) add(ix *index, in *placed, row int32) {
	at := in.find(row)
	n.has = append(n.has, at >= 0)
	if at >= 0 {
		n.values.AppendRow(in.rows.Cols[len(ix.types)-len(ix.more.types):], at, 1)
		return
	}
	for _, c := range n.values.Cols {
		c.AppendNull()
	}
	n.values.End(1)
}

func (n *newsComputed) clear() {
	n.values.Clear()
	n.has = n.has[:0]
}

// hasNew reports whether an index has a row of news.
func (o *overlay) hasNew(ix *index, row int32) bool {
	n := o.computed[ix.rel.OID]
	return n == nil || n.has[row]
}

// newsOf are the new rows as an index has them; those that it does not have are among them.
func (o *overlay) newsOf(ix *index) delta.Batch {
	news := o.news.Batch()
	if n := o.computed[ix.rel.OID]; n != nil {
		news.Cols = append(slices.Clip(news.Cols), n.values.Batch().Cols...)
	}
	return news
}
