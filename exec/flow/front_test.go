package flow_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbers is a source of the numbers from first on, with the record that each comes from. Its parts are of random
// sizes, and some have more rows than may be held at once.
type numbers struct {
	rng      *rand.Rand
	next, to int64 // of a tick
	sizes    [2]int64
	fails    int64 // the part with this number fails; 0 = none
	how      string
	env      exec.Env

	mu     sync.Mutex
	judged int64 // up to this number, exclusive
	parts  int
	// firstPart is where the first part began.
	firstPart int64
	ended     int
	open      atomic.Int64 // readers
}

type somePart struct{ from, to int64 }

func (n *numbers) Open(env exec.Env) error { n.env = env; return nil }
func (n *numbers) Begin(context.Context, exec.Tick) error {
	n.to = n.next + n.sizes[0] + n.rng.Int64N(n.sizes[1]+1)
	return nil
}

func (n *numbers) Next(_ context.Context, dst *delta.Batch) (bool, error) {
	to := min(n.to, n.next+1+n.rng.Int64N(30))
	*dst = rowsOf(n.next, to)
	n.next, n.judged = to, to
	return n.next < n.to, nil
}

func (n *numbers) Progress() exec.Progress { return exec.Progress{Watermark: n.judged} }
func (n *numbers) Close() error            { return nil }
func (n *numbers) Divide() bool            { return n.rng.IntN(3) > 0 }
func (n *numbers) EndParts() error         { n.ended++; return nil }

func (n *numbers) NextPart(_ context.Context, bytes int, old exec.Part) (exec.Part, error) {
	if n.next == n.to {
		return nil, nil
	}
	p := &somePart{n.next, min(n.to, n.next+n.rng.Int64N(int64(bytes)))}
	if n.parts == 0 {
		n.firstPart = p.from
	}
	n.next = p.to
	n.parts++
	return p, nil
}

func (n *numbers) NewPartReader() (exec.PartReader, error) {
	n.open.Add(1)
	return &numberReader{of: n, rng: rand.New(rand.NewPCG(n.rng.Uint64(), 0))}, nil
}

type numberReader struct {
	of        *numbers
	rng       *rand.Rand
	part      somePart
	from, end int64 // filled
}

func (r *numberReader) Begin(p exec.Part) { r.part = *p.(*somePart); r.end = r.part.from }

func (r *numberReader) Fill(ctx context.Context, breathe func() error) (bool, error) {
	if f := r.of.fails; f > 0 && r.part.from <= f && f < r.part.to {
		switch r.of.how {
		case "error":
			return false, errNumber
		case "panic":
			panic("number")
		}
	}
	r.from, r.end = r.end, r.part.to
	if r.rng.IntN(4) == 0 {
		r.end = r.from + r.rng.Int64N(r.part.to-r.from+1)
	}
	return r.end == r.part.to, breathe()
}

func (r *numberReader) Judged() bool { return true }

// Judge finds out whether parts are judged in their order, and all of each.
func (r *numberReader) Judge() error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.of.judged != r.from {
		return fmt.Errorf("[%d, %d) is judged behind %d", r.from, r.end, r.of.judged)
	}
	r.of.judged = r.end
	return nil
}

func (r *numberReader) Next(dst *delta.Batch) bool {
	if r.from == r.end {
		return false
	}
	to := min(r.end, r.from+1+r.rng.Int64N(20))
	*dst = rowsOf(r.from, to)
	r.from = to
	return true
}

func (r *numberReader) Close() { r.of.open.Add(-1) }

var errNumber = errors.New("a number that is none")

type places int64

func (p places) Origin(row int32) delta.Origin {
	return delta.Origin{Topic: "t", Offset: int64(p) + int64(row)}
}

func rowsOf(from, to int64) delta.Batch {
	b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Int8})
	for i := from; i < to; i++ {
		delta.Append(b.Cols[0], i)
		b.End(1)
	}
	d := b.Batch()
	d.From = places(from)
	return d
}

// crew has helpers with processors that come and go.
type crew struct {
	rng     *rand.Rand
	helpers int
	minRows int64

	mu    sync.Mutex
	turns *rand.Rand
	held  int
	asked int

	jobs *flow.Jobs
	done atomic.Int64 // of these
}

type processor struct {
	c    *crew
	held bool
}

