package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// mergeSorted puts together what several shards have sorted.
type mergeSorted struct {
	env  exec.Env
	ins  []*sortedInput // one each: the keys of a batch stay until its input's next
	made *delta.BatchBuilder
}

// Merge makes the far side of an exchange that gathers rows in an order.
func Merge(x *plan.Exchange, inputs int) (flow.Merger, error) {
	m := &mergeSorted{made: delta.NewBatchBuilder(fieldTypes(&x.P))}
	for range inputs {
		m.ins = append(m.ins, newSortedInput(x.Input.Props(), x.Order))
	}
	return m, nil
}

func (m *mergeSorted) Open(env exec.Env) error {
	m.env = env
	for _, in := range m.ins {
		if err := in.open(env); err != nil {
			return err
		}
	}
	return nil
}

// keyedReader gives the rows of an input with their keys.
type keyedReader struct {
	in   *sortedInput
	next func(d *delta.Batch) (bool, error)
}

func (r *keyedReader) Next(d *delta.Batch) (bool, error) {
	var rows delta.Batch
	more, err := r.next(&rows)
	if !more || err != nil {
		return false, err
	}
	*d, _, err = r.in.extend(&rows) // a key that fails has failed in the sort already
	return true, err
}

// Merge implements flow.Merger.
func (m *mergeSorted) Merge(next []func(d *delta.Batch) (bool, error), out exec.Out) error {
	readers := make([]runReader, len(next))
	for i := range next {
		readers[i] = &keyedReader{m.ins[i], next[i]}
	}
	merger, err := newMerger(state.NewRowOrder(m.ins[0].types, nil, m.ins[0].order), readers)
	for more := err == nil; more && err == nil; {
		if err = m.env.Meter().Breathe(); err != nil {
			return err
		}
		m.made.Clear()
		if more, err = merger.next(m.made, outRows); err != nil {
			return err
		}
		if m.made.Len() > 0 {
			d := m.made.Batch()
			err = out.Emit(&d)
		}
	}
	return err
}
