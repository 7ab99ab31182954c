package plan

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Explained is a node as EXPLAIN tells of it.
type Explained struct {
	Title   string
	Edge    string // properties of the output edge, those that are not the usual
	Rows    int64  // about how many there are; 0 = that was not told
	Details []Detail
	Actual  *Actual // nil = it was not run
	Total   time.Duration
	Inputs  []*Explained
}

// Detail is one line below a node; a row of Values has no key.
type Detail struct{ Key, Value string }

func detail(line string) Detail {
	if key, value, ok := strings.Cut(line, ": "); ok && line[0] != '(' {
		return Detail{key, value}
	}
	return Detail{"", line}
}

// Actual is what a node did in a run, on all shards.
type Actual struct {
	Rows   int64         // that it gave
	First  time.Duration // in the node and below it, until its first row; 0 = there was none
	Self   time.Duration // in the node, without what is above and below; of several shards the longest
	Shards int
	Memory int64 // the most bytes it was seen to hold, all shards together
	Temp   int64 // bytes of the temporary runs that it wrote
	// BlocksRead are those that a scan read, BlocksSkipped those that have nothing of what the filter above wants.
	BlocksRead, BlocksSkipped int64
}

// ExplainOptions say what is told. The zero value is the plan of a query that was not run.
type ExplainOptions struct {
	// Running: the plan is kept running; the nodes up to which shards take part in a large tick are told.
	Running bool
	// Actual gives what the node at a place did ("0" is the root, "0.1" its second input); nil = nothing was run.
	Actual func(path string) Actual
}

// Explain tells of a plan.
func Explain(root Node, o ExplainOptions) *Explained { return o.explain(root, "0", o.Running) }

// explain tells of n and what is below it; fronts: n is not of one that has begun above, and they are told.
func (o *ExplainOptions) explain(n Node, path string, fronts bool) *Explained {
	x := &Explained{Title: n.title(), Edge: edge(n.Props()), Rows: roundedUp(n.Props().Rows)}
	for _, line := range n.details() {
		x.Details = append(x.Details, detail(line))
	}
	if fronts && Front(n) {
		x.Details = append(x.Details, Detail{"Shards", "by parts of the log"})
		fronts = false
	}
	for i, in := range n.Inputs() {
		x.Inputs = append(x.Inputs, o.explain(in, fmt.Sprintf("%s.%d", path, i), fronts))
	}
	if in := lookedUp(n); in != nil {
		told := ExplainOptions{}
		x.Inputs = append(x.Inputs, told.explain(in, "", false))
	}
	if o.Actual != nil {
		a := o.Actual(path)
		x.Actual = &a
		x.total(n)
	}
	return x
}

// total is the time of the node with all below it, as PostgreSQL gives it.
func (x *Explained) total(n Node) {
	below := time.Duration(0)
	for _, in := range x.Inputs {
		below += in.Total
	}
	x.Total = x.Actual.Self + below
	if _, ok := n.(*Exchange); ok { // what is below runs at the same time, and it waits for that
		x.Total = max(x.Actual.Self, below)
	}
}

// measured are the details of a run.
func (x *Explained) measured() (out []Detail) {
	if x.Actual == nil {
		return nil
	}
	if x.Actual.Shards > 1 {
		out = append(out, Detail{"Shards", fmt.Sprint(x.Actual.Shards)})
	}
	if n := x.Actual.BlocksRead + x.Actual.BlocksSkipped; n > 0 {
		out = append(out, Detail{"Blocks", fmt.Sprintf("read=%d skipped=%d", x.Actual.BlocksRead, x.Actual.BlocksSkipped)})
	}
	if x.Actual.Memory > 0 {
		out = append(out, Detail{"Memory", kilobytes(x.Actual.Memory)})
	}
	if x.Actual.Temp > 0 {
		out = append(out, Detail{"Temp Written", kilobytes(x.Actual.Temp)})
	}
	return out
}

func kilobytes(n int64) string { return fmt.Sprintf("%dkB", (n+1023)/1024) }

// milliseconds as PostgreSQL writes them.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}

// roundedUp is an estimate as it is shown: at least one row, as PostgreSQL has it.
func roundedUp(rows float64) int64 {
	if rows == 0 {
		return 0
	}
	return int64(min(max(math.Round(rows), 1), math.MaxInt64/2))
}