func (c *crew) Sizes() (int64, int)                             { return c.minRows, 100 }
func (c *crew) Ask() int                                        { c.asked++; return c.rng.IntN(c.helpers + 1) }
func (c *crew) Release(int, bool)                               {}
func (c *crew) Did()                                            {}
func (c *crew) Jobs() *flow.Jobs                                { return c.jobs }
func (c *crew) Helper(int) flow.Helper                          { return &processor{c: c} }
func (c *crew) Without(_ context.Context, w func() error) error { return w() }

func (c *crew) Spare() (flow.Helper, *meter.Meter) {
	p := &processor{c: c}
	if !p.Try() {
		return nil, nil
	}
	return p, p.Meter()
}

// cutOff gives a job, which may be done once and by who has a processor, if nobody forgets it.
func (c *crew) cutOff(t *testing.T) {
	once := false
	c.jobs.Start(func(breathe func() error) {
		c.mu.Lock()
		held := c.held
		c.mu.Unlock()
		if err := breathe(); err != nil || once || held == 0 {
			t.Errorf("done twice: %v; %d processors; %v", once, held, err)
		}
		once = true
		c.done.Add(1)
	})
}

func (p *processor) Try() bool {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if p.held = p.c.turns.IntN(4) > 0; p.held {
		p.c.held++
	}
	return p.held
}

func (p *processor) Take(ctx context.Context) error {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.held = true
	p.c.held++
	return nil
}

func (p *processor) Give() {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if p.held {
		p.held = false
		p.c.held--
	}
}

func (p *processor) Meter() *meter.Meter { return meter.New(nil, nil) }

// frontPlan gives the numbers n of which n % 7 > 0, twice as large; 10 / (n - 500) is computed on the way, and fails.
func frontPlan() plan.Node {
	field := func(t sqltype.OID) plan.Props {
		return plan.Props{Fields: []plan.Field{{Type: sqltype.Of(t)}}, AppendOnly: true, Watermark: -1}
	}
	call := func(name string, t sqltype.OID, args ...plan.Expr) plan.Expr {
		for _, o := range builtin.OperatorsByName(name) {
			if o.Left == sqltype.Int8 && o.Right == sqltype.Int8 {
				return &plan.Call{Func: plan.FuncID(o.Func), Args: args, T: sqltype.Of(t), Pos: -1}
			}
		}
		panic(name)
	}
	n := plan.Expr(&plan.Column{Index: 0, T: sqltype.Of(sqltype.Int8)})
	c := func(v int64) plan.Expr {
		return &plan.Const{T: sqltype.Of(sqltype.Int8), Value: delta.Const(sqltype.Int8, v, 1)}
	}
	scan := &plan.Scan{P: field(sqltype.Int8), Kind: plan.RelStream, Relation: 1, Columns: []int{0}}
	filter := &plan.Filter{P: field(sqltype.Int8), Input: scan, Cond: call(">", sqltype.Bool, call("%", sqltype.Int8, n, c(7)), c(0))}
	zero := call("*", sqltype.Int8, c(0), call("/", sqltype.Int8, c(10), call("-", sqltype.Int8, n, c(500))))
	return &plan.Project{P: field(sqltype.Int8), Input: filter, Exprs: []plan.Expr{call("+", sqltype.Int8, call("*", sqltype.Int8, n, c(2)), zero)}}
}

// TestFront: what comes out of ticks that helpers share is what comes of one goroutine: each row once, in order, with
// the record behind it, and so do errors; event time is judged in order; and nobody is left at work.
func TestFront(t *testing.T) {
	shared, done := 0, int64(0)
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			parts, jobs := runFront(t, rand.New(rand.NewPCG(seed, 3)))
			shared, done = shared+parts, done+jobs
		})
	}
	if shared < 10_000 || done < 500 {
		t.Errorf("only %d parts were read, and %d jobs done", shared, done)
	}
}

