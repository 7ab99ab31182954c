package op

import (
	"context"
	"errors"
	"strconv"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// recursion runs a recursive query: a flow of its own, whose ticks are the rounds, is the recursive term. In the first round it
// is given what the term reads, in each one the rows of the round before:
//
//	input 0 ──► working ─► term ─► rows of the round ─┐
//	               ▲       ▲                          ├─► output
//	               │    inputs 1…                     │
//	               └──────────────────────────────────┘
//
// A one-shot run puts each round out as it ends, so that a LIMIT ends it. A view keeps its inputs; a tick that changes one
// computes the rounds anew and puts out what differs (docs/decisions/0044).
type recursion struct {
	ports
	node  *plan.Recursive
	env   exec.Env
	types []sqltype.OID

	once []*rowChunks        // of a one-shot run, by input
	kept []state.Arrangement // of a view
	// changed: a row came in this tick.
	changed bool
	last    *recursionResult // what the view has; nil = not known since it was opened
}

// maxRounds bounds what is computed in a tick: what has not ended by then never does.
const maxRounds = 100_000

func newRecursion(n *plan.Recursive) (exec.Operator, error) {
	if _, err := flow.New(n.Step, (&rounds{}).builder(), flow.NewStates(nil, nil)); err != nil {
		return nil, err
	}
	return &recursion{ports: newPorts(len(n.Ins)), node: n, types: fieldTypes(&n.P)}, nil
}

func (r *recursion) Open(env exec.Env) (err error) {
	r.env, r.last, r.changed = env, nil, false
	r.once, r.kept = nil, nil
	for i, in := range r.node.Ins {
		types := fieldTypes(in.Props())
		if env.Once() {
			r.once = append(r.once, newRowChunks(env, types))
			continue
		}
		rows, err := openRows(env, "input "+strconv.Itoa(i), types, upTo(len(types)))
		if err != nil {
			return err
		}
		r.kept = append(r.kept, rows)
	}
	// What the term cannot do is known now.
	return r.newRounds().check()
}

func (r *recursion) Push(ctx context.Context, port int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if len(in.Errs) > 0 {
		d, _ := errorsOnly(in, in.Errs, nullColumns(r.types, in.Len))
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	rows := *in
	rows.Errs = nil
	if r.env.Once() {
		return r.once[port].add(&rows)
	}
	r.changed = r.changed || rows.Rows() > 0
	return r.kept[port].Append(&rows)
}

func (r *recursion) EndTick(ctx context.Context, t exec.Tick, out exec.Out) (exec.Next, error) {
	next := exec.Next{Out: r.least()}
	if r.env.Once() {
		rounds := r.newRounds()
		rounds.give = func(i int) (rowReader, error) { return r.once[i].reader(), nil }
		err := rounds.run(ctx, func(d *delta.Batch) error { return out.Emit(d) })
		if errors.Is(err, exec.ErrStop) {
			err = nil
		}
		return next, errors.Join(err, r.clear())
	}
	if !r.changed {
		return next, nil
	}
	r.changed = false
	return next, r.passChanges(ctx, t, out)
}

func (r *recursion) clear() (err error) {
	for _, c := range r.once {
		err = errors.Join(err, c.clear())
	}
	return err
}

// passChanges puts out how the result has changed.
func (r *recursion) passChanges(ctx context.Context, t exec.Tick, out exec.Out) (err error) {
	if r.last == nil {
		if r.last, err = r.before(ctx); err != nil {
			return err
		}
	}
	now, err := r.compute(ctx, func(i int) state.View { return r.kept[i].Head() })
	if err != nil {
		return err
	}
	if err := now.since(r.last, out); err != nil {
		return err
	}
	if err := r.last.rows.clear(); err != nil {
		return err
	}
	r.last = now
	for _, a := range r.kept {
		if err := a.Publish(t.To); err != nil {
			return err
		}
	}
	return nil
}

// before computes what the view has from the inputs as they were.
func (r *recursion) before(ctx context.Context) (*recursionResult, error) {
	views, rows := make([]state.View, len(r.kept)), int64(0)
	for i, a := range r.kept {
		v, err := a.At(newest)
		if err != nil {
			return nil, err
		}
		defer v.Release()
		views[i] = v
		rows += v.Rows()
	}
	if rows == 0 {
		return newRecursionResult(r.env, r.types), nil
	}
	return r.compute(ctx, func(i int) state.View { return views[i] })
}

// compute gathers the result over views of the inputs. One that does not end is an error.
func (r *recursion) compute(ctx context.Context, view func(i int) state.View) (*recursionResult, error) {
	rounds := r.newRounds()
	rounds.most = maxRounds
	rounds.give = func(i int) (rowReader, error) {
		c, err := view(i).Scan(ctx, state.Range{})
		if err != nil {
			return nil, err
		}
		return &scanReader{c}, nil
	}
	result := newRecursionResult(r.env, r.types)
	err := rounds.run(ctx, result.add)
	if errors.Is(err, errNoEnd) {
		if err = result.rows.clear(); err != nil {
			return nil, err
		}
		result = newRecursionResult(r.env, r.types)
		result.fail(sqlerr.New(sqlerr.ProgramLimitExceeded, "recursive query does not end").
			WithDetail("It has rows after %d rounds.", maxRounds).
			WithHint("Use UNION, or a condition that bounds how deep it goes."), 1)
	}
	if err != nil {
		return nil, err
	}
	return result, result.settle()
}

// rowReader gives rows in pieces; none are the end.
type rowReader interface {
	next(ctx context.Context, dst *delta.Batch) (more bool, err error)
	close()
}

type scanReader struct{ state.Cursor }

func (s *scanReader) next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	_, more, err := s.Next(ctx, dst)
	return more, err
}

func (s *scanReader) close() { s.Close() }
