package session

import (
	"context"
	"strings"
	"time"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// explain prints the plan of a query, or of what a statement would keep running. With ANALYZE it runs the
// statement first, writes included, and prints what each node did.
func (s *Session) explain(ctx context.Context, p *portal, w face.Writer) error {
	b := p.prepared.statement.Body.(*parse.Explain)
	o, err := readExplain(b.Options)
	if err != nil {
		return err
	}
	began := s.db.Clock.Now()
	end := s.beginPlanning(ctx)
	q, d, err := s.planExplained(b.Body)
	end()
	if err == nil {
		err = s.mayRun(q)
	}
	if err != nil {
		return err
	}
	told := plan.Explanation{Planning: s.db.Clock.Now().Sub(began), Summary: o.summary, Timing: o.timing}
	root, how := q.Root, plan.ExplainOptions{Running: keepsRunning(b.Body)}
	if o.analyze {
		var trace *lane.Trace
		if trace, told.Execution, err = s.analyze(ctx, b.Body, q, d); err != nil {
			return err
		}
		root, how.Actual = trace.Root, trace.Nodes.Node
	}
	told.Plan = plan.Explain(root, how)
	return explainRows(w, o.form, &told)
}

func keepsRunning(b parse.Body) bool {
	switch b.(type) {
	case *parse.CreateMaterializedView, *parse.CreateSink, *parse.CreateStream:
		return true
	}
	return false
}

// analyze runs what is explained, and looks at its query.
func (s *Session) analyze(ctx context.Context, b parse.Body, q *plan.Query, d *dml) (*lane.Trace, time.Duration, error) {
	if _, endless := b.(*parse.Subscribe); endless || keepsRunning(b) {
		return nil, 0, unsupported("EXPLAIN ANALYZE of what runs for ever").WithHint("tributary.dataflows tells of those that run.")
	}
	began := s.db.Clock.Now()
	s.trace = &lane.Trace{Root: q.Root, Nodes: flow.NewTrace(s.db.Clock.Now)}
	trace := s.trace
	defer func() { s.trace = nil }()
	var err error
	if d == nil {
		s.tx.queried = true
		err = s.runQuery(ctx, q, nil, flow.OutFunc(func(*delta.Batch) error { return nil }))
	} else {
		st := &statement{Statement: parse.Statement{Body: b, Tag: parse.TagOf(b)}}
		_, err = s.write(ctx, &portal{prepared: &prepared{statement: st}, plan: &planned{dml: d}}, nil)
	}
	return trace, s.db.Clock.Now().Sub(began), err
}

// takeTrace gives the trace of what is explained to the first query that runs for it: that of a
// writing statement, and none of those that check what it writes.
func (s *Session) takeTrace() *lane.Trace {
	t := s.trace
	s.trace = nil
	return t
}

// explainFields is the one column of EXPLAIN, whose type depends on the format.
func explainFields(b *parse.Explain) []face.Field {
	fields := showFields([]string{"QUERY PLAN"})
	if o, err := readExplain(b.Options); err == nil && o.form == explainJSON {
		fields[0].Type = sqltype.Of(sqltype.JSON)
	}
	return fields
}

// explainRows writes a plan: a line a row as text, else all of it in one.
func explainRows(w face.Writer, form explainForm, e *plan.Explanation) error {
	var texts []string
	kind := sqltype.Text
	switch form {
	case explainJSON:
		kind, texts = sqltype.JSON, []string{e.JSON()}
	case explainYAML:
		texts = []string{e.YAML()}
	case explainXML:
		texts = []string{e.XML()}
	default:
		for line := range strings.Lines(e.Text()) {
			texts = append(texts, strings.TrimRight(line, "\n"))
		}
	}
	field := face.Field{Name: "QUERY PLAN", Type: sqltype.Of(kind), Encode: face.EncodeIn(kind, face.Text, codec.UTC)}
	if err := w.Fields([]face.Field{field}); err != nil {
		return err
	}
	b := delta.NewBatchBuilder([]sqltype.OID{kind})
	for _, text := range texts {
		b.Cols[0].AppendString(text)
		b.End(1)
	}
	rows := b.Batch()
	if err := w.Rows(&rows); err != nil {
		return err
	}
	return w.Complete("EXPLAIN")
}

// planExplained plans the query inside a statement, as that statement would.
func (s *Session) planExplained(b parse.Body) (*plan.Query, *dml, error) {
	q, err := s.planQueryOf(b)
	if err != nil || q != nil {
		return q, nil, err
	}
	d, err := s.planDML(b, nil)
	if err != nil {
		return nil, nil, err
	}
	return d.query, d, nil
}

// planQueryOf plans the query inside a statement that is one; nil = it writes.
func (s *Session) planQueryOf(b parse.Body) (*plan.Query, error) {
	switch b := b.(type) {
	case *parse.Select:
		if changesData(b.Query) {
			return nil, nil
		}
		q, err := s.planQuery(b.Query, nil)
		if bind.NeedsParts(err) {
			return nil, nil
		}
		return q, err
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
	case *parse.Insert, *parse.Update, *parse.Delete, *parse.Merge:
		return nil, nil
	}
	return nil, sqlerr.New(sqlerr.FeatureNotSupported, "EXPLAIN of this statement is not supported")
}
