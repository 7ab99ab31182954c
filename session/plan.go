package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// plan makes what a statement needs to run, and its result columns.
func (s *Session) plan(ctx context.Context, st *statement, given []sqltype.OID) (*planned, error) {
	switch b := st.Body.(type) {
	case *parse.Select:
		if changesData(b.Query) {
			return s.plannedDML(b, given)
		}
		q, err := s.planQuery(b.Query, given)
		if bind.NeedsParts(err) {
			return s.plannedDML(b, given)
		}
		if err != nil {
			return nil, err
		}
		return &planned{query: q, fields: resultFields(q), params: q.Params}, nil
	case *parse.Subscribe:
		q, err := s.planSubscription(b.Query, given)
		if err != nil {
			return nil, err
		}
		return &planned{query: q, fields: subscribeFields(resultFields(q)), params: q.Params}, nil
	case *parse.Declare:
		q, err := s.planCursor(b, given)
		if bind.NeedsParts(err) {
			made, err := s.plannedDML(&parse.Select{Query: b.Query}, given)
			if err != nil {
				return nil, err
			}
			made.fields = nil // a DECLARE gives no rows
			return made, nil
		}
		if err != nil {
			return nil, err
		}
		return &planned{query: q, params: q.Params}, nil
	case *parse.Fetch:
		return &planned{fields: s.cursorFields(b)}, nil
	case *parse.Insert, *parse.Update, *parse.Delete, *parse.Merge:
		return s.plannedDML(st.Body, given)
	case *parse.Execute:
		pr, err := s.statementNamed(b.Name)
		if err != nil {
			return nil, err
		}
		made, err := s.planOf(ctx, pr)
		if err != nil {
			return nil, err
		}
		return &planned{fields: made.fields}, nil
	case *parse.Show:
		name, _, err := s.set.show(b.Name)
		if err != nil {
			name = b.Name
		}
		if name == "all" {
			return &planned{fields: showFields([]string{"name", "setting", "description"})}, nil
		}
		return &planned{fields: showFields([]string{name})}, nil
	case *parse.Describe:
		return &planned{fields: showFields(describeColumns)}, nil
	case *parse.ShowCreate:
		return &planned{fields: showFields(showCreateColumns)}, nil
	case *parse.ShowObjects:
		return &planned{fields: showFields(showColumns[b.Kind])}, nil
	case *parse.CreateTableAs:
		q, err := s.planTableAs(b, &prepared{given: given})
		if err != nil || q == nil {
			return &planned{}, err
		}
		return &planned{params: q.Params}, nil
	case *parse.Explain:
		return &planned{fields: explainFields(b)}, nil
	}
	return &planned{}, nil
}

// plannedDML plans what changes data.
func (s *Session) plannedDML(body parse.Body, given []sqltype.OID) (*planned, error) {
	d, err := s.planDML(body, given)
	if err != nil {
		return nil, err
	}
	return &planned{dml: d, params: d.query.Params, fields: fieldsOf(d.returning().Fields)}, nil
}

// noParameters is the error of a simple query that has parameters: it names the first one.
func (s *Session) noParameters(st *statement) error {
	cat, o := s.catalog(), s.binding()
	o.NoParams = true
	var err error
	switch b := st.Body.(type) {
	case *parse.Select:
		if changesData(b.Query) {
			_, _, err = bind.QueryWith(b.Query, cat, o)
		} else {
			_, err = s.planOver(b.Query, cat, o)
		}
	case *parse.Insert:
		_, err = bind.Insert(b, cat, o)
	case *parse.Update:
		_, err = bind.Update(b, cat, o)
	case *parse.Delete:
		_, err = bind.Delete(b, cat, o)
	case *parse.Merge:
		_, err = bind.Merge(b, cat, o)
	}
	if err == nil {
		err = sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $1")
	}
	return err
}

// beginPlanning bounds the planning of a statement by ctx; call end behind it.
func (s *Session) beginPlanning(ctx context.Context) (end func()) {
	s.planning = s.meter()
	stop := s.planning.Begin(ctx)
	return func() {
		stop()
		s.planning.Close()
		s.planning = nil
	}
}

// planQuery plans a query that runs once.
func (s *Session) planQuery(q parse.Query, given []sqltype.OID) (*plan.Query, error) {
	o := s.binding()
	o.ParamTypes, o.Meter = given, s.planning
	return s.planOver(q, s.reader(), o)
}

// planSubscription plans a query that goes on, with parameters.
func (s *Session) planSubscription(q parse.Query, given []sqltype.OID) (*plan.Query, error) {
	o := s.binding()
	o.ParamTypes, o.Continuous, o.Meter = given, true, s.planning
	return s.planOver(q, s.catalog(), o)
}

// planContinuous plans the query of a definition.
func (s *Session) planContinuous(q parse.Query) (*plan.Query, error) {
	o := s.binding()
	o.Continuous, o.NoParams, o.Meter = true, true, s.planning
	if o.Rows != nil {
		o.Rows.Kept = true
	}
	made, err := s.planOver(q, s.catalog(), o)
	if err == nil {
		err = s.mayRun(made)
	}
	if err != nil {
		return nil, err
	}
	return made, s.refuseErrors(made)
}

func (s *Session) planOver(q parse.Query, cat catalog.Reader, o bind.Options) (made *plan.Query, err error) {
	defer func() {
		if err == nil {
			s.db.plannedWith(made, cat)
		}
	}()
	bound, err := bind.Query(q, cat, o)
	if err != nil {
		return nil, err
	}
	rules := s.rules(o.Meter)
	rules.Continuous, rules.ViewLookups = o.Continuous, true
	return rewrite.Query(bound, cat, rules)
}

// rules are how a query of the session is made one that runs well.
func (s *Session) rules(m *meter.Meter) rewrite.Options {
	off := func(name string) bool { return s.set.get(name) == "off" }
	return rewrite.Options{
		Folder: s.db.Folder, Statistics: s.statistics(), Meter: m,
		NoIndexScan: off("enable_indexscan"), NoSeqScan: off("enable_seqscan"), NoNestLoop: off("enable_nestloop"), NoHashJoin: off("enable_hashjoin"),
	}
}

// plannedWith notes the version of the catalog that a query was planned with; what a transaction has changed is its own, and stays.
func (db *Database) plannedWith(q *plan.Query, cat catalog.Reader) {
	q.Catalog = uint64(min(cat.Version(), db.Catalog.Now().Version()))
}

// resultFields are a query's columns for the client.
func resultFields(q *plan.Query) []face.Field {
	if q.Fields == nil {
		return []face.Field{} // rows without columns are rows
	}
	return fieldsOf(q.Fields)
}

// fieldsOf describes columns, nil for none.
func fieldsOf(fields []plan.Field) []face.Field {
	if fields == nil {
		return nil
	}
	out := make([]face.Field, len(fields))
	for i, f := range fields {
		out[i] = face.Field{Name: f.Name, Type: sqltype.BaseOf(f.Type), Table: uint32(f.Relation), Attr: f.Attnum}
		if f.Type.OID == sqltype.Unknown {
			out[i].Type = sqltype.Of(sqltype.Text)
		}
	}
	return out
}
