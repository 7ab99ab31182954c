package lane

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// SystemRows are the rows of a system relation.
type SystemRows = source.SystemRows

// liveInputs opens relations as they are in this process.
type liveInputs struct{ r *Runtime }

var _ source.Inputs = (*liveInputs)(nil)

// Inputs gives one-shot queries what a Pin holds.
func (r *Runtime) Inputs() source.Inputs { return &r.inputs }

func (in *liveInputs) Relation(id plan.RelationID) (*catalog.Relation, error) {
	rel, ok := in.r.cfg.Catalog.Now().ByOID(catalog.OID(id))
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation with OID %d does not exist", id)
	}
	return rel, nil
}

// outputs are what a member keeps as it is now: one that is built again gets others.
func (in *liveInputs) outputs(id plan.RelationID) (view *viewOut, errs *rowErrors) {
	in.r.mu.Lock()
	defer in.r.mu.Unlock()
	m := in.r.mu.members[catalog.OID(id)]
	if m == nil {
		return nil, nil
	}
	return m.view, m.rowErrs()
}

func (in *liveInputs) Contents(id, index plan.RelationID, v log.CommitSeq) (state.View, error) {
	if view, _ := in.outputs(id); view != nil {
		return view.contents.At(v)
	}
	return in.r.cfg.Tables.At(in.r.ctx, catalog.OID(id), catalog.OID(index), v)
}

func (in *liveInputs) Errors(id plan.RelationID, v log.CommitSeq) (state.View, error) {
	rel, err := in.Relation(id)
	if err != nil {
		return nil, err
	}
	shown := rel.Kind == catalog.KindErrors // its own error relation shows them even when skipped
	if shown {
		if rel, err = in.Relation(plan.RelationID(rel.Parent)); err != nil {
			return nil, err
		}
	}
	_, errs := in.outputs(plan.RelationID(rel.OID))
	if errs == nil || (rel.OnErrorSkip && !shown) {
		return nil, nil
	}
	return errs.set.At(v)
}

func (in *liveInputs) System(id plan.RelationID) (source.SystemRows, error) {
	rows, ok := in.r.cfg.System(catalog.OID(id))
	if !ok {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "system relation with OID %d has no rows here", id)
	}
	return rows, nil
}

// hold opens everything of oid at v, to be released by the pin, and appends it to held; nothing for
// relations that are read from the log.
func (in *liveInputs) hold(held []state.View, oid catalog.OID, v log.CommitSeq) ([]state.View, error) {
	rel, err := in.Relation(plan.RelationID(oid))
	if err != nil {
		return nil, err
	}
	if rel.Kind != catalog.KindTable && rel.Kind != catalog.KindView && rel.Kind != catalog.KindErrors {
		return nil, nil
	}
	keep := func(view state.View, err error) error {
		if view != nil && err == nil {
			held = append(held, view)
		}
		return err
	}
	if rel.Kind != catalog.KindErrors {
		err = keep(in.Contents(plan.RelationID(oid), 0, v))
	}
	if err == nil && rel.Kind != catalog.KindTable {
		err = keep(in.Errors(plan.RelationID(oid), v))
	}
	if err != nil {
		for _, view := range held {
			view.Release()
		}
		return nil, err
	}
	return held, nil
}
