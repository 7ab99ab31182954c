package session

import (
	"context"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// explain prints the plan of a query, or of what a statement would keep running.
func (s *Session) explain(ctx context.Context, p *portal, w face.Writer) error {
	b := p.prepared.statement.Body.(*parse.Explain)
	if err := checkExplain(b.Options); err != nil {
		return err
	}
	defer s.beginPlanning(ctx)()
	q, err := s.planExplained(b.Body)
	if err != nil {
		return err
	}
	format := plan.Format
	switch b.Body.(type) {
	case *parse.CreateMaterializedView, *parse.CreateSink, *parse.CreateStream:
		format = plan.FormatRunning
	}
	var rows [][]string
	for line := range strings.Lines(format(q.Root)) {
		rows = append(rows, []string{strings.TrimRight(line, "\n")})
	}
	return textRows(w, "EXPLAIN", explainColumns, rows)
}

var explainColumns = []string{"QUERY PLAN"}

// planExplained plans the query inside a statement, as that statement would.
func (s *Session) planExplained(b parse.Body) (*plan.Query, error) {
	switch b := b.(type) {
	case *parse.Select:
		return s.planQuery(b.Query, nil)
	case *parse.Declare:
		return s.planCursor(b, nil)
	case *parse.Subscribe:
		return s.planContinuous(b.Query)
	case *parse.CreateMaterializedView:
		return s.planContinuous(b.Query)
	case *parse.CreateSink:
		return s.planContinuous(b.Query)
	case *parse.CreateStream:
		if b.AsQuery != nil {
			return s.planContinuous(*b.AsQuery)
		}
	case *parse.Insert, *parse.Update, *parse.Delete:
		d, err := s.planDML(b, nil)
		if err != nil {
			return nil, err
		}
		return d.query, nil
	}
	return nil, sqlerr.New(sqlerr.FeatureNotSupported, "EXPLAIN of this statement is not supported")
}

// checkExplain refuses options that change nothing here. VERBOSE does: the plan is always printed
// with its columns, so it is taken either way.
func checkExplain(list []parse.Option) error {
	known := bind.OptionNames(bind.ExplainOptions)
	for _, o := range list {
		name := strings.ToLower(o.Name)
		switch name {
		case "format":
			switch strings.ToLower(o.Value) {
			case "text":
			case "json", "yaml", "xml":
				return unsupported("EXPLAIN (FORMAT " + strings.ToUpper(o.Value) + ")").At(o.Pos).WithHint("Use FORMAT TEXT.")
			default:
				return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized value for EXPLAIN option %q: %q", o.Name, o.Value).At(o.Pos)
			}
			continue
		}
		if !slices.Contains(known, name) {
			return sqlerr.New(sqlerr.SyntaxError, "unrecognized EXPLAIN option %q", o.Name).At(o.Pos).
				Meant(suggest.Nearest(name, slices.Values(known)))
		}
		on, ok := o.Bool()
		switch {
		case !ok:
			return sqlerr.New(sqlerr.SyntaxError, "%s requires a Boolean value", o.Name)
		case name == "analyze" && on:
			return unsupported("EXPLAIN ANALYZE")
		case (name == "wal" || name == "timing") && on:
			return sqlerr.New(sqlerr.InvalidParameterValue, "EXPLAIN option %s requires ANALYZE", strings.ToUpper(name))
		case name != "verbose" && on:
			return unsupported("EXPLAIN (" + strings.ToUpper(name) + ")").At(o.Pos)
		}
	}
	return nil
}
