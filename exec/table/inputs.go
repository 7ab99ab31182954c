package table

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Inputs puts the Tx's own rows over base, for the statements of the Tx, and gives it what it has made.
func (tx *Tx) Inputs(base source.Inputs) source.Inputs {
	if tx == nil || len(tx.touched) == 0 && tx.ddl == nil {
		return base
	}
	return &inputs{Inputs: base, tx: tx}
}

type inputs struct {
	source.Inputs
	tx *Tx
}

func (in *inputs) Relation(id plan.RelationID) (*catalog.Relation, error) {
	if in.tx.ddl != nil {
		if rel, ok := in.tx.ddl.At().ByOID(catalog.OID(id)); ok {
			return rel, nil
		}
	}
	return in.Inputs.Relation(id)
}

func (in *inputs) Contents(id, indexID plan.RelationID, v log.CommitSeq) (state.View, error) {
	o := in.tx.byTable[catalog.OID(id)]
	if own := in.tx.ownTable(catalog.OID(id)); own != nil && o == nil {
		view, ix, err := own.open(catalog.OID(indexID), latest) // the Tx has written nothing to it
		if err != nil {
			return nil, err
		}
		return ix.shown(view), nil
	}
	at := 0 // of the index among the overlay's, 1 = the first
	if o != nil && indexID != 0 {
		at = 1 + slices.IndexFunc(o.indexes, func(ix *index) bool { return ix.rel.OID == catalog.OID(indexID) })
	}
	view, err := in.base(o, at, id, indexID, v)
	if err != nil || o == nil {
		return view, err
	}
	if at == 0 {
		return &overlayView{View: state.With(view, o.staged[0].runs...), o: o, key: o.t.Key()}, nil
	}
	ix := o.indexes[at-1]
	if _, cut := view.(*tableRows); !cut {
		view = ix.shown(state.With(view, o.staged[at].runs...))
	} else if rows := view.(*tableRows); len(o.staged[at].runs) > 0 {
		rows.View = state.With(rows.View, o.staged[at].runs...)
	}
	return &overlayView{View: view, o: o, key: ix.key, ix: ix}, nil
}

// base opens what the overlay lies over.
func (in *inputs) base(o *overlay, at int, id, indexID plan.RelationID, v log.CommitSeq) (state.View, error) {
	switch {
	case o != nil && at > 0 && o.indexes[at-1].own:
		return o.indexes[at-1].rows.At(v)
	case o != nil && in.tx.own[o.t.oid] != nil:
		return o.t.at(catalog.OID(indexID), latest)
	}
	return in.Inputs.Contents(id, indexID, v)
}

func (in *inputs) Errors(id plan.RelationID, v log.CommitSeq) (state.View, error) {
	if in.tx.ddl != nil && in.tx.ddl.Created(catalog.OID(id)) {
		return nil, nil
	}
	return in.Inputs.Errors(id, v)
}
