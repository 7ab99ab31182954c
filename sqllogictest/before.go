package sqllogictest

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
)

// liveView is a view of the round that runs.
type liveView struct {
	*beforeView
	name   string
	answer answer // of its creation
}

// runBefore runs the file in as many rounds as its views need, each from a clean slate.
func (r *Runner) runBefore(ctx context.Context, records []*Record) error {
	views := planBefore(records)
	for first := true; first || len(views) > 0; first = false {
		var now []*beforeView
		now, views = cut(views, r.opts.MaxViews)
		round := map[int][]*liveView{}
		for i, v := range now {
			round[v.after] = append(round[v.after], &liveView{beforeView: v, name: fmt.Sprintf("slt_v%d", i+1)})
		}
		if err := r.round(ctx, records, round, first); err != nil {
			return err
		}
	}
	return nil
}

// cut takes the views of one round: as many as fit so that never more than most are alive.
func cut(views []*beforeView, most int) (now, later []*beforeView) {
	slices.SortStableFunc(views, func(a, b *beforeView) int { return cmp.Compare(a.after, b.after) })
	alive := &ends{}
	for _, v := range views {
		for alive.Len() > 0 && (*alive)[0] <= v.after {
			heap.Pop(alive)
		}
		if alive.Len() == most {
			later = append(later, v)
			continue
		}
		heap.Push(alive, v.queries[len(v.queries)-1])
		now = append(now, v)
	}
	return now, later
}

// ends is a heap of the records at which live views are dropped.
type ends []int

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i] < e[j] }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(int)) }
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// readersOf maps the index of a query to its view.
func readersOf(views map[int][]*liveView) map[int]*liveView {
	out := map[int]*liveView{}
	for _, at := range views {
		for _, v := range at {
			for _, i := range v.queries {
				out[i] = v
			}
		}
	}
	return out
}

// makeViews creates the views whose place this is.
func (r *Runner) makeViews(ctx context.Context, views []*liveView) {
	for _, v := range views {
		v.answer = r.ask(ctx, createView(v.name, v.columns, v.sql))
		if v.answer.err == nil {
			r.relations = append(r.relations, relation{"MATERIALIZED VIEW", v.name, v.name})
		}
	}
}

// readBefore compares a view that was made before the data with a query record, and drops
// the view after its last one.
func (r *Runner) readBefore(ctx context.Context, rec *Record, v *liveView, index int) {
	a := v.answer
	wrong := ""
	switch {
	case a.err != nil:
		wrong = a.err.Error()
	case r.inTransaction():
		wrong, a = r.inPlace(ctx, rec)
	default:
		wrong = r.again(ctx, rec, func() (wrong string) {
			if r.opts.Refresh {
				if a = r.ask(ctx, "REFRESH MATERIALIZED VIEW "+v.name); a.err != nil {
					return a.err.Error()
				}
			}
			wrong, a = r.readView(ctx, rec, v.name)
			return wrong
		})
	}
	skip := r.reasonToSkip(rec, wrong, a)
	if v.answer.err == nil && v.queries[len(v.queries)-1] == index {
		sql := "DROP MATERIALIZED VIEW " + v.name
		if drop := r.ask(ctx, sql); drop.err == nil {
			r.follow(sql)
		} else if wrong == "" {
			wrong = "drop: " + drop.err.Error()
		}
	}
	r.outcome(rec, wrong, skip)
}
