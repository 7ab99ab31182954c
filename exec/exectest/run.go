package exectest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/delta/deltatest"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

const watermarkName = "watermark"

// Input describes a leaf.
type Input struct {
	Types      []sqltype.OID
	AppendOnly bool
	// Values is how many different sample values columns take; 0 = 5.
	Values int
	// Errors: some rows are errors.
	Errors bool
	// Timed inputs are streams: append-only, in order, with a watermark that stays Delay
	// microseconds behind the largest value of column Time, and the watermark before each row
	// in one more column at the end.
	Timed bool
	Time  int
	Delay int64
}

// Case is a plan over random inputs.
type Case struct {
	Name   string
	Inputs []Input
	Plan   func(leaf []plan.Node) plan.Node
	// At, of a plan that changes with time, is what gives the same when it is run once at a time, in microseconds.
	At func(leaf []plan.Node, now int64) plan.Node

	space *temprun.Space
}

// change is one entry of an input's log. A row is sample values by number; nil is an error.
type change struct {
	row    []int
	weight int64
	before int64 // watermark before it (timed inputs)
}

func (in *Input) types() []sqltype.OID {
	if in.Timed {
		return append(append([]sqltype.OID{}, in.Types...), sqltype.Int8)
	}
	return in.Types
}

func (in *Input) leaf(id plan.RelationID) plan.Node {
	n := &plan.Scan{P: props(in.AppendOnly || in.Timed, in.types()...), Relation: id}
	if in.Timed {
		n.P.Fields[len(n.P.Fields)-1].Name = watermarkName
	}
	return n
}

var errSample = sqlerr.New(sqlerr.DivisionByZero, "division by zero")

// draw makes a log of which every prefix is a relation.
func (in *Input) draw(t *rapid.T, n int) (log []change) {
	values := in.Values
	if values == 0 {
		values = 5
	}
	live := map[string]*change{}
	var order []string // keys of live, so that a seed gives one log
	watermark := int64(math.MinInt64)
	for range n {
		if len(order) > 0 && !in.AppendOnly && !in.Timed && rapid.IntRange(0, 2).Draw(t, "retract") == 0 {
			k := rapid.IntRange(0, len(order)-1).Draw(t, "which")
			c := live[order[k]]
			log = append(log, change{row: c.row, weight: -1})
			if c.weight--; c.weight == 0 {
				delete(live, order[k])
				order = append(order[:k], order[k+1:]...)
			}
			continue
		}
		c := change{weight: 1, before: watermark}
		if !in.Errors || rapid.IntRange(0, 5).Draw(t, "error") != 0 {
			c.row = make([]int, len(in.Types))
			for i := range c.row {
				c.row[i] = rapid.IntRange(0, values).Draw(t, "value")
			}
		}
		if !in.Timed && rapid.IntRange(0, 5).Draw(t, "twice") == 0 {
			c.weight = 2
		}
		if in.Timed && c.row != nil && c.row[in.Time] != 0 {
			watermark = max(watermark, int64(c.row[in.Time])*7*second-in.Delay)
		}
		log = append(log, c)
		key := fmt.Sprint(c.row)
		if live[key] == nil {
			live[key] = &change{row: c.row}
			order = append(order, key)
		}
		live[key].weight += c.weight
	}
	return log
}

// watermark of the edge after a log.
func (in *Input) watermark(log []change) int64 {
	w := int64(exec.NoWatermark)
	if !in.Timed {
		return w
	}
	for _, c := range log {
		if c.row != nil && c.row[in.Time] != 0 {
			w = max(w, int64(c.row[in.Time])*7*second-in.Delay)
		}
	}
	return w
}

