package lane

import (
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

const (
	// maxFreeFlows are kept of all plans together, and charged for their buffers.
	maxFreeFlows  = 256
	freeFlowBytes = 32 << 10
	// maxFreeRows is what a run may have put out for its flow to be kept: its buffers are small then.
	maxFreeRows = 64
)

// freeFlows keeps flows of point reads between two runs, newest used last. A plan is made for one
// catalog version, one set of settings and of parameter types, so its identity is all of these.
// There is one role; once there are more, privileges must be asked before a flow is looked for. A
// flow that failed or was stopped is never kept.
type freeFlows struct {
	mu struct {
		sync.Mutex
		byPlan map[*plan.Query]*readyFlow // the newest of each plan
		// ends are those of all free flows in a ring: ends.newer is the oldest, ends.older the newest.
		ends  readyFlow
		count int
	}
}

// readyFlow is a flow that is closed and can be opened again.
type readyFlow struct {
	plan   *plan.Query
	flow   *flow.Flow
	inputs *inputSwitch
	root   result

	// While it is free: its neighbours among all that are, and those of the same plan.
	older, newer         *readyFlow
	olderSame, newerSame *readyFlow
}

// inputSwitch reads for whoever runs the flow now.
type inputSwitch struct{ now source.Inputs }

func (s *inputSwitch) Relation(id plan.RelationID) (*catalog.Relation, error) {
	return s.now.Relation(id)
}
func (s *inputSwitch) Contents(id, index plan.RelationID, v log.CommitSeq) (state.View, error) {
	return s.now.Contents(id, index, v)
}
func (s *inputSwitch) Errors(id plan.RelationID, v log.CommitSeq) (state.View, error) {
	return s.now.Errors(id, v)
}
func (s *inputSwitch) System(id plan.RelationID) (source.SystemRows, error) { return s.now.System(id) }

// PointRead reports whether a query's flow is kept: it reads rows by their keys or gives one of its
// parameters, and nothing of a run lives on behind it.
func PointRead(q *plan.Query) bool { return pointRead(q.Root, len(q.Params) > 0) }

// pointRead: the plan reads rows by their keys, or is one, and keeps nothing of them.
func pointRead(n plan.Node, params bool) bool {
	switch n := n.(type) {
	case *plan.Values:
		return params && len(n.Rows) == 1 // a row of constants is hardly wanted again
	case *plan.Scan:
		return n.Keyed() || n.Ordered
	case *plan.Filter:
		return pointRead(n.Input, params)
	case *plan.Project:
		return pointRead(n.Input, params)
	case *plan.Join:
		return n.Lookup != nil && pointRead(n.Right, params)
	case *plan.TopN:
		return len(n.Keys)+len(n.Groups) == 0 && pointRead(n.Input, params)
	}
	return false
}

// take finds a free flow of the plan; nil when there is none.
func (f *freeFlows) take(q *plan.Query) *readyFlow {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.mu.byPlan[q]
	if r != nil {
		f.removeLocked(r)
	}
	return r
}

// put keeps r, and reports whether another had to go for it.
func (f *freeFlows) put(r *readyFlow) (gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.byPlan == nil {
		f.mu.byPlan = map[*plan.Query]*readyFlow{}
		f.mu.ends.older, f.mu.ends.newer = &f.mu.ends, &f.mu.ends
	}
	newest := f.mu.ends.older
	r.older, r.newer = newest, &f.mu.ends
	newest.newer, f.mu.ends.older = r, r
	if r.olderSame = f.mu.byPlan[r.plan]; r.olderSame != nil {
		r.olderSame.newerSame = r
	}
	f.mu.byPlan[r.plan] = r
	if f.mu.count++; f.mu.count > maxFreeFlows {
		f.removeLocked(f.mu.ends.newer)
		return true
	}
	return false
}

func (f *freeFlows) removeLocked(r *readyFlow) {
	r.older.newer, r.newer.older = r.newer, r.older
	if r.olderSame != nil {
		r.olderSame.newerSame = r.newerSame
	}
	switch {
	case r.newerSame != nil:
		r.newerSame.olderSame = r.olderSame
	case r.olderSame != nil:
		f.mu.byPlan[r.plan] = r.olderSame
	default:
		delete(f.mu.byPlan, r.plan)
	}
	r.older, r.newer, r.olderSame, r.newerSame = nil, nil, nil, nil
	f.mu.count--
}
