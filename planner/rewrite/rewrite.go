package rewrite

import (
	"cmp"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
)

// Options are what the rules need besides the plan and the catalog.
type Options struct {
	// Folder computes constants; nil = no folding.
	Folder plan.Folder
	// Continuous: the plan runs for ever (view, sink, derived stream, SUBSCRIBE).
	Continuous bool
	// ViewLookups: views can be read by their key.
	ViewLookups bool
	// Statistics tells about rows; nil = joins stay in the order of the text. What runs for ever stays in it too: its
	// state in checkpoints belongs to one order.
	Statistics plan.Statistics
	// Switches of PostgreSQL's planner, off: no index is read; tables are read whole only where nothing else can be; rows of a join are not
	// looked up one by one; they are wherever they can be.
	NoIndexScan, NoSeqScan, NoNestLoop, NoHashJoin bool
	// Meter ends the work; nil = never.
	Meter *meter.Meter
}

// Query rewrites a bound query. q is not changed; the result shares parts with it. The catalog
// tells of keys and indexes; nil = no lookups.
func Query(q *plan.Query, cat catalog.Reader, o Options) (*plan.Query, error) {
	out := *q
	root := q.Root
	if o.Continuous {
		root = visibleOnly(root, len(q.Fields))
	}
	var err error
	out.Root, err = Node(root, q.Settings, cat, o)
	return &out, err
}

// Node rewrites a plan; its output columns stay as they are.
func Node(n plan.Node, s plan.Settings, cat catalog.Reader, o Options) (plan.Node, error) {
	fold, conditions, clocks, between := newFolding(o, s), &pusher{}, &temporals{clock: plan.Clock{Zone: &s}}, &intervals{}
	if o.Statistics != nil && !o.Continuous {
		conditions.est = newEstimator(o.Statistics)
	}
	for _, pass := range []func(plan.Node) plan.Node{
		fold.node,
		func(n plan.Node) plan.Node { return sorts(n, o.Continuous) },
		func(n plan.Node) plan.Node { return conditions.push(n, nil) },
		ranks,
		func(n plan.Node) plan.Node {
			if cat == nil || o.Continuous {
				return n
			}
			p := &paths{cat: cat, views: o.ViewLookups, fold: fold, est: conditions.est, o: &o}
			return p.ordered(p.lookups(p.joins(n)))
		},
		prune, tidy,
		func(n plan.Node) plan.Node {
			if !o.Continuous {
				return n
			}
			return clocks.pass(n)
		},
		between.pass,
		recursions,
	} {
		if n = pass(n); o.Meter.Breathe() != nil {
			return nil, o.Meter.Err()
		}
		if err := cmp.Or(fold.refused, conditions.refused, clocks.refused, between.refused); err != nil {
			return nil, err
		}
	}
	if conditions.est != nil {
		newEstimator(o.Statistics).tell(n)
	}
	return n, nil
}

// recursions parts recursive terms from what they read. One in another's term is parted first.
func recursions(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		if r, ok := n.(*plan.Recursive); ok && r.Step == nil {
			return plan.PlanRecursive(r)
		}
		return n
	})
}

// visibleOnly drops the sort keys behind the visible columns: what runs for ever keeps no order.
func visibleOnly(n plan.Node, count int) plan.Node {
	fields := n.Props().Fields
	if len(fields) == count {
		return n
	}
	exprs := make([]plan.Expr, count)
	for i := range exprs {
		exprs[i] = plan.ColumnOf(fields, i)
	}
	return plan.NewProject(n, exprs, fields[:count:count])
}