// consolidated is the relation that a log makes.
func (in *Input) consolidated(log []change) (rows []change) {
	if in.Timed {
		return log // its order counts
	}
	at := map[string]int{}
	for _, c := range log {
		key := fmt.Sprint(c.row)
		if _, ok := at[key]; !ok {
			at[key] = len(rows)
			rows = append(rows, change{row: c.row})
		}
		rows[at[key]].weight += c.weight
	}
	kept := rows[:0]
	for _, c := range rows {
		if c.weight != 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

func (in *Input) append(b *delta.BatchBuilder, c change) {
	if c.row == nil {
		b.AppendError(delta.RowError{Err: errSample}, c.weight)
		return
	}
	for i, v := range c.row {
		AppendValue(b.Cols[i], v)
	}
	if in.Timed {
		delta.Append(b.Cols[len(c.row)], c.before)
	}
	b.End(c.weight)
}

// logs is the part of each input's log that one tick reads.
type logs struct {
	t      *rapid.T
	inputs []Input
	parts  [][]change
	upTo   [][]change // each log's prefix at the tick's end
	size   int
}

func (l *logs) pull(leaf plan.RelationID, to func(*delta.Batch) error) (exec.Progress, error) {
	in := &l.inputs[leaf]
	p := exec.Progress{Watermark: in.watermark(l.upTo[leaf])}
	part := l.parts[leaf]
	for len(part) > 0 {
		n := min(len(part), l.size)
		b := delta.NewBatchBuilder(in.types())
		junk := l.size > 1 && rapid.Bool().Draw(l.t, "junk")
		var dead []int32
		for _, c := range part[:n] {
			if junk {
				dead = append(dead, int32(b.Len()))
				in.append(b, change{row: make([]int, len(in.Types)), weight: 3})
			}
			in.append(b, c)
		}
		part = part[n:]
		d := b.Batch()
		if junk {
			d.Sel = unselect(&d, dead)
		}
		err := to(&d)
		deltatest.Poison(&d)
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func unselect(d *delta.Batch, dead []int32) []int32 {
	skip := map[int32]bool{}
	for _, row := range dead {
		skip[row] = true
	}
	for _, e := range d.Errs {
		skip[e.Row] = true
	}
	sel := []int32{}
	for i := range int32(d.Len) {
		if !skip[i] {
			sel = append(sel, i)
		}
	}
	return sel
}

// sum is rows with weights by image; errors are there by code and message.
type sum map[string]int64

func (s sum) add(d *delta.Batch) {
	put := func(key string, w int64) {
		if s[key] += w; s[key] == 0 {
			delete(s, key)
		}
	}
	rows := delta.Batch{Len: d.Len, Cols: d.Cols, Sel: d.Sel, Weights: d.Weights}
	if rows.Sel == nil {
		for i := range int32(d.Len) {
			put(string(delta.AppendRow(nil, d.Cols, i)), d.Weight(i))
		}
	}
	for _, row := range rows.Sel {
		put(string(delta.AppendRow(nil, d.Cols, row)), d.Weight(row))
	}
	for _, e := range d.Errs {
		put("error "+string(e.Err.Code)+e.Err.Message, d.Weight(e.Row))
	}
}

// Run checks a case; see the package comment.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run(c.Name, func(t *testing.T) {
		var err error
		if c.space, err = temprun.Open(t.TempDir(), nil); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, c.check)
		if s := c.space.Stats(); s.Files != 0 || s.Bytes != 0 {
			t.Errorf("%+v of temporary runs are left", s)
		}
	})
}

func (c *Case) check(t *rapid.T) {
	var leaves []plan.Node
	all := make([][]change, len(c.Inputs))
	for i := range c.Inputs {
		leaves = append(leaves, c.Inputs[i].leaf(plan.RelationID(i)))
		all[i] = c.Inputs[i].draw(t, rapid.IntRange(0, 14).Draw(t, "changes"))
	}
	root := c.Plan(leaves)
	ticks := rapid.SampledFrom([]int{1, 1000, 2, 3, 5}).Draw(t, "ticks")
	longest := 0
	for _, l := range all {
		longest = max(longest, len(l))
	}
	ticks = max(1, min(ticks, longest))
	r := &running{t: t, root: root, inputs: c.Inputs, space: c.space, size: rapid.SampledFrom([]int{1, 3, 1024}).Draw(t, "batch size")}
	r.at = func(time.Time) plan.Node { return root }
	if c.At != nil {
		r.at = func(now time.Time) plan.Node { return c.At(leaves, now.UnixMicro()+datetime.UnixEpochMicros) }
	}
	r.budget = drawBudget(t)
	r.beside = newBeside(rapid.SampledFrom([]int{0, 1, 4}).Draw(t, "shards beside"))
	defer r.beside.end()
	if rapid.IntRange(0, 2).Draw(t, "in parts") == 0 {
		r.parts = rapid.IntRange(1, ticks).Draw(t, "parts")
	}
	r.start(checkpoint{})
	at := make([]int, len(all))
	restart := rapid.IntRange(0, ticks).Draw(t, "restart before tick")
	for tick := 1; tick <= ticks; tick++ {
		if tick == restart {
			r.restart()
		}
		r.tick(tick, all, at, ticks)
	}
	if err := r.top.close(); err != nil {
		t.Fatal(err)
	}
}

