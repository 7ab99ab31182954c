package sqllogictest

import (
	"context"
	"fmt"
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
	for first := 0; first == 0 || first < len(views); first += r.opts.MaxViews {
		round := map[int][]*liveView{}
		for i, v := range views[first:min(first+r.opts.MaxViews, len(views))] {
			round[v.after] = append(round[v.after], &liveView{beforeView: v, name: fmt.Sprintf("slt_v%d", i+1)})
		}
		if err := r.round(ctx, records, round, first == 0); err != nil {
			return err
		}
	}
	return nil
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
