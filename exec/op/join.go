package op

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// join is a join of any kind. Both sides are kept by their key; the left port ends before
// the right begins, so a tick adds dL x R_old and then L_new x dR. In a one-shot run R_old is
// empty and nothing needs R later: the left side is built, the right streams past it; see joinSpill
// for a left side that has no room. What kinds other than the inner one put out beside the pairs, or
// instead of them, is in joinkept.go.
type join struct {
	ports
	env      exec.Env
	kind     plan.JoinKind
	single   bool
	types    []sqltype.OID // of the output
	sides    [2]side
	residual *scalar
	once     bool
	spill    joinSpill
	all      []int32
	live     []int32
	sel      []int32
	cols     []delta.Column
	weights  []int64
	probing  []*delta.Builder // rows of the side that probes
	meeting  []*delta.Builder // and of the other, where they are not next to each other
	columns  []delta.Column
	pairs    struct{ rows, met []int32 }
	rowOf    []int32 // by pair that is put out: the row that probes
	hits     []bool  // by row that probes: it has met one
	marks    [2][]int32
	seen     rowSet // of a one-shot full join: what of the left side was met
	found    statuses
	sums     [2]tally
	near     *nearness // nil = nothing is freed
}

// side is what a join keeps of one input.
type side struct {
	port   int
	name   string
	types  []sqltype.OID
	keys   []int
	strict []int // those of keys that are never equal where they are NULL
	first  int   // of its columns in a pair
	kept   bool  // its rows count also where they meet none of the other side
	rows   state.Arrangement
	// head is what the other side meets in this tick; nil until asked for.
	head state.View
	// touched, of a tick: the keys of rows that came or went or, where pairs are counted, the rows
	// whose count may have changed.
	touched rowSet
	// counts has, of a kept side where the pairs are decided by more than keys, every row with its
	// weight, and again with the weight of the pairs that it is in.
	counts state.Arrangement
}

func newJoin(n *plan.Join) (exec.Operator, error) {
	if n.Kind == plan.JoinLeft || n.Single && (n.Kind != plan.JoinRight || n.Residual != nil) {
		return nil, fmt.Errorf("op: no operator for this %s", plan.Format(n))
	}
	j := &join{ports: newPorts(2), kind: n.Kind, single: n.Single, types: fieldTypes(&n.P)}
	left, right := fieldTypes(n.Left.Props()), fieldTypes(n.Right.Props())
	j.sides[0] = side{port: 0, name: "left", types: left, keys: n.LeftKeys, kept: n.Kind == plan.JoinFull}
	j.sides[1] = side{port: 1, name: "right", types: right, keys: n.RightKeys, first: len(left), kept: n.Kind != plan.JoinInner}
	for i := range n.LeftKeys {
		if !n.KeyNullSafe(i) {
			j.sides[0].strict = append(j.sides[0].strict, n.LeftKeys[i])
			j.sides[1].strict = append(j.sides[1].strict, n.RightKeys[i])
		}
	}
	if n.Residual != nil {
		j.residual = newScalar(n.Residual)
	}
	j.near = newNearness(n)
	return j, nil
}

func (j *join) Open(env exec.Env) (err error) {
	j.env, j.once, j.spill = env, env.Once(), joinSpill{}
	for i := range j.sides {
		s := &j.sides[i]
		s.head = nil
		if j.once {
			s.rows = newBuilt(env, s.types, s.keys)
		} else if s.rows, err = openRows(env, s.name, s.types, s.keys); err != nil {
			return err
		}
	}
	j.near.open()
	if err := j.openKept(env); err != nil {
		return err
	}
	if j.residual != nil {
		return j.residual.open(env)
	}
	return nil
}

