package lane

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// maxShards bounds the shards of one statement.
const maxShards = 256

// shardCounters are of statements on several shards.
type shardCounters struct {
	// busy are the shards at work beyond the first of each statement. They are bounded for all together,
	// so that statements beside each other run on one each.
	busy       atomic.Int64
	statements atomic.Uint64
	refused    atomic.Uint64 // statements that ran on one shard, since all others were busy
	ticks      atomic.Uint64 // of members, in part on several shards
	sorts      atomic.Uint64 // of rows that members keep, beside them
}

// ShardStats is what statements on several shards did.
type ShardStats struct {
	Busy                int64
	Statements, Refused uint64
	Ticks, Sorts        uint64
}

// ShardStats tells what statements on several shards did since the start.
func (r *Runtime) ShardStats() ShardStats {
	return ShardStats{Busy: r.shards.busy.Load(), Statements: r.shards.statements.Load(), Refused: r.shards.refused.Load(), Ticks: r.shards.ticks.Load(), Sorts: r.shards.sorts.Load()}
}

// divide gives the plan for several shards, and how many there are for it, to be given back with free. It
// is nil where the statement runs on one: little is to be read, or nothing in the plan can be divided.
func (r *Runtime) divide(ctx context.Context, q *plan.Query, run Run) (divided plan.Node, shards int, free func()) {
	want := run.Shards
	if want == 0 {
		want = r.cfg.Shards
	}
	if want = min(want, maxShards); want < 2 || !r.largeEnough(ctx, q.Root, run) {
		return nil, 0, nil
	}
	if divided = plan.Shard(q.Root); divided == q.Root {
		return nil, 0, nil
	}
	more := r.takeShards(int64(want - 1))
	if more == 0 {
		r.shards.refused.Add(1)
		return nil, 0, nil
	}
	r.shards.statements.Add(1)
	return divided, 1 + int(more), func() { r.shards.busy.Add(-more) }
}

// takeShards takes up to want shards beside the statement's own, of those that no other statement uses.
func (r *Runtime) takeShards(want int64) int64 {
	for {
		busy := r.shards.busy.Load()
		more := min(want, int64(r.cfg.Shards-1)-busy)
		if more <= 0 {
			return 0
		}
		if r.shards.busy.CompareAndSwap(busy, busy+more) {
			return more
		}
	}
}

// largeEnough reports whether a plan reads so many rows that it is worth to divide them, and nothing
// that only one goroutine can read.
func (r *Runtime) largeEnough(ctx context.Context, root plan.Node, run Run) bool {
	rows, alone := int64(0), false
	plan.WalkNodes(root, func(n plan.Node) {
		scan, ok := n.(*plan.Scan)
		if !ok || alone {
			return
		}
		switch {
		case scan.Kind == plan.RelStream:
			rows += r.records(ctx, scan)
		case scan.Kind == plan.RelTable || scan.Kind == plan.RelView:
			n, can := contentRows(scan, run)
			rows += n
			alone = !can
		default:
			alone = true
		}
	})
	return !alone && rows >= max(run.MinShardRows, 1)
}

// records is how many records a stream has, about.
func (r *Runtime) records(ctx context.Context, scan *plan.Scan) (n int64) {
	rel, ok := r.cfg.Catalog.Now().ByOID(catalog.OID(scan.Relation))
	if !ok {
		return 0
	}
	topic, ok := r.cfg.Log.TopicByID(rel.Topic)
	if !ok {
		return 0
	}
	partitions := make([]log.Partition, topic.Partitions)
	for i := range partitions {
		partitions[i] = log.Partition{Topic: topic.ID, Index: int32(i)}
	}
	ends, err := r.cfg.Log.Ends(ctx, partitions, false)
	if err != nil {
		return 0
	}
	for _, e := range ends {
		n += e.HighWatermark - e.LogStart
	}
	return n
}

// contentRows is how many rows a table or view has; can is false when they cannot be read in parts: it
// is seen through the writes of a transaction, or rows of it have failed.
func contentRows(scan *plan.Scan, run Run) (n int64, can bool) {
	view, err := run.Inputs.Contents(scan.Relation, scan.Index, run.At)
	if err != nil {
		return 0, false // who reads it is told
	}
	defer view.Release()
	if !scan.Keyed() && !scan.Ordered {
		n = view.Rows()
	}
	if _, can = view.(state.Divider); !can || scan.Kind == plan.RelTable {
		return n, can
	}
	errs, err := run.Inputs.Errors(scan.Relation, run.At)
	if err != nil {
		return 0, false
	}
	if errs != nil {
		defer errs.Release()
		can = errs.Rows() == 0
	}
	return n, can
}

// runShards runs a divided plan.
func (r *Runtime) runShards(ctx context.Context, q *plan.Query, divided plan.Node, shards int, run Run, out exec.Out) (err error) {
	defer run.Meter.Close()
	s, err := flow.NewShards(divided, r.builder(run.Inputs, r.cfg.Log), shards, run.Meter.Charge)
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	return s.Run(ctx, run.env(), r.onceAt(run), &result{width: len(q.Fields), out: out})
}