func runFront(t *testing.T, rng *rand.Rand) (parts int, jobs int64) {
	src := &numbers{rng: rng, sizes: [2]int64{0, []int64{10, 2000, 40_000}[rng.IntN(3)]}}
	c := &crew{rng: rng, helpers: 1 + rng.IntN(4), minRows: []int64{0, 0, 100}[rng.IntN(3)], turns: rand.New(rand.NewPCG(rng.Uint64(), 0))}
	c.jobs = flow.NewJobs(t.Context(), c, 0)
	f := openFront(t, src, c)
	defer f.Close()
	var got []int64
	failed := 0
	for tick := range log.CommitSeq(1 + rng.IntN(3)) {
		_, err := f.Run(t.Context(), exec.Tick{From: tick, To: tick + 1}, flow.OutFunc(func(d *delta.Batch) error {
			if rng.IntN(20) == 0 {
				c.cutOff(t)
			}
			for _, e := range d.Errs {
				if failed++; e.From == nil || *e.From != (delta.Origin{Topic: "t", Offset: 500}) || d.Weight(e.Row) != 1 {
					t.Errorf("error %v of %v", e.Err, e.From)
				}
			}
			return d.EachRow(func(row int32) error {
				n := delta.Values[int64](&d.Cols[0])[row] / 2
				if from := d.From.Origin(row); from.Offset != n || from.Topic != "t" || d.Weight(row) != 1 {
					t.Errorf("%d comes from %v", n, from)
				}
				got = append(got, n)
				return nil
			})
		}))
		if err != nil {
			t.Fatal(err)
		}
		var want []int64
		for n := range src.to {
			if n%7 > 0 && n != 500 {
				want = append(want, n)
			}
		}
		if !slices.Equal(got, want) || failed != min(1, int(src.to/501)) {
			t.Fatalf("%d rows and %d errors of the numbers below %d, want %d", len(got), failed, src.to, len(want))
		}
		if f.Read() != src.to || src.judged != src.to {
			t.Fatalf("%d read, %d judged of %d", f.Read(), src.judged, src.to)
		}
		c.jobs.End()
		if c.held != 0 || src.open.Load() != 0 {
			t.Fatalf("%d processors and %d readers are kept", c.held, src.open.Load())
		}
	}
	return src.parts, c.done.Load()
}

func openFront(t *testing.T, src exec.Source, c flow.Crew) *flow.Flow {
	t.Helper()
	b := flow.Builder{Operator: op.Build, Source: func(plan.Node) (exec.Source, error) { return src, nil }, Crew: c}
	f, err := flow.New(frontPlan(), b, flow.NewStates(nil, nil))
	if err == nil {
		err = f.Open(flow.Env{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// failsInPart: the number that fails is in a part, not in what the source gave before.
func failsInPart(n *numbers) bool {
	return n.firstPart > 0 && n.fails >= n.firstPart || n.how != "error" && n.how != "panic"
}

// TestFrontFails: an error of a part is the tick's, a panic is the caller's to survive, and a tick ends with its
// context, or when nobody wants its rows; then all helpers have ended.
func TestFrontFails(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 4))
		how := []string{"error", "panic", "cancel", "out", "stop", "out panics"}[rng.IntN(6)]
		src := &numbers{rng: rng, sizes: [2]int64{5000, 5000}, fails: 1 + rng.Int64N(5000), how: how}
		c := &crew{rng: rng, helpers: 3, turns: rand.New(rand.NewPCG(seed, 5))}
		c.jobs = flow.NewJobs(t.Context(), c, 0)
		f := openFront(t, src, c)
		ctx, cancel := context.WithCancelCause(t.Context())
		rows, at := 0, rng.IntN(4000)
		err := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			_, err = f.Run(ctx, exec.Tick{To: 1}, flow.OutFunc(func(d *delta.Batch) error {
				if rows += d.Rows(); rows < at {
					return nil
				}
				switch how {
				case "cancel":
					cancel(errNumber)
				case "out":
					return errNumber
				case "stop":
					return exec.ErrStop
				case "out panics":
					panic("number")
				}
				return nil
			}))
			return err
		}()
		cancel(nil)
		switch how {
		case "stop":
			if err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		case "panic", "out panics":
			if failsInPart(src) && (err == nil || !strings.HasPrefix(err.Error(), "panic: number")) {
				t.Errorf("seed %d, %s: %v", seed, how, err)
			}
		default:
			if !errors.Is(err, errNumber) && (how != "error" || failsInPart(src)) {
				t.Errorf("seed %d, %s: %v", seed, how, err)
			}
		}
		if c.held != 0 || src.open.Load() != 0 {
			t.Errorf("seed %d, %s: %d processors and %d readers are kept", seed, how, c.held, src.open.Load())
		}
		_ = f.Close()
	}
}
