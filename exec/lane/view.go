package lane

import (
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
	errors   *state.RunSet
	width    int  // visible columns; a flow may put out more
	took     bool // something came since the last publish
	failed   *delta.BatchBuilder
	memory   *memory.Owner
}

func newViewOut(rel *catalog.Relation, owner *memory.Owner) *viewOut {
	row := make([]sqltype.OID, len(rel.Columns))
	all := make([]int, len(rel.Columns))
	for i := range rel.Columns {
		row[i], all[i] = rel.Columns[i].Type.OID, i
	}
	key := rel.PrimaryKey
	if len(key) == 0 {
		key = all
	}
	contents := state.NewArrangement(row, key, state.Options{History: true, Account: owner.Charge})
	errorRow := []sqltype.OID{sqltype.Text, sqltype.Text}
	failures := state.NewArrangement(errorRow, []int{0, 1}, state.Options{History: true, Account: owner.Charge})
	return &viewOut{
		contents: contents, errors: failures, width: len(row),
		failed: delta.NewBatchBuilder(errorRow), memory: owner,
	}
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
	if len(d.Errs) == 0 {
		return nil
	}
	v.failed.Clear()
	for _, e := range d.Errs {
		v.failed.Cols[0].AppendString(string(e.Err.Code))
		v.failed.Cols[1].AppendString(e.Err.Message)
		v.failed.End(d.Weight(e.Row))
	}
	rows := v.failed.Batch()
	return v.errors.Append(&rows)
}

// publish makes what came the contents at version to.
func (v *viewOut) publish(to log.CommitSeq) error {
	return errors.Join(v.contents.Publish(to), v.errors.Publish(to))
}

func (v *viewOut) discard() {
	v.contents.Discard()
	v.errors.Discard()
}

func (v *viewOut) keep(from log.CommitSeq) {
	v.contents.Keep(from)
	v.errors.Keep(from)
}

// drop gives the memory back. Readers that still have a version pinned keep it from the garbage
// collector only.
func (v *viewOut) drop() { v.memory.Drop() }