// drawBudget lets groups stay in memory, or go past it at once, or as it happens at each tick's end.
func drawBudget(t *rapid.T) *state.GroupBudget {
	switch rapid.SampledFrom([]string{"in memory", "behind", "either"}).Draw(t, "groups") {
	case "behind":
		return state.GroupBudgetBy(func(int64) bool { return true }, 1<<20)
	case "either":
		return state.GroupBudgetBy(func(int64) bool { return rapid.Bool().Draw(t, "past the share") }, rapid.IntRange(1, 4).Draw(t, "keys moved"))
	}
	return state.NewGroupBudget(0)
}

// running is a dataflow that ticks.
type running struct {
	t      *rapid.T
	root   plan.Node
	at     func(now time.Time) plan.Node // what is run once
	inputs []Input
	space  *temprun.Space
	size   int
	top    *step
	memory *memory
	budget *state.GroupBudget
	beside *beside
	result sum
	seq    exec.Tick
	parts  int // so many ticks are parts of a first one
}

func (r *running) start(from checkpoint) {
	top, err := build(r.root)
	if err != nil {
		r.t.Fatal(err)
	}
	r.top, r.memory = top, newMemory(false, r.budget)
	r.memory.beside = r.beside
	if r.result == nil {
		r.result, r.seq.Time = sum{}, time.UnixMicro(-datetime.UnixEpochMicros)
	}
	if err := top.open(r.memory, "0"); err != nil {
		r.t.Fatal(err)
	}
	if from.flats == nil {
		return
	}
	if err := r.memory.load(from); err != nil {
		r.t.Fatal(err)
	}
	// As after a real restart, operators open state that is already there.
	if r.top, err = build(r.root); err != nil {
		r.t.Fatal(err)
	}
	if err := r.top.open(r.memory, "0"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) restart() {
	saved, err := r.memory.save()
	if err != nil {
		r.t.Fatal(err)
	}
	late := r.memory.late
	r.start(saved)
	r.memory.late = late
}

// tick runs one tick and compares all output so far with a one-shot run.
func (r *running) tick(n int, all [][]change, at []int, ticks int) {
	l := &logs{t: r.t, inputs: r.inputs, size: r.size}
	for i, log := range all {
		to := len(log)
		if n < ticks {
			to = rapid.IntRange(at[i], len(log)).Draw(r.t, "cut")
		}
		part := append([]change(nil), log[at[i]:to]...)
		if !r.inputs[i].Timed && rapid.Bool().Draw(r.t, "shuffle") {
			part = rapid.Permutation(part).Draw(r.t, "order")
		}
		l.parts, l.upTo = append(l.parts, part), append(l.upTo, log[:to])
		at[i] = to
	}
	passed := time.Duration(rapid.IntRange(0, 4).Draw(r.t, "time passed")) * 3500 * time.Millisecond
	r.seq = exec.Tick{From: r.seq.To, To: r.seq.To + 1, Time: r.seq.Time.Add(passed), Now: r.seq.Time.Add(passed)}
	edge := handOver(typesOf(r.root), r.size, func(d *delta.Batch) error {
		r.result.add(d)
		return nil
	})
	r.seq.Hold = n <= r.parts
	if _, err := r.top.run(context.Background(), r.seq, l, r.size, edge); err != nil {
		r.t.Fatalf("tick %d: %v", n, err)
	}
	if n < r.parts {
		return // nobody sees this
	}
	if n == r.parts {
		l.parts, r.seq.Hold, r.seq.Due = make([][]change, len(l.parts)), false, true
		if _, err := r.top.run(context.Background(), r.seq, l, r.size, edge); err != nil {
			r.t.Fatalf("the end of %d parts: %v", n, err)
		}
	}
	for _, spilled := range []bool{false, true} {
		want, late := r.once(l.upTo, spilled)
		if !maps.Equal(r.result, want) {
			r.t.Fatalf("after tick %d of %d:\n view   %x\n SELECT (spilled: %v) %x", n, ticks, r.result, spilled, want)
		}
		if !maps.Equal(r.memory.late, late) {
			r.t.Fatalf("after tick %d: late rows %v, in one run (spilled: %v) %v", n, r.memory.late, spilled, late)
		}
	}
	if r.root.Props().AppendOnly {
		for image, w := range r.result {
			if w < 0 {
				r.t.Fatalf("an append-only edge took back %x", image)
			}
		}
	}
}

// once runs the plan one-shot over relations, spilled with memory for nothing.
func (r *running) once(prefix [][]change, spilled bool) (sum, map[exec.LateReason]int64) {
	l := &logs{t: r.t, inputs: r.inputs, upTo: prefix, size: 1024}
	if spilled && !hasTopN(r.root) {
		l.size = r.size // so that rows of one group come in several batches
	}
	for i, log := range prefix {
		l.parts = append(l.parts, r.inputs[i].consolidated(log))
	}
	root := r.at(r.seq.Time)
	top, err := build(root)
	if err != nil {
		r.t.Fatal(err)
	}
	m, got := newMemory(true, nil), sum{}
	if spilled {
		m.temp = r.space.File(0)
		defer m.temp.Close()
	}
	if err := top.open(m, "0"); err != nil {
		r.t.Fatal(err)
	}
	edge := handOver(typesOf(root), 1024, func(d *delta.Batch) error {
		got.add(d)
		return nil
	})
	t := exec.Tick{To: r.seq.To, Once: true}
	if _, err := top.run(context.Background(), t, l, 1024, edge); err != nil {
		r.t.Fatalf("one-shot run: %v", err)
	}
	if err := top.close(); err != nil {
		r.t.Fatal(err)
	}
	if spilled && m.temp.Bytes() != 0 {
		r.t.Fatalf("%d bytes of temporary runs are left", m.temp.Bytes())
	}
	return got, m.late
}

// hasTopN: what comes of the errors of a LIMIT depends on how far it reads, and so on batches.
func hasTopN(n plan.Node) bool {
	if _, ok := n.(*plan.TopN); ok {
		return true
	}
	return slices.ContainsFunc(n.Inputs(), hasTopN)
}

// batches are a feed of one batch a leaf, given in pieces.
type batches []delta.Batch

func (b batches) pull(leaf plan.RelationID, to func(*delta.Batch) error) (exec.Progress, error) {
	p := exec.Progress{Watermark: exec.NoWatermark, Done: true}
	var types []sqltype.OID
	for _, c := range b[leaf].Cols {
		types = append(types, c.Type)
	}
	for from := 0; from < b[leaf].Len; from += 1000 {
		d := cut(&b[leaf], types, from, 1000)
		if err := to(&d); err != nil {
			return p, err
		}
	}
	return p, nil
}

// Leaf is an append-only leaf for Once: the n-th of its batches.
func Leaf(n int, types ...sqltype.OID) plan.Node {
	in := Input{Types: types, AppendOnly: true}
	return in.leaf(plan.RelationID(n))
}

// Once runs a plan one-shot, leaf n reading batch n, and returns its output in order.
func Once(t testing.TB, root plan.Node, leaves ...delta.Batch) *delta.BatchBuilder {
	t.Helper()
	top, err := build(root)
	if err != nil {
		t.Fatal(err)
	}
	m, got := newMemory(true, nil), delta.NewBatchBuilder(typesOf(root))
	if err := top.open(m, "0"); err != nil {
		t.Fatal(err)
	}
	collect := out(func(d *delta.Batch) error {
		got.AppendBatch(d)
		return nil
	})
	if _, err := top.run(context.Background(), exec.Tick{To: 1, Once: true}, batches(leaves), 1024, collect); err != nil {
		t.Fatal(err)
	}
	if err := top.close(); err != nil {
		t.Fatal(err)
	}
	return got
}
