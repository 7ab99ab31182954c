package op_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/temprun"
)

// partsOf is a leaf that shards read together: each batch is a part.
type partsOf struct {
	batches []delta.Batch
	numbers *atomic.Int64
	next    atomic.Int64
	turn    chan struct{} // dealing and numbering are one step
	fail    func(part int64)
}

// partly is one shard's source.
type partly struct {
	repeated
	of   *partsOf
	part int64
	left []delta.Batch
}

func (s *partly) Part() int64 { return s.part }

func (s *partly) Next(_ context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if len(s.left) == 0 {
		s.of.turn <- struct{}{}
		i := s.of.next.Add(1) - 1
		if int(i) < len(s.of.batches) {
			s.part = s.of.numbers.Add(1) - 1
		}
		<-s.of.turn
		if int(i) >= len(s.of.batches) {
			return false, nil
		}
		if s.of.fail != nil {
			s.of.fail(i)
		}
		s.left = cut(&s.of.batches[i], 300)
	}
	*dst, s.left = s.left[0], s.left[1:]
	return true, nil
}

// cut is a batch in pieces; one without rows is one piece.
func cut(d *delta.Batch, rows int) (out []delta.Batch) {
	for from := 0; from < d.Len || from == 0; from += rows {
		piece := delta.Batch{Len: d.Len, Cols: d.Cols, Weights: d.Weights, Sel: []int32{}}
		for i := from; i < min(from+rows, d.Len); i++ {
			piece.Sel = append(piece.Sel, int32(i))
		}
		out = append(out, piece)
	}
	return out
}

// divisible is a plan whose leaves are tables.
func divisible(root plan.Node) plan.Node {
	return plan.Transform(root, func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Scan); ok {
			c := *s
			c.Kind = plan.RelTable
			return &c
		}
		return n
	})
}

// runShards is run with a plan on several shards. fail is called for each part that is read.
func (r metered) runShards(t *testing.T, ctx context.Context, root plan.Node, shards int, fail func(part int64), sources ...*repeated) (read int64, err error) {
	t.Helper()
	m := meter.New(r.account.Limited("statement_memory", r.limit), nil)
	divided := plan.Shard(divisible(root))
	var leaves []*partsOf
	for _, s := range sources { // for a plan on one shard
		s.count = len(s.batches)
	}
	s, err := flow.NewShards(divided, flow.Builder{
		Operator: op.Build, Merge: op.Merge,
		Source: func(n plan.Node) (exec.Source, error) { return sources[n.(*plan.Scan).Relation], nil },
		Divide: func(n plan.Node, shards int, numbers *atomic.Int64) ([]exec.Source, error) {
			leaf := &partsOf{batches: sources[n.(*plan.Scan).Relation].batches, numbers: numbers, turn: make(chan struct{}, 1), fail: fail}
			leaves = append(leaves, leaf)
			var out []exec.Source
			for range shards {
				out = append(out, &partly{of: leaf, part: -1})
			}
			return out, nil
		},
	}, shards, m.Charge)
	if err != nil {
		t.Fatal(err)
	}
	values := flow.Values{RunOnce: true, Session: &plan.Settings{}, Meter: m, WorkMemory: r.work}
	if r.space != nil {
		values.Temp = r.space.File(0)
	}
	err = s.Run(ctx, flow.Env{Values: values}, exec.Tick{To: 1, Once: true}, flow.OutFunc(func(d *delta.Batch) error {
		r.out(d)
		if len(d.Errs) > 0 {
			return d.Errs[0].Err
		}
		return nil
	}))
	if closed := s.Close(); closed != nil {
		t.Fatal(closed)
	}
	m.Close()
	if values.Temp != nil {
		if left := values.Temp.Bytes(); err == nil && left != 0 && !strings.HasPrefix(t.Name(), "TestShardsStop") {
			t.Errorf("%d bytes of temporary runs are left at the end", left)
		}
		if closed := values.Temp.Close(); closed != nil {
			t.Fatal(closed)
		}
	}
	if r.account.Used() != 0 {
		t.Fatalf("%d bytes are still charged", r.account.Used())
	}
	for _, l := range leaves {
		read += min(l.next.Load(), int64(len(l.batches)))
	}
	return read, err
}

