package session

import (
	"context"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// planTableAs plans the query of a CREATE TABLE AS, for the parameters that it has.
func (s *Session) planTableAs(b *parse.CreateTableAs, p *prepared) (*plan.Query, error) {
	if b.Execute != nil {
		return nil, nil // what it runs is looked for when it runs
	}
	if b.Query.Emit != parse.EmitNone {
		return nil, sqlerr.New(sqlerr.SyntaxError, "EMIT is not allowed in CREATE TABLE AS").At(b.Query.EmitAt)
	}
	return s.planQuery(b.Query, p.given)
}

// createTableAs is CREATE TABLE AS and SELECT INTO: the table and its rows are one change.
func (s *Session) createTableAs(ctx context.Context, p *portal, b *parse.CreateTableAs, w face.Writer) error {
	q, args, err := s.queryOfTable(ctx, p, b)
	if err != nil {
		return err
	}
	def, err := bind.TableAs(b, q, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	n, err := int64(0), s.makeTable(ctx, p.prepared.statement.Tag, def, b.IfNotExists)
	if err == nil && !b.NoData {
		n, err = s.fillTable(ctx, q, args, def.Relation)
	}
	if err != nil || b.NoData {
		return s.created(err, "CREATE TABLE AS", w)
	}
	return w.Complete("SELECT " + strconv.FormatInt(n, 10))
}

// queryOfTable is the query that gives the rows, with its arguments.
func (s *Session) queryOfTable(ctx context.Context, p *portal, b *parse.CreateTableAs) (*plan.Query, []delta.Column, error) {
	if b.Execute == nil {
		defer s.beginPlanning(ctx)()
		q, err := s.planTableAs(b, p.prepared)
		return q, p.args, err
	}
	pr, err := s.statementNamed(b.Execute.Name)
	if err != nil {
		return nil, nil, err
	}
	made, err := s.planOf(ctx, pr)
	if err != nil {
		return nil, nil, err
	}
	if _, rows := pr.statement.Body.(*parse.Select); !rows || made.query == nil {
		return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "prepared statement is not a SELECT")
	}
	args, err := s.executeArgs(b.Execute, made)
	return made.query, args, err
}

// fillTable writes the rows of a query into a table that the transaction has just made.
func (s *Session) fillTable(ctx context.Context, q *plan.Query, args []delta.Column, rel *catalog.Relation) (n int64, err error) {
	types := make([]sqltype.OID, len(rel.Columns))
	for i := range types {
		types[i] = rel.Columns[i].Type.OID
	}
	rows := s.newGathered(types)
	defer rows.drop()
	if err := s.runQuery(ctx, q, args, flow.OutFunc(func(d *delta.Batch) error { return rows.add(some(d, 0, len(types))) })); err != nil {
		return 0, err
	}
	t, err := s.tx.writes.Table(ctx, rel.OID)
	if err != nil {
		return 0, err
	}
	return n, rows.each(func(b *delta.Batch) error {
		more, err := s.tx.writes.Insert(ctx, t, b)
		n += more
		return err
	})
}
