package lane

import (
	"errors"

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

// outputs are what a member keeps as it is now: one that is built again gets others, which are not whole before it
// has come to v. Whoever waited for that before may find that it has begun again since.
func (in *liveInputs) outputs(id plan.RelationID, v log.CommitSeq) (view *viewOut, errs *rowErrors, err error) {
	in.r.mu.Lock()
	defer in.r.mu.Unlock()
	m := in.r.mu.members[catalog.OID(id)]
	if m == nil {
		return nil, nil, nil
	}
	if m.view != nil && !in.r.reachedLocked(m, v) {
		return nil, nil, m.beingRebuilt()
	}
	return m.view, m.rowErrs(), nil
}

// errBeginsAgain is why a view does not have a version that it had.
var errBeginsAgain = errors.New("it has begun again")

func (m *member) beingRebuilt() error {
	e := sqlerr.New(sqlerr.BeingRebuilt, "%s %q is being built again", m.rel.Kind, m.named().Name).WithHint("Try again.")
	e.Cause = errBeginsAgain
	return e
}

func (in *liveInputs) Contents(id, index plan.RelationID, v log.CommitSeq) (state.View, error) {
	view, _, err := in.outputs(id, v)
	if err != nil {
		return nil, err
	}
	if view != nil {
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
	_, errs, err := in.outputs(plan.RelationID(rel.OID), v)
	if err != nil {
		return nil, err
	}
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
