package lane

import (
	"container/list"
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
		byPlan map[*plan.Query]*list.List // of *readyFlow
		oldest *list.List                 // of *readyFlow, all of them
	}
}

// readyFlow is a flow that is closed and can be opened again.
type readyFlow struct {
	plan   *plan.Query
	flow   *flow.Flow
	inputs *inputSwitch

	ofPlan, ofAll *list.Element // while it is free
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

// pointRead: the plan reads rows by their keys and keeps nothing of them.
func pointRead(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return len(n.Lookup) > 0
	case *plan.Filter:
		return pointRead(n.Input)
	case *plan.Project:
		return pointRead(n.Input)
	}
	return false
}

// take finds a free flow of the plan; nil when there is none.
func (f *freeFlows) take(q *plan.Query) *readyFlow {
	f.mu.Lock()
	defer f.mu.Unlock()
	flows := f.mu.byPlan[q]
	if flows == nil {
		return nil
	}
	r := flows.Back().Value.(*readyFlow)
	f.removeLocked(r)
	return r
}

// put keeps r, and reports whether another had to go for it.
func (f *freeFlows) put(r *readyFlow) (gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.byPlan == nil {
		f.mu.byPlan, f.mu.oldest = map[*plan.Query]*list.List{}, list.New()
	}
	flows := f.mu.byPlan[r.plan]
	if flows == nil {
		flows = list.New()
		f.mu.byPlan[r.plan] = flows
	}
	r.ofPlan, r.ofAll = flows.PushBack(r), f.mu.oldest.PushBack(r)
	if f.mu.oldest.Len() > maxFreeFlows {
		f.removeLocked(f.mu.oldest.Front().Value.(*readyFlow))
		return true
	}
	return false
}

func (f *freeFlows) removeLocked(r *readyFlow) {
	flows := f.mu.byPlan[r.plan]
	flows.Remove(r.ofPlan)
	if flows.Len() == 0 {
		delete(f.mu.byPlan, r.plan)
	}
	f.mu.oldest.Remove(r.ofAll)
	r.ofPlan, r.ofAll = nil, nil
}
