package lane

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/temprun"
)

// builder makes the parts of flows over the given inputs.
func (r *Runtime) builder(in source.Inputs, l log.Log) flow.Builder {
	return builder(source.Config{Log: l, Inputs: in})
}

func builder(cfg source.Config) flow.Builder {
	return flow.Builder{
		Operator: func(n plan.Node) (exec.Operator, error) {
			if j, ok := n.(*plan.Join); ok && j.Lookup != nil {
				return op.NewLookupJoin(j, cfg.Inputs.Contents)
			}
			return op.Build(n)
		},
		Source: func(n plan.Node) (exec.Source, error) { return source.Build(n, cfg) },
		Divide: func(n plan.Node, shards int, numbers *atomic.Int64) ([]exec.Source, error) {
			return source.Divide(n, cfg, shards, numbers)
		},
		Merge: op.Merge,
	}
}

// Run is how a plan is run once: at version At, which a Pin holds, over Inputs, with the
// session's settings and the statement's parameters.
type Run struct {
	At       log.CommitSeq
	Inputs   source.Inputs
	Settings *plan.Settings
	Args     []delta.Column
	// Meter bounds the statement; nil = not at all.
	Meter *meter.Meter
	// WorkMemory is what it may keep before rows go to temporary runs, 0 = everything; TempFileLimit
	// bounds those, 0 = not at all.
	WorkMemory, TempFileLimit int64
	// Shards is on how many shards it may run at most, 0 = the runtime's; and from how many rows of its
	// relations together it does.
	Shards       int
	MinShardRows int64

	// Trace, if not nil, is told what each node does.
	Trace *Trace

	temp *temprun.File
}

// Trace is what the nodes of a plan do in a run that somebody looks at.
type Trace struct {
	// Root is the plan that was run: the query's, with exchanges where it was divided.
	Root  plan.Node
	Nodes *flow.Trace
}

// Query runs a plan once and gives its rows to out: weights are positive, borrowed until Emit
// returns. A row error ends the run: the rows before it have come out, none behind it does.
func (r *Runtime) Query(ctx context.Context, q *plan.Query, run Run, out exec.Out) error {
	if run.Trace != nil {
		run.Trace.Root = q.Root
	} else if PointRead(q) {
		return r.queryAgain(ctx, q, run, out)
	}
	if r.cfg.Temp != nil && run.WorkMemory > 0 {
		run.temp = r.cfg.Temp.File(run.TempFileLimit)
		defer func() { _ = run.temp.Close() }() // nobody wants what is in it any more
	}
	if divided, shards, free := r.divide(ctx, q, run); divided != nil {
		defer free()
		if run.Trace != nil {
			run.Trace.Root = divided
		}
		return r.runShards(ctx, q, divided, shards, run, out)
	}
	states := flow.NewStates(run.Meter.Charge, nil)
	defer states.Drop()
	f, err := flow.New(q.Root, r.builder(run.Inputs, r.cfg.Log), states)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.runOnce(ctx, f, run, &result{width: len(q.Fields), out: out})
}

// queryAgain is Query with a flow that is kept from one run to the next.
func (r *Runtime) queryAgain(ctx context.Context, q *plan.Query, run Run, out exec.Out) error {
	ready, err := r.readyFlow(q)
	if err != nil {
		return err
	}
	ready.inputs.now = run.Inputs
	whole := false
	defer func() { r.putBack(ready, whole) }() // also when a panic passes
	ready.root.width, ready.root.out, ready.root.rows = len(q.Fields), out, 0
	err = r.runOnce(ctx, ready.flow, run, &ready.root)
	whole = err == nil && ready.root.rows <= maxFreeRows && few(run.Args)
	return err
}

// few: parameters so small that a flow which goes on holding them is still what it is charged for.
func few(args []delta.Column) bool {
	bytes := 0
	for i := range args {
		bytes += len(args[i].Data) + len(args[i].Var)
	}
	return bytes <= freeFlowBytes/2
}

// readyFlow is a flow of q that is not open.
func (r *Runtime) readyFlow(q *plan.Query) (*readyFlow, error) {
	if ready := r.free.take(q); ready != nil {
		return ready, r.cfg.Memory.Force(-freeFlowBytes)
	}
	ready := &readyFlow{plan: q, inputs: &inputSwitch{}}
	var err error
	ready.flow, err = flow.New(q.Root, r.builder(ready.inputs, r.cfg.Log), flow.NewStates(nil, nil))
	return ready, err
}

