package source

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// watermark is the event time that a stream has reached, record by record in log order: the
// least of its partitions' largest times, less the delay. It never goes back. A partition is
// idle, and holds nothing back, when its last record's commit is older than the current one's
// by the idle timeout; a new partition starts where the watermark is. All of it is a function
// of the log, so it is state of the dataflow, by partition.
type watermark struct {
	delay, idle int64 // microseconds
	now         int64 // the watermark
	flat        state.Flat
	slots       [1]state.Slot
	key         *delta.Builder
}

// Cells of a partition; the row with partition -1 has the watermark itself in cellLargest.
const (
	cellLargest = 0 // largest event time
	cellCommit  = 1 // commit time of the last record, Unix microseconds
)

const ownRow = -1

func openWatermark(env exec.Env, delay, idle int64) (*watermark, error) {
	flat, err := env.Flat("watermark", []sqltype.OID{sqltype.Int4}, []state.CellType{state.CellInt64, state.CellInt64})
	if err != nil {
		return nil, err
	}
	return openWatermarkOn(flat, delay, idle)
}

// openWatermarkOn goes on with the state in flat.
func openWatermarkOn(flat state.Flat, delay, idle int64) (*watermark, error) {
	w := &watermark{delay: delay, idle: idle, flat: flat, now: exec.NoWatermark, key: delta.NewBuilder(sqltype.Int4)}
	s, fresh, err := w.slot(ownRow)
	if err != nil {
		return nil, err
	}
	if fresh {
		flat.Int64(cellLargest)[s] = exec.NoWatermark
	}
	w.now = flat.Int64(cellLargest)[s]
	return w, nil
}

// slot finds or makes the row of a partition.
func (w *watermark) slot(partition int32) (s state.Slot, fresh bool, err error) {
	w.key.Clear()
	delta.Append(w.key, partition)
	before := w.flat.Len()
	err = w.flat.Probe([]delta.Column{w.key.Column()}, nil, true, w.slots[:])
	return w.slots[0], w.flat.Len() > before, err
}

// observe takes the event time of a record (NoWatermark when it has none), committed at commit.
func (w *watermark) observe(partition int32, at, commit int64) error {
	s, fresh, err := w.slot(partition)
	if err != nil {
		return err
	}
	largest, commits := w.flat.Int64(cellLargest), w.flat.Int64(cellCommit)
	if fresh {
		largest[s] = exec.NoWatermark
		if w.now != exec.NoWatermark {
			largest[s] = w.now + w.delay
		}
	}
	largest[s] = max(largest[s], at)
	commits[s] = commit
	w.flat.Touch(w.slots[:])
	if low := w.least(commit); low != exec.NoWatermark && low-w.delay > w.now {
		return w.move(low - w.delay)
	}
	return nil
}

// least is the smallest largest time of the partitions that are not idle at commit time now.
func (w *watermark) least(now int64) int64 {
	largest, commits := w.flat.Int64(cellLargest), w.flat.Int64(cellCommit)
	low, any := int64(0), false
	w.flat.Scan(func(slots []state.Slot) bool {
		for _, s := range slots {
			if w.isOwn(s) || commits[s] < now-w.idle {
				continue
			}
			if !any || largest[s] < low {
				low, any = largest[s], true
			}
		}
		return true
	})
	if !any {
		return exec.NoWatermark
	}
	return low
}

// isOwn: a partition always has a commit time, the watermark's own row never.
func (w *watermark) isOwn(s state.Slot) bool { return w.flat.Int64(cellCommit)[s] == 0 }

func (w *watermark) move(to int64) error {
	w.now = to
	s, _, err := w.slot(ownRow)
	if err != nil {
		return err
	}
	w.flat.Int64(cellLargest)[s] = to
	w.flat.Touch(w.slots[:])
	return nil
}
