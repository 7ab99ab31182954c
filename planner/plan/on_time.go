package plan

import (
	"fmt"
	"slices"
	"time"
)

// OnTime leaves out the records that are late by the watermark of their own stream before their commit, and those without a
// finite time. What comes through never lies before the edge's watermark, which lags behind the stream's by Lateness.
type OnTime struct {
	P     Props
	Input Node
	// Time is the event time, Before the watermark before the record's commit, as in a WindowClose.
	Time, Before int
	Lateness     time.Duration
}

// NewOnTime leaves late records of in out.
func NewOnTime(in Node, at, before int, lateness time.Duration) *OnTime {
	n := &OnTime{Input: in, Time: at, Before: before, Lateness: lateness}
	n.P.Fields = in.Props().Fields
	Derive(n)
	return n
}

// Props are the output edge's.
func (n *OnTime) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *OnTime) Inputs() []Node { return []Node{n.Input} }

func (n *OnTime) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	c.P.Fields = ins[0].Props().Fields
	return &c
}

func (n *OnTime) mapExprs(func(Expr) Expr) Node { return n }

func (n *OnTime) derive() Props { return *n.Input.Props() }

func (n *OnTime) below(cond Expr) (Expr, bool) { return cond, true }

func (n *OnTime) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	need[n.Time], need[n.Before] = true, true
	in, at := Prune(n.Input, need)
	out := NewOnTime(in, at[n.Time], at[n.Before], n.Lateness)
	return out, at
}

func (n *OnTime) title() string { return "On Time" }

func (n *OnTime) details() []string {
	return []string{fmt.Sprintf("Late: %s + %s behind the watermark", columnName(&n.P, n.Time), n.Lateness)}
}

// Within bounds the event times of a pair: Lower <= right - left <= Upper, in microseconds. So a row of a side meets none of the
// other side any more that comes when the watermark there has passed what it could meet.
type Within struct {
	Left, Right  int // columns of the sides
	Lower, Upper int64
	// Behind is how far a row of a side may lie behind the watermark of its edge, of the left one and the right one.
	Behind [2]int64
}

// EventTime is a column that lies at most Behind microseconds before the watermark of its edge, in all rows that are still
// to come.
type EventTime struct {
	Column int
	Behind int64
}

// EventTimes are the columns of n with event times, where late records are left out below.
func EventTimes(n Node) []EventTime {
	switch n := n.(type) {
	case *OnTime:
		return timesBelow(n.Input, n.Time)
	case *Filter:
		return EventTimes(n.Input)
	case *Hop:
		return EventTimes(n.Input)
	case *Join:
		if n.Within == nil {
			return nil
		}
		w := n.Within
		return []EventTime{
			{Column: w.Left, Behind: max(0, w.Upper)}, {Column: len(n.Left.Props().Fields) + w.Right, Behind: max(0, -w.Lower)},
		}
	case *Project:
		var out []EventTime
		for _, t := range EventTimes(n.Input) {
			for i, e := range n.Exprs {
				if by, ok := laterThan(e, t.Column); ok {
					out = append(out, EventTime{Column: i, Behind: t.Behind - by})
				}
			}
		}
		return out
	}
	return nil
}

// timesBelow is column at of n, with what n computes of it.
func timesBelow(n Node, at int) []EventTime {
	out := []EventTime{{Column: at}}
	for f, ok := n.(*Filter); ok; f, ok = n.(*Filter) {
		n = f.Input
	}
	p, ok := n.(*Project)
	if !ok {
		return out
	}
	from, ok := p.Exprs[at].(*Column)
	if !ok {
		return out
	}
	for i, e := range p.Exprs {
		if by, ok := laterThan(e, from.Index); ok && i != at {
			out = append(out, EventTime{Column: i, Behind: -by})
		}
	}
	return out
}
