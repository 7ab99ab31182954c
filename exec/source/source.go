package source

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// rowsPerBatch bounds the rows of one batch that a source fills.
const rowsPerBatch = 4096

// Config is what sources need.
type Config struct {
	Log    log.Log
	Inputs Inputs
	// Decoded, if not nil, is shared with others who read the same streams at the same time.
	Decoded *decoded.Cache
	// Wait is how a source waits for one of them; nil = it just waits.
	Wait decoded.Wait
}

// Build makes the source of a leaf.
func Build(n plan.Node, cfg Config) (exec.Source, error) {
	switch n := n.(type) {
	case *plan.Values:
		return &values{node: n}, nil
	case *plan.Scan:
		return buildScan(n, cfg)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "no source for plan node %T", n)
}

func buildScan(n *plan.Scan, cfg Config) (exec.Source, error) {
	switch n.Kind {
	case plan.RelStream:
		return newStream(n, cfg)
	case plan.RelTable, plan.RelView:
		return &contents{node: n, cfg: cfg}, nil
	case plan.RelErrors:
		rel, err := cfg.Inputs.Relation(n.Relation)
		if err != nil {
			return nil, err
		}
		parent, err := cfg.Inputs.Relation(plan.RelationID(rel.Parent))
		if err != nil {
			return nil, err
		}
		if rel.ListsRows() {
			return &contents{node: n, cfg: cfg, errors: true}, nil
		}
		return newStreamErrors(n, parent, cfg)
	case plan.RelSystem, plan.RelGiven:
		return &system{node: n, cfg: cfg}, nil
	}
	return nil, sqlerr.New(sqlerr.InternalError, "no source for relation %q", n.Name)
}

// SystemRows makes the rows of a system relation, all its columns, one batch at a time.
type SystemRows func(ctx context.Context, emit func(*delta.Batch) error) error

// system reads a system relation, or rows given: all of it when the tick begins at 0, nothing later.
type system struct {
	node *plan.Scan
	cfg  Config
	rows []delta.Batch
	cols []delta.Column
}

func (s *system) Open(exec.Env) error { return nil }

func (s *system) Begin(ctx context.Context, t exec.Tick) error {
	s.rows = s.rows[:0]
	if t.From != 0 {
		return nil
	}
	provider, err := s.cfg.Inputs.System(s.node.Relation)
	if err != nil {
		return err
	}
	return provider(ctx, func(b *delta.Batch) error {
		kept := delta.Batch{Len: b.Rows()}
		for i := range b.Cols {
			kept.Cols = append(kept.Cols, delta.Copy(&b.Cols[i], b.Sel))
		}
		s.rows = append(s.rows, kept)
		return nil
	})
}

func (s *system) Next(_ context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if len(s.rows) == 0 {
		return false, nil
	}
	b := s.rows[0]
	s.rows = s.rows[1:]
	s.cols = s.cols[:0]
	for _, c := range s.node.Columns {
		s.cols = append(s.cols, b.Cols[c])
	}
	*dst = delta.Batch{Len: b.Len, Cols: s.cols}
	return len(s.rows) > 0, nil
}

func (s *system) Progress() exec.Progress { return exec.Progress{Watermark: exec.NoWatermark} }
func (s *system) Close() error            { return nil }
