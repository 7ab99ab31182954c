package session

import (
	"context"
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// explain prints the plan of a query, or of what a statement would keep running.
func (s *Session) explain(ctx context.Context, p *portal, w face.Writer) error {
	b := p.prepared.statement.Body.(*parse.Explain)
	for _, o := range b.Options {
		if on, _ := o.Bool(); strings.EqualFold(o.Name, "analyze") && on {
			return unsupported("EXPLAIN ANALYZE")
		}
	}
	defer s.beginPlanning(ctx)()
	q, err := s.planExplained(b.Body)
	if err != nil {
		return err
	}
	var rows [][]string
	for line := range strings.Lines(plan.Format(q.Root)) {
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
