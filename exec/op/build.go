package op

import (
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Build makes the operator of a node that has inputs. Sources of leaves are the driver's.
//
//lint:dispatch
func Build(n plan.Node) (exec.Operator, error) {
	switch n := n.(type) {
	case *plan.Filter:
		return newFilter(n)
	case *plan.Temporal:
		return newTemporal(n)
	case *plan.OnTime:
		return newOnTime(n), nil
	case *plan.Project:
		return newProject(n)
	case *plan.Hop:
		return newHop(n)
	case *plan.Join:
		return newJoin(n)
	case *plan.GroupBy:
		return newGroupBy(n)
	case *plan.Distinct:
		return newDistinct(n)
	case *plan.Sort:
		return newSort(n)
	case *plan.TopN:
		return newTopN(n)
	case *plan.UnionAll:
		return newPassOn(len(n.Ins)), nil
	case *plan.ProjectSet:
		return newProjectSet(n)
	case *plan.Recursive:
		return newRecursion(n)
	case *plan.Expand:
		return newExpand(n)
	case *plan.SessionWindow:
		return newSession(n)
	case *plan.Over:
		return newOver(n)
	case *plan.SetOp:
		return newSetOp(n)
	case *plan.Exchange:
		return newExchange(n)
	}
	return nil, fmt.Errorf("op: no operator for %T", n)
}

func unsupported(format string, args ...any) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, format, args...)
}
