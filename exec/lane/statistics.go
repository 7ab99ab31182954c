package lane

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/statistics"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// Statistics tells the planner about the rows of tables, views and streams; nil before Start.
func (r *Runtime) Statistics() plan.Statistics {
	if r.statistics.Sampler == nil {
		return nil
	}
	return &r.statistics
}

// liveStatistics are those of what lies in arrangements, and the number of records of streams.
type liveStatistics struct {
	r *Runtime
	*statistics.Sampler
}

var _ plan.Statistics = (*liveStatistics)(nil)

func (s *liveStatistics) start(r *Runtime) {
	s.r = r
	s.Sampler = statistics.New(r.ctx, s.open, func(id plan.RelationID) bool {
		_, err := r.inputs.Relation(id)
		return err == nil
	})
}

// statisticsWait is how long a table that is being made anew is waited for: without it the statement is planned as well
// as can be, and told about the table when it runs.
const statisticsWait = 100 * time.Millisecond

// newest is later than every version.
const newest = ^state.CommitSeq(0)

// open gives a relation's rows as they are now.
func (s *liveStatistics) open(id plan.RelationID) (state.View, error) {
	rel, err := s.r.inputs.Relation(id)
	if err != nil || rel.Kind != catalog.KindTable && rel.Kind != catalog.KindView {
		return nil, err
	}
	view, _, err := s.r.inputs.outputs(id, 0)
	switch {
	case err != nil:
		return nil, err
	case view != nil:
		return view.contents.At(newest)
	case rel.Kind != catalog.KindTable:
		return nil, nil
	}
	v, err := s.r.cfg.Log.Newest(s.r.ctx, false)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.r.ctx, statisticsWait)
	defer cancel()
	return s.r.cfg.Tables.At(ctx, catalog.OID(id), 0, v)
}

// Rows implements plan.Statistics.
func (s *liveStatistics) Rows(id plan.RelationID) (float64, bool) {
	rel, err := s.r.inputs.Relation(id)
	if err == nil && rel.Kind == catalog.KindStream {
		return float64(s.r.records(s.r.ctx, &plan.Scan{Relation: id})), true
	}
	return s.Sampler.Rows(id)
}