// dividing are plans whose rows come in one order, whatever the number of shards, or in any.
func dividing() map[string]plan.Node {
	plans := spilling()
	a, b := exectest.Leaf(0, i8, i8, txt, num, f8), exectest.Leaf(1, i8, i8, txt, num, f8)
	kept := exectest.Filter(a, less8(a, 1, 0))
	i8Sum, avg := exectest.Agg("sum", num, col(a, 0)), exectest.Agg("avg", num, col(a, 0))
	plans["filter and project"] = exectest.Project(kept, col(kept, 2), col(kept, 0))
	plans["union of what is divided and what is not"] = exectest.Union(
		exectest.GroupBy(a, []int{1}, exectest.Agg("count", i8)), exectest.GroupBy(b, nil, exectest.Agg("min", i8, col(b, 1)), exectest.Agg("count", i8)))
	plans["every aggregate"] = exectest.GroupBy(a, []int{1}, i8Sum, avg, exectest.Agg("sum", num, col(a, 3)), exectest.Agg("avg", num, col(a, 3)),
		exectest.Agg("sum", f8, col(a, 4)), exectest.Agg("avg", f8, col(a, 4)), exectest.Agg("min", num, col(a, 3)), exectest.Agg("max", f8, col(a, 4)), exectest.Agg("min", txt, col(a, 2)), exectest.Agg("count", i8, col(a, 2)),
		exectest.Agg("bit_xor", i8, col(a, 0)), exectest.Agg("variance", num, col(a, 3)), exectest.Agg("stddev_pop", f8, col(a, 4)))
	plans["every aggregate without keys"] = exectest.GroupBy(a, nil, i8Sum, avg, exectest.Agg("sum", num, col(a, 3)), exectest.Agg("sum", f8, col(a, 4)), exectest.Agg("max", num, col(a, 3)))
	plans["aggregate of nothing"] = exectest.GroupBy(exectest.Filter(a, less8(a, 0, 0)), nil, exectest.Agg("count", i8), i8Sum)
	plans["keys that look otherwise"] = exectest.GroupBy(a, []int{3, 4}, exectest.Agg("count", i8), i8Sum)
	plans["distinct of what looks otherwise"] = exectest.Unique(exectest.Project(a, col(a, 3)))
	plans["limit"] = exectest.Top(a, 500, 20)
	one := exectest.GroupBy(b, nil, exectest.Agg("count", i8))
	plans["join with one row"] = exectest.Join(one, a, nil, nil, exectest.Call(470, boolean, col(a, 0), &plan.Column{Index: 2, T: col(a, 1).T}))
	plans["distinct of a join"] = exectest.Unique(exectest.Project(exectest.Join(a, b, []int{1}, []int{1}, nil), col(a, 1), col(a, 1)))
	return plans
}

