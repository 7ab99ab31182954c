package source

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decoded"
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
		return &systemRows{node: n, cfg: cfg}, nil
	}
	return nil, sqlerr.New(sqlerr.InternalError, "no source for relation %q", n.Name)
}
