package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// touchedKeys are the keys of the rows that a tick has changed, each once.
type touchedKeys struct {
	cols []int
	set  *state.FlatSet
	env  exec.Env
	all  []int32
}

// open forgets all; keys are the columns cols of rows of types.
func (t *touchedKeys) open(env exec.Env, types []sqltype.OID, cols []int) {
	if t.set != nil {
		t.set.Clear() // a run that failed left it
	}
	key := make([]sqltype.OID, len(cols))
	for i, c := range cols {
		key[i] = types[c]
	}
	t.cols, t.env, t.set = cols, env, state.NewFlat(key, nil, state.Options{Account: env.Account})
}

func (t *touchedKeys) add(rows *delta.Batch) error {
	live := liveRows(rows, &t.all)
	return t.set.Probe(pickColumns(rows.Cols, t.cols), live, true, make([]state.Slot, len(live)))
}

// each visits the keys, one row of constant columns each.
func (t *touchedKeys) each(visit func(key []delta.Column) error) (err error) {
	one := make([]delta.Column, len(t.cols))
	scanned := t.set.Scan(func(slots []state.Slot) bool {
		keys := t.set.Keys(slots)
		for row := range int32(len(slots)) {
			for i := range keys {
				one[i] = delta.ConstFrom(&keys[i], row, 1)
			}
			if err = visit(one); err != nil {
				return false
			}
		}
		return true
	})
	return errsFirst(err, scanned)
}

func (t *touchedKeys) clear() { t.set.Clear() }

func (t *touchedKeys) count() int { return t.set.Len() }
