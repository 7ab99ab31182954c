package sqllogictest

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// viewName is the view of a query in mode view-after.
const viewName = "slt_v"

// query runs a query record in the modes select and view-after.
func (r *Runner) query(ctx context.Context, rec *Record) {
	var a answer
	wrong := r.again(ctx, rec, func() (wrong string) {
		if r.opts.Mode == ViewAfter && !r.inTransaction() && viewable(rec.SQL) {
			wrong, a = r.throughView(ctx, rec)
		} else {
			wrong, a = r.inPlace(ctx, rec)
		}
		return wrong
	})
	if wrong == "" && r.opts.Mode == Select {
		wrong = r.checkLabel(rec, a)
	}
	r.outcome(rec, wrong, r.reasonToSkip(rec, wrong, a))
}

func (r *Runner) reasonToSkip(rec *Record, wrong string, a answer) string {
	if wrong == "" {
		return ""
	}
	if skip := a.unsupported(); skip != "" {
		return skip
	}
	return r.taintOf(rec.SQL)
}

// inPlace runs the query as it is written.
func (r *Runner) inPlace(ctx context.Context, rec *Record) (wrong string, a answer) {
	a = r.ask(ctx, rec.SQL)
	if a.err != nil {
		return a.err.Error(), a
	}
	rows, err := render(a.rows, a.oids, rec.Types)
	if err != nil {
		return err.Error(), a
	}
	return rec.compare(arrange(rows, rec.Sort, rec.Rows), false), a
}

// throughView makes a view of the query, reads it and drops it.
func (r *Runner) throughView(ctx context.Context, rec *Record) (wrong string, a answer) {
	if a = r.ask(ctx, createView(viewName, len(rec.Types), rec.SQL)); a.err != nil {
		return a.err.Error(), a
	}
	wrong, a = r.readView(ctx, rec, viewName)
	if drop := r.ask(ctx, "DROP MATERIALIZED VIEW "+viewName); wrong == "" && drop.err != nil {
		return "drop: " + drop.err.Error(), drop
	}
	return wrong, a
}

func createView(name string, columns int, sql string) string {
	list := make([]string, columns)
	for i := range list {
		list[i] = fmt.Sprintf("c%d", i+1)
	}
	return fmt.Sprintf("CREATE MATERIALIZED VIEW %s (%s) AS %s", name, strings.Join(list, ", "), sql)
}

// readView compares a view's content with the record. The order of a view is nobody's: it
// is sorted, and so is what is expected. Where that is a hash of ordered values, the query
// itself is compared with the hash, and the view with the query.
func (r *Runner) readView(ctx context.Context, rec *Record, view string) (wrong string, a answer) {
	a = r.ask(ctx, "SELECT * FROM "+view)
	if a.err != nil {
		return a.err.Error(), a
	}
	rows, err := render(a.rows, a.oids, rec.Types)
	if err != nil {
		return err.Error(), a
	}
	if rec.Sort == ValueSort || (rec.Sort == RowSort && rec.Hash != "") {
		return rec.compare(arrange(rows, rec.Sort, rec.Rows), false), a
	}
	got := arrange(rows, RowSort, rec.Rows)
	if rec.Hash == "" {
		return rec.compare(got, true), a
	}
	return r.besideSelect(ctx, rec, got)
}

func (r *Runner) besideSelect(ctx context.Context, rec *Record, got []string) (wrong string, a answer) {
	if wrong, a = r.inPlace(ctx, rec); wrong != "" {
		return wrong, a
	}
	rows, err := render(a.rows, a.oids, rec.Types)
	if err != nil {
		return err.Error(), a
	}
	if want := arrange(rows, RowSort, rec.Rows); !slices.Equal(got, want) {
		return fmt.Sprintf("the view holds %s\nthe query gives %s", brief(got), brief(want)), a
	}
	return "", a
}

// checkLabel holds equal labels to equal results.
func (r *Runner) checkLabel(rec *Record, a answer) string {
	if rec.Label == "" {
		return ""
	}
	rows, err := render(a.rows, a.oids, rec.Types)
	if err != nil {
		return err.Error()
	}
	hash := hashOf(arrange(rows, rec.Sort, rec.Rows))
	first, ok := r.labels[rec.Label]
	if !ok {
		r.labels[rec.Label] = label{rec.Line, hash}
		return ""
	}
	if first.hash != hash {
		return fmt.Sprintf("the result differs from that of line %d, which has the same label", first.line)
	}
	return ""
}