// putBack closes a flow, and keeps one whose run was whole while there is memory for it.
func (r *Runtime) putBack(ready *readyFlow, whole bool) {
	err := ready.flow.Close()
	ready.inputs.now, ready.root.out = nil, nil
	if !whole || err != nil || r.cfg.Memory.Charge(freeFlowBytes) != nil {
		return
	}
	if gone := r.free.put(ready); gone {
		_ = r.cfg.Memory.Force(-freeFlowBytes) // giving back never fails
	}
}

// runOnce opens a flow and runs it at one version.
func (r *Runtime) runOnce(ctx context.Context, f *flow.Flow, run Run, root *result) error {
	if err := f.Open(run.env()); err != nil {
		return err
	}
	_, err := f.Run(ctx, r.onceAt(run), root)
	return err
}

func (run *Run) env() flow.Env {
	env := flow.Env{Values: flow.Values{RunOnce: true, Session: run.Settings, Args: run.Args, Meter: run.Meter, WorkMemory: run.WorkMemory, Temp: run.temp}}
	if run.Trace != nil {
		env.Values.Trace = run.Trace.Nodes
	}
	return env
}

// onceAt is the one tick of a run.
func (r *Runtime) onceAt(run Run) exec.Tick {
	return exec.Tick{From: 0, To: run.At, Time: r.cfg.Log.CommitTime(run.At), Once: true}
}

// Check builds and opens a plan that is to run for ever over in, without running it: what no operator
// or function can do is known then.
func (r *Runtime) Check(q *plan.Query, in source.Inputs) error {
	states := flow.NewStates(r.cfg.Memory.Charge, nil)
	defer states.Drop()
	f, err := flow.New(q.Root, r.builder(in, r.cfg.Log), states)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Open(flow.Env{Values: flow.Values{Session: &q.Settings}})
}

// CanBegin refuses a plan over a view that has failed: who waits for its first tick would wait for that.
func (r *Runtime) CanBegin(q *plan.Query) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range q.Relations {
		if m := r.mu.members[catalog.OID(id)]; m != nil && m.state == memberFailed {
			return m.failure()
		}
	}
	return nil
}

// result is the root of a one-shot run: it cuts hidden columns off and ends at a row error, after
// the rows before it. Every weight of a one-shot run is positive, so no error is ever taken back.
type result struct {
	width int
	out   exec.Out
	sel   []int32
	rows  int // physical ones that came here

	visible delta.Batch
}

func (o *result) Emit(d *delta.Batch) error {
	o.rows += d.Len
	o.visible = *d
	visible := &o.visible
	visible.Cols = d.Cols[:o.width]
	visible.Errs = nil
	var failed error
	if len(d.Errs) > 0 {
		failed = d.Errs[0].Err
		o.sel = rowsBefore(o.sel, d, d.Errs[0].Row)
		visible.Sel = o.sel
	}
	if visible.Rows() > 0 {
		if err := o.out.Emit(visible); err != nil {
			return err
		}
	}
	return failed
}

// rowsBefore lists the live rows of d before a row. It reuses dst and is never nil.
func rowsBefore(dst []int32, d *delta.Batch, row int32) []int32 {
	if dst = dst[:0]; dst == nil {
		dst = []int32{}
	}
	if d.Sel == nil {
		for i := range row {
			dst = append(dst, i)
		}
		return dst
	}
	for _, i := range d.Sel {
		if i < row {
			dst = append(dst, i)
		}
	}
	return dst
}

// errorCount keeps account of the row errors of what runs on: their weights may cancel.
type errorCount struct {
	errs []countedError
}

type countedError struct {
	err    *sqlerr.Error
	weight int64
}

// maxErrors bounds the distinct errors that one tick of a subscription keeps account of.
const maxErrors = 10_000

func (o *errorCount) count(err *sqlerr.Error, weight int64) error {
	for i := range o.errs {
		if o.errs[i].err.Code == err.Code && o.errs[i].err.Message == err.Message {
			o.errs[i].weight += weight
			return nil
		}
	}
	if len(o.errs) == maxErrors {
		return err
	}
	o.errs = append(o.errs, countedError{err, weight})
	return nil
}

// left is the first error that did not cancel.
func (o *errorCount) left() error {
	for _, e := range o.errs {
		if e.weight != 0 {
			return e.err
		}
	}
	return nil
}
