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

// metered runs a plan in a flow of the real kind, leaf n reading source n, under a limit of memory;
// what it puts out is thrown away. used is what is charged when it is closed.
func metered(t *testing.T, ctx context.Context, root plan.Node, once bool, account *memory.Account, limit int64, sources ...*repeated) error {
	t.Helper()
	owner := account.Limited("statement_memory", limit)
	m := meter.New(owner, nil)
	states := flow.NewStates(m.Charge, nil)
	f, err := flow.New(root, flow.Builder{
		Operator: op.Build,
		Source:   func(n plan.Node) (exec.Source, error) { return sources[n.(*plan.Scan).Relation], nil },
	}, states)
	if err != nil {
		t.Fatal(err)
	}
	err = f.Open(flow.Env{Values: flow.Values{RunOnce: once, Session: &plan.Settings{}, Meter: m}})
	if err == nil {
		_, err = f.Run(ctx, exec.Tick{To: 1, Once: once}, flow.OutFunc(func(*delta.Batch) error { return nil }))
	}
	states.Drop()
	if closed := f.Close(); closed != nil {
		t.Fatal(closed)
	}
	if account.Used() != 0 {
		t.Fatalf("%d bytes are still charged", account.Used())
	}
	return err
}
