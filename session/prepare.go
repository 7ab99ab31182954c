package session

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// prepareStatement is PREPARE: what Parse does, in SQL.
func (s *Session) prepareStatement(ctx context.Context, p *portal, b *parse.Prepare, w face.Writer) error {
	if s.prepared[b.Name] != nil {
		return sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", b.Name)
	}
	if len(s.prepared) >= maxNamed {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "too many prepared statements")
	}
	types, err := bind.TypesOf(b.ArgTypes, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	outer := p.prepared.statement
	made := &prepared{given: types, statement: &statement{
		Statement: parse.Statement{Body: b.Body, Tag: parse.TagOf(b.Body)}, sql: outer.sql, memory: outer.memory,
	}}
	if _, err := s.planOf(ctx, made); err != nil {
		return err
	}
	made.statement.memory.hold()
	made.since, made.sql = s.db.Clock.Now(), true
	s.prepared[b.Name] = made
	return w.Complete("PREPARE")
}

// executes: the portal is an EXECUTE.
func (p *portal) executes() bool {
	_, is := p.prepared.statement.Body.(*parse.Execute)
	return is
}

// execute is EXECUTE: it runs a portal of the prepared statement, which it keeps under a row limit.
func (s *Session) execute(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	if p.inner == nil {
		b := p.prepared.statement.Body.(*parse.Execute)
		pr, err := s.statementNamed(b.Name)
		if err != nil {
			return err
		}
		inner := &portal{name: p.name, prepared: pr, fields: p.fields}
		if inner.plan, err = s.planOf(ctx, pr); err != nil {
			return err
		}
		if inner.args, err = s.executeArgs(b, inner.plan); err != nil {
			return err
		}
		p.inner = inner
	}
	return s.runPortal(ctx, p.inner, maxRows, w)
}

// executeArgs evaluates the arguments of an EXECUTE.
func (s *Session) executeArgs(b *parse.Execute, made *planned) ([]delta.Column, error) {
	if len(b.Args) != len(made.params) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "wrong number of parameters for prepared statement %q", b.Name).
			WithDetail("Expected %d parameters but got %d.", len(made.params), len(b.Args))
	}
	exprs, err := bind.Arguments(b.Args, made.params, s.catalog(), s.bindOptions())
	if err != nil {
		return nil, err
	}
	out := make([]delta.Column, len(exprs))
	for i, e := range exprs {
		v, err := s.db.Folder.Fold(e, s.runSettings(), s.planning)
		if err != nil {
			return nil, err
		}
		out[i] = v.Value
	}
	return out, nil
}
