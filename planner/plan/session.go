package plan

import (
	"fmt"
	"slices"
	"time"
)

// SessionWindow appends to each row the start and the end of its session: rows with equal Partition columns whose
// times lie in a chain of steps of at most Gap. The start is the chain's first time, the end its last one plus
// Gap. A row without a time, or with an infinite one, is in no session: start and end are its time.
type SessionWindow struct {
	P         Props
	Input     Node
	Partition []int
	Time      int
	Gap       time.Duration
	// OnClose gives a row out once, when the watermark has passed the end of its session; nil = at once, and again
	// whenever its session changes. Key, Size and Slide have no meaning in it.
	OnClose *WindowClose
}

// NewSessionWindow puts sessions over in.
func NewSessionWindow(in Node, partition []int, at int, gap time.Duration) *SessionWindow {
	n := &SessionWindow{Input: in, Partition: partition, Time: at, Gap: gap}
	n.fields()
	Derive(n)
	return n
}

func (n *SessionWindow) fields() {
	in := n.Input.Props().Fields
	n.P.Fields = append(slices.Clone(in), Field{Name: "session_start", Type: in[n.Time].Type}, Field{Name: "session_end", Type: in[n.Time].Type})
}

// Start and End are the columns of the session.
func (n *SessionWindow) Start() int { return len(n.P.Fields) - 2 }

// End is the column behind Start.
func (n *SessionWindow) End() int { return len(n.P.Fields) - 1 }

// Props are the output edge's.
func (n *SessionWindow) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *SessionWindow) Inputs() []Node { return []Node{n.Input} }

func (n *SessionWindow) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	c.fields()
	return &c
}

func (n *SessionWindow) mapExprs(func(Expr) Expr) Node { return n }

func (n *SessionWindow) derive() Props {
	in := n.Input.Props()
	p := Props{AppendOnly: n.OnClose != nil, Watermark: -1, MayFail: true, UniqueKey: in.UniqueKey}
	if n.OnClose != nil {
		p.Watermark = in.Watermark
	}
	return p
}

// below lets conditions pass that keep whole partitions. What waits reports rows that it refuses: nothing moves.
func (n *SessionWindow) below(cond Expr) (Expr, bool) {
	set := map[int]bool{}
	ColumnsOf(cond, set)
	for c := range set {
		if !slices.Contains(n.Partition, c) {
			return nil, false
		}
	}
	return cond, len(set) > 0 && n.OnClose == nil
}

func (n *SessionWindow) prune(need []bool) (Node, []int) {
	width := len(n.Input.Props().Fields)
	used := slices.Clone(need[:width])
	for _, c := range append(slices.Clone(n.Partition), n.Time) {
		used[c] = true
	}
	if n.OnClose != nil {
		used[n.OnClose.Before] = true
	}
	in, at := Prune(n.Input, used)
	out := *n
	out.Input, out.Time = in, at[n.Time]
	out.Partition, _ = moveAll(n.Partition, at)
	if n.OnClose != nil {
		c := *n.OnClose
		c.Time, c.Before = at[c.Time], at[c.Before]
		out.OnClose = &c
	}
	out.fields()
	Derive(&out)
	return &out, append(slices.Clone(at), out.Start(), out.End())
}

// divide brings partitions together.
func (n *SessionWindow) divide(ins []share) share {
	if len(n.Partition) == 0 {
		return share{over(n, []share{{gathered(ins[0]), false}}), false}
	}
	return share{over(n, []share{{exchange(Exchange{Kind: Hash, Keys: n.Partition}, ins[0].Node), false}}), true}
}

func (n *SessionWindow) title() string { return "Session" }

func (n *SessionWindow) details() []string {
	var out []string
	if len(n.Partition) > 0 {
		out = append(out, "Partition Key: "+columnNames(n.Input.Props(), n.Partition))
	}
	out = append(out, fmt.Sprintf("Window: session(%s, %s)", columnName(n.Input.Props(), n.Time), n.Gap))
	if n.OnClose != nil {
		out = append(out, fmt.Sprintf("Emit: on close of session_end + %s", n.OnClose.Lateness))
	}
	return out
}
