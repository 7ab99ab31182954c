package lane

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// viewOut keeps what a view's flow puts out: its rows, and the rows that are errors.
type viewOut struct {
	contents *state.RunSet
	errs     *rowErrors
	width    int  // visible columns; a flow may put out more
	took     bool // something came since the last publish
	memory   *memory.Owner
}

// newViewOut makes the outputs of a view, empty. onDamage is called with those that could not be read.
func newViewOut(rel *catalog.Relation, owner *memory.Owner, merges *state.Pool, beside state.Beside, bound lateBound, onDamage func(out *viewOut, err error)) *viewOut {
	v := &viewOut{memory: owner}
	options := state.Options{History: true, Account: owner.Charge, Merges: merges, Beside: beside, OnDamage: func(err error) { onDamage(v, err) }}
	row := make([]sqltype.OID, len(rel.Columns))
	all := make([]int, len(rel.Columns))
	for i := range rel.Columns {
		row[i], all[i] = rel.Columns[i].Type.OID, i
	}
	key := rel.PrimaryKey
	if len(key) == 0 {
		key = all
	}
	v.contents, v.errs, v.width = state.NewArrangement(row, key, options), newRowErrors(options, bound), len(row)
	return v
}

// Emit takes a delta of the view.
func (v *viewOut) Emit(d *delta.Batch) error {
	v.took = true
	if d.Rows() > 0 {
		visible := *d
		visible.Cols = d.Cols[:v.width]
		visible.Errs = nil
		if err := v.contents.Append(&visible); err != nil {
			return err
		}
	}
	return v.errs.add(d)
}

// publish makes what came the contents at version to.
func (v *viewOut) publish(ctx context.Context, to log.CommitSeq) error {
	return errors.Join(v.contents.Publish(to), v.errs.publish(ctx, to))
}

func (v *viewOut) keep(from log.CommitSeq) {
	v.contents.Keep(from)
	v.errs.set.Keep(from)
}
