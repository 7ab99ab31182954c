package op_test

import (
	"context"
	"testing"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/temprun"
)

// repeated is a source that gives batches over and over, so many in all.
type repeated struct {
	batches []delta.Batch
	count   int
	at      int
}

func (s *repeated) Open(exec.Env) error                    { return nil }
func (s *repeated) Begin(context.Context, exec.Tick) error { s.at = 0; return nil }
func (s *repeated) Close() error                           { return nil }
func (s *repeated) Progress() exec.Progress {
	return exec.Progress{Watermark: exec.NoWatermark, Done: true}
}

func (s *repeated) Next(_ context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if s.at < s.count {
		*dst = s.batches[s.at%len(s.batches)]
		s.at++
	}
	return s.at < s.count, nil
}

// metered is how a plan is run in a flow of the real kind.
type metered struct {
	once    bool
	account *memory.Account
	limit   int64
	work    int64 // memory before rows go to space
	space   *temprun.Space
	out     func(*delta.Batch) // nil: what comes is thrown away
}

// run runs a plan, leaf n reading source n, and holds that everything is given back.
func (r metered) run(t *testing.T, ctx context.Context, root plan.Node, sources ...*repeated) error {
	t.Helper()
	m := meter.New(r.account.Limited("statement_memory", r.limit), nil)
	states := flow.NewStates(m.Charge, nil)
	f, err := flow.New(root, flow.Builder{
		Operator: op.Build,
		Source:   func(n plan.Node) (exec.Source, error) { return sources[n.(*plan.Scan).Relation], nil },
	}, states)
	if err != nil {
		t.Fatal(err)
	}
	values := flow.Values{RunOnce: r.once, Session: &plan.Settings{}, Meter: m, WorkMemory: r.work}
	if r.space != nil {
		values.Temp = r.space.File(0)
	}
	err = f.Open(flow.Env{Values: values})
	if err == nil {
		_, err = f.Run(ctx, exec.Tick{To: 1, Once: r.once}, flow.OutFunc(func(d *delta.Batch) error {
			if r.out != nil {
				r.out(d)
			}
			return nil
		}))
	}
	states.Drop()
	if closed := f.Close(); closed != nil {
		t.Fatal(closed)
	}
	if values.Temp != nil {
		if left := values.Temp.Bytes(); err == nil && left != 0 {
			t.Errorf("%d bytes of temporary runs are left at the end", left)
		}
		if closed := values.Temp.Close(); closed != nil {
			t.Fatal(closed)
		}
		if s := r.space.Stats(); s.Files != 0 || s.Bytes != 0 {
			t.Errorf("%+v of temporary runs are left", s)
		}
	}
	if r.account.Used() != 0 {
		t.Fatalf("%d bytes are still charged", r.account.Used())
	}
	return err
}
