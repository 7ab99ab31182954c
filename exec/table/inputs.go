package table

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Inputs puts the Tx's own rows over base, for the statements of the Tx.
func (tx *Tx) Inputs(base source.Inputs) source.Inputs {
	if tx == nil || len(tx.touched) == 0 {
		return base
	}
	return &inputs{Inputs: base, tx: tx}
}

type inputs struct {
	source.Inputs
	tx *Tx
}

func (in *inputs) Contents(id, indexID plan.RelationID, v log.CommitSeq) (state.View, error) {
	view, err := in.Inputs.Contents(id, indexID, v)
	if err != nil {
		return nil, err
	}
	o, ok := in.tx.byTable[catalog.OID(id)]
	if !ok {
		return view, nil
	}
	if indexID == 0 {
		return &overlayView{View: state.With(view, o.staged[0].runs...), o: o, key: o.t.key}, nil
	}
	for i, ix := range o.indexes {
		if ix.rel.OID == catalog.OID(indexID) {
			return &overlayView{View: state.With(view, o.staged[1+i].runs...), o: o, key: ix.key}, nil
		}
	}
	view.Release()
	return nil, o.sameIndexes() // it is younger than the first write
}