func (j *join) Push(ctx context.Context, port int, in *delta.Batch, out exec.Out) error {
	if len(in.Errs) > 0 {
		d, _ := errorsOnly(in, in.Errs, nullColumns(j.types, in.Len))
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	own, other := &j.sides[port], &j.sides[1-port]
	keys, all := pickColumns(in.Cols, own.keys), liveRows(in, &j.all)
	j.live = append(none(j.live), notNull(j.sel, pickColumns(in.Cols, own.strict), all)...)
	if own.kept && len(j.live) < len(all) {
		if err := j.alone(own, in, but(&j.marks[0], all, j.live), in.Weights, false, out); err != nil {
			return err
		}
	}
	if len(j.live) == 0 {
		return nil
	}
	rows := *in
	rows.Sel = j.live
	if j.once && port == 0 {
		return j.keep(ctx, &rows, keys)
	}
	if j.spill.parts != nil {
		return j.stream(&rows, keys)
	}
	if other.head == nil {
		other.head = other.rows.Head()
	}
	if j.kind != plan.JoinInner {
		return j.pushKept(ctx, own, &rows, keys, out)
	}
	if err := j.meet(ctx, own, other, &rows, keys, out); err != nil {
		return err
	}
	if j.once {
		return nil
	}
	return own.rows.Append(&rows)
}

// EndInput implements exec.Operator.
func (j *join) EndInput(ctx context.Context, port int, p exec.Progress, out exec.Out) error {
	if port == 0 {
		if err := j.endLeft(); err != nil {
			return err
		}
	}
	if err := j.settle(ctx, port, out); err != nil {
		return err
	}
	return j.ports.EndInput(ctx, port, p, out)
}

// meet emits every pair of a row of in and a row that other keeps.
func (j *join) meet(ctx context.Context, own, other *side, in *delta.Batch, keys []delta.Column, out exec.Out) error {
	if len(own.keys) == 0 {
		return j.cross(ctx, own, other, in, out)
	}
	cursor, err := other.head.Probe(ctx, keys, in.Sel)
	if err != nil {
		return err
	}
	defer cursor.Close()
	for more := true; more; {
		if err := j.env.Meter().Breathe(); err != nil {
			return err
		}
		var met delta.Batch
		var match []int32
		if match, more, err = cursor.Next(ctx, &met); err != nil {
			return err
		}
		if met.Len == 0 {
			continue
		}
		if widthOf(in, match) > outBytes {
			if err := j.wide(own, other, in, &met, match, out); err != nil {
				return err
			}
			continue
		}
		j.weights = j.weights[:0]
		for i, row := range match {
			j.weights = append(j.weights, in.Weight(row)*met.Weight(int32(i)))
		}
		j.gather(&j.probing, in, match)
		j.rowOf = match
		if err := j.emit(own, other, met.Cols, len(match), out); err != nil {
			return err
		}
	}
	return nil
}

// cross pairs every row of in with every row that other keeps, a block of pairs at a time.
func (j *join) cross(ctx context.Context, own, other *side, in *delta.Batch, out exec.Out) error {
	cursor, err := other.head.Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cursor.Close()
	var scratch []int32
	for more := true; more; {
		var met delta.Batch
		if _, more, err = cursor.Next(ctx, &met); err != nil {
			return err
		}
		kept := liveRows(&met, &scratch)
		if len(kept) == 0 {
			continue
		}
		each, bytes := met.Size()/int64(met.Rows()), int64(0)
		for _, row := range in.Sel {
			pair := each + varBytes(in, row)
			for _, m := range kept {
				j.pair(in, &met, row, m)
				if bytes += pair; len(j.weights) < outRows && bytes < outBytes {
					continue
				}
				if err := j.block(own, other, in, &met, out); err != nil {
					return err
				}
				bytes = 0
			}
		}
		if err := j.block(own, other, in, &met, out); err != nil {
			return err
		}
	}
	return nil
}

// outBytes is about how much one batch of pairs may hold: a long value pairs with many rows.
const outBytes = 8 << 20

func (j *join) pair(in, met *delta.Batch, row, m int32) {
	j.pairs.rows = append(j.pairs.rows, row)
	j.pairs.met = append(j.pairs.met, m)
	j.weights = append(j.weights, in.Weight(row)*met.Weight(m))
}

// wide emits rows of met beside those of in that they match, which are long, in several batches.
func (j *join) wide(own, other *side, in, met *delta.Batch, match []int32, out exec.Out) error {
	j.weights = j.weights[:0]
	bytes := int64(0)
	for m, row := range match {
		j.pair(in, met, row, int32(m))
		if bytes += varBytes(in, row) + varBytes(met, int32(m)); bytes < outBytes {
			continue
		}
		if err := j.block(own, other, in, met, out); err != nil {
			return err
		}
		bytes = 0
	}
	return j.block(own, other, in, met, out)
}

// widthOf is the variable bytes of rows of d, each as often as it is named; 0 where they cannot be many.
func widthOf(d *delta.Batch, rows []int32) (bytes int64) {
	vars := 0
	for i := range d.Cols {
		vars += len(d.Cols[i].Var)
	}
	if int64(vars)*int64(len(rows)) <= outBytes {
		return 0
	}
	for _, row := range rows {
		bytes += varBytes(d, row)
	}
	return bytes
}

// varBytes is the length of a row's texts and the like.
func varBytes(d *delta.Batch, row int32) (bytes int64) {
	for i := range d.Cols {
		if c := &d.Cols[i]; len(c.Var) > 0 && c.Phys == sqltype.PhysBytes {
			bytes += int64(len(c.Bytes(row)))
		}
	}
	return bytes
}

// block emits the pairs collected by cross.
func (j *join) block(own, other *side, in, met *delta.Batch, out exec.Out) error {
	if err := j.env.Meter().Breathe(); err != nil {
		return err
	}
	n := len(j.weights)
	if n == 0 {
		return nil
	}
	j.gather(&j.probing, in, j.pairs.rows)
	j.gather(&j.meeting, met, j.pairs.met)
	j.columns = j.columns[:0]
	for i := range met.Cols {
		j.columns = append(j.columns, j.meeting[i].Column())
	}
	j.rowOf = j.pairs.rows
	err := j.emit(own, other, j.columns, n, out)
	j.pairs.rows, j.pairs.met, j.weights = j.pairs.rows[:0], j.pairs.met[:0], j.weights[:0]
	return err
}

// gather copies rows of in, side by side with what they pair with.
func (j *join) gather(to *[]*delta.Builder, in *delta.Batch, rows []int32) {
	for len(*to) < len(in.Cols) {
		*to = append(*to, new(delta.Builder))
	}
	for i := range in.Cols {
		(*to)[i].Reset(in.Cols[i].Type)
		(*to)[i].Gather(&in.Cols[i], rows)
	}
}

// emit puts n pairs out: probing rows beside the columns they met. The residual decides.
func (j *join) emit(own, other *side, met []delta.Column, n int, out exec.Out) error {
	if width := len(own.types) + len(other.types); len(j.cols) < width {
		j.cols = make([]delta.Column, width)
	}
	for i := range own.types {
		j.cols[own.first+i] = j.probing[i].Column()
	}
	copy(j.cols[other.first:], met)
	d := delta.Batch{Len: n, Cols: j.cols, Weights: j.weights}
	if j.residual != nil {
		kept, errs, err := j.residual.truth(&d, liveRows(&d, &j.all), j.sel)
		if err != nil {
			return err
		}
		j.sel = kept
		d.Sel, d.Errs = kept, errs
		if len(kept) == 0 && len(errs) == 0 {
			return nil
		}
	}
	if j.kind != plan.JoinInner {
		return j.paired(own, other, &d, out)
	}
	return out.Emit(&d)
}

// EndTick implements exec.Operator: both sides move to the tick's end.
func (j *join) EndTick(ctx context.Context, t exec.Tick, out exec.Out) (exec.Next, error) {
	if more, err := j.joinRuns(ctx, out); err != nil || more {
		return exec.Next{More: more}, err
	}
	if err := j.endKept(ctx, t, out); err != nil {
		return exec.Next{}, err
	}
	if j.near != nil && !j.once {
		if more, err := j.near.free(ctx, j); err != nil || more {
			return exec.Next{More: more}, err
		}
	}
	for i := range j.sides {
		s := &j.sides[i]
		s.head = nil
		if j.once {
			s.rows.Discard()
		} else if err := s.rows.Publish(t.To); err != nil {
			return exec.Next{}, err
		}
	}
	if j.near != nil {
		return exec.Next{Out: j.near.progress(j.progress)}, nil
	}
	return exec.Next{Out: j.least()}, nil
}