// TestShards: what a plan gives does not depend on the number of shards, on memory or on who is quick.
func TestShards(t *testing.T) {
	space, err := temprun.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := 12_000
	if testing.Short() {
		rows = 2_000
	}
	left, right := mixed(1, rows), mixed(2, rows/2)
	slices.Reverse(left[:3])
	left = append(left, delta.Batch{Cols: left[0].Cols, Sel: []int32{}}) // a part without rows
	plans := dividing()
	for _, name := range slices.Sorted(maps.Keys(plans)) {
		root, l, r := plans[name], left, right
		if name == "join without keys" || name == "join of few keys" || name == "distinct of a join" {
			l, r = mixed(3, 1500), mixed(4, 1000)
		}
		var want digest
		one := metered{once: true, account: memory.New("statement_memory", 0), out: want.add}
		if err := one.run(t, t.Context(), root, &repeated{batches: l, count: len(l)}, &repeated{batches: r, count: len(r)}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plan.Shard(divisible(root)) == divisible(root) {
			t.Fatalf("%s is not divided", name)
		}
		for _, shards := range []int{1, 2, 5} {
			for _, work := range []int64{0, 1, 200 << 10} {
				var got digest
				run := metered{account: memory.New("statement_memory", 0), work: work, space: space, out: got.add}
				if _, err := run.runShards(t, t.Context(), root, shards, nil, &repeated{batches: l}, &repeated{batches: r}); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if !ordered(root) && name != "filter and project" {
					got.ordered = want.ordered
				}
				if got.rows = want.rows; got != want {
					t.Errorf("%s on %d shards with %d bytes of work memory: %+v, want %+v\n%s", name, shards, work, got, want, plan.Format(plan.Shard(divisible(root))))
				}
			}
		}
	}
}

// TestShardsFail: the rows before one that fails come out, then its error, and none behind it, also where
// others failed sooner.
func TestShardsFail(t *testing.T) {
	leaf := exectest.Leaf(0, i4, i4)
	root := exectest.Project(leaf, col(leaf, 0), quotient(leaf, 0, 1))
	grouped := exectest.GroupBy(root, []int{0}, exectest.Agg("count", i8))
	sorted := exectest.Sort(root, plan.SortKey{Expr: col(root, 1)})
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var batches []delta.Batch
		id, first := int32(0), int32(-1)
		for range 30 {
			b := delta.NewBatchBuilder(types(i4, i4))
			for range rng.IntN(900) {
				by := int32(1)
				if rng.IntN(3000) == 0 {
					if by = 0; first < 0 {
						first = id
					}
				}
				delta.Append(b.Cols[0], id)
				delta.Append(b.Cols[1], by)
				b.End(1)
				id++
			}
			batches = append(batches, b.Batch())
		}
		for _, n := range []plan.Node{root, grouped, sorted} {
			var got []int32
			run := metered{account: memory.New("statement_memory", 0), out: func(d *delta.Batch) {
				_ = d.EachRow(func(row int32) error {
					got = append(got, delta.Values[int32](&d.Cols[0])[row])
					return nil
				})
			}}
			_, err := run.runShards(t, t.Context(), n, 1+rng.IntN(5), nil, &repeated{batches: batches})
			if (err != nil) != (first >= 0) {
				t.Fatalf("seed %d, %T: %v", seed, n, err)
			}
			rows := first
			if first < 0 {
				rows = id
			} else if n != root {
				rows = 0
			}
			if len(got) != int(rows) {
				t.Fatalf("seed %d, %T: %d rows, want %d", seed, n, len(got), rows)
			}
			for i := range got {
				if n == root && got[i] != int32(i) {
					t.Fatalf("seed %d: row %d is %d", seed, i, got[i])
				}
			}
		}
	}
}

// TestShardsStop: a LIMIT that is full stops the sources; a cancel ends all shards, and a panic is the
// caller's.
func TestShardsStop(t *testing.T) {
	batches := mixed(5, 200_000)
	leaf := exectest.Leaf(0, i8, i8, txt, num, f8)
	run := metered{account: memory.New("statement_memory", 0), out: func(*delta.Batch) {}}
	read, err := run.runShards(t, t.Context(), exectest.Top(leaf, 10, 0), 3, nil, &repeated{batches: batches})
	if err != nil || read > int64(len(batches)/2) {
		t.Errorf("LIMIT 10 read %d of %d parts: %v", read, len(batches), err)
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	grouped := exectest.GroupBy(leaf, []int{0}, exectest.Agg("count", i8))
	if _, err = run.runShards(t, ctx, grouped, 3, func(part int64) {
		if part == 50 {
			cancel(why)
		}
	}, &repeated{batches: batches}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "out of order") || !strings.Contains(p, "in a shard") {
			t.Errorf("panicked with %q", p)
		}
	}()
	_, err = run.runShards(t, t.Context(), grouped, 3, func(part int64) {
		if part == 50 {
			panic("out of order")
		}
	}, &repeated{batches: batches})
	t.Errorf("no panic: %v", err)
}
