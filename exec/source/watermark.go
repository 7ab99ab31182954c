package source

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// watermark is the event time that a stream has reached. It moves commit by commit, in log order:
//
//	records of commit c ──observe──► largest time of each partition        judged by now, which
//	                                                                       does not move meanwhile
//	commit c ends        ──settle──► now = least largest time of the partitions that hold, less
//	                                 the delay; never back
//
// A partition holds until it has had no record for the idle timeout while the stream was awake. The
// stream wakes with its first record, and with the first commit after a gap longer than the
// timeout; until a timeout after that every partition of the topic holds, also one that never
// spoke. A partition with a record in the commit holds. Times are commit times, which the log
// stores, so all of it is a function of the log: how ticks and restarts cut it never matters.
//
// Records without a time, and those that jump too far ahead, take no part: they neither wake the
// stream nor keep a partition from being idle.
//
// A record costs O(1), a commit O(log partitions) for each partition that it touches: those that
// hold are in a heap by their largest time, and who is idle is found only when it comes to the
// top. The state between ticks is the largest time and the last commit time by partition, and
// the stream's own row; the heap is made from it.
//
// Time passes idle partitions also when nobody writes to the stream (pass): before the records of a commit, as of its time, and
// at the end of a tick, as of that of the tick. The partitions of the stream's last commit hold until others speak: a stream
// that is silent as a whole stays where they are. So which versions ticks ended at never matters.
type watermark struct {
	markRule
	now  int64 // the watermark
	wake int64 // commit time at which the stream woke
	last int64 // commit time of its last record; never = none yet
	// high is the largest time accepted in any partition, and raised the commit time at which.
	high, raised int64

	partitions []markPartition // by index, as far as any spoke
	spoken     int             // partitions with a time
	heap       []int32         // spoken partitions by largest time; maybe idle ones deeper down

	commit  log.CommitSeq // whose records are being observed; 0 = none
	time    int64         // its commit time
	touched []int32       // partitions with records in it
	dirty   []int32       // partitions changed since save
	passed  bool          // now moved since save, with no partition

	byPartition, own state.Flat
	keys             *delta.Builder
	slots            []state.Slot
}

// markRule is what the definition of a stream says; times in microseconds.
type markRule struct {
	delay, idle int64
	jump        int64 // 0 = no limit
	topic       log.Topic
}

type markPartition struct {
	largest int64 // event time, exec.NoWatermark = none yet
	last    int64 // commit time of the last record
	fresh   int64 // largest with the records of the commit at hand
	place   int32 // in the heap, -1 = idle
	busy    bool  // has records in the commit at hand
	dirty   bool
}

// never is a commit time before every other.
const never = exec.NoWatermark

// Cells of a partition, and of the stream's own row.
const (
	cellLargest = 0
	cellLast    = 1

	cellNow, cellWake, cellLastOfAll, cellHigh, cellRaised = 0, 1, 2, 3, 4
)

var (
	partitionCells = []state.CellType{state.CellInt64, state.CellInt64}
	ownCells       = []state.CellType{state.CellInt64, state.CellInt64, state.CellInt64, state.CellInt64, state.CellInt64}
	markKey        = []sqltype.OID{sqltype.Int4}
)

func openWatermark(env exec.Env, rule markRule) (*watermark, error) {
	byPartition, err := env.Flat("watermark", markKey, partitionCells)
	if err != nil {
		return nil, err
	}
	own, err := env.Flat("watermark of all", markKey, ownCells)
	if err != nil {
		return nil, err
	}
	return openWatermarkOn(byPartition, own, rule)
}

// openWatermarkOn goes on with the state there is.
func openWatermarkOn(byPartition, own state.Flat, rule markRule) (*watermark, error) {
	w := &watermark{
		markRule: rule, now: exec.NoWatermark, wake: never, last: never, high: exec.NoWatermark, raised: never,
		byPartition: byPartition, own: own, keys: delta.NewBuilder(sqltype.Int4),
	}
	if own.Len() > 0 {
		s, err := w.ownSlot()
		if err != nil {
			return nil, err
		}
		w.now, w.wake, w.last = own.Int64(cellNow).At(s), own.Int64(cellWake).At(s), own.Int64(cellLastOfAll).At(s)
		w.high, w.raised = own.Int64(cellHigh).At(s), own.Int64(cellRaised).At(s)
	}
	err := byPartition.Scan(func(slots []state.Slot) bool {
		keys := byPartition.Keys(slots)
		for i, s := range slots {
			p := w.partition(delta.Values[int32](&keys[0])[keys[0].At(int32(i))])
			p.largest, p.last = byPartition.Int64(cellLargest).At(s), byPartition.Int64(cellLast).At(s)
			w.spoken++
		}
		return true
	})
	w.refill()
	return w, err
}

// partition finds or makes what is known of a partition.
func (w *watermark) partition(index int32) *markPartition {
	for int(index) >= len(w.partitions) {
		w.partitions = append(w.partitions, markPartition{largest: exec.NoWatermark, last: never, place: -1})
	}
	return &w.partitions[index]
}

// begin says which commit the records to be observed are of; the one before it is settled.
func (w *watermark) begin(c log.CommitSeq, micros int64) {
	if c == w.commit {
		return
	}
	w.settle()
	w.pass(micros)
	w.commit, w.time = c, micros
}

// pass lets the time be at least t, with no records behind those that have settled: partitions that are idle by then hold no
// longer.
func (w *watermark) pass(t int64) {
	if w.last == never || t-w.wake < w.idle {
		return
	}
	for {
		p := &w.partitions[w.heap[0]]
		if p.last == w.last || t-max(p.last, w.wake) < w.idle {
			break
		}
		w.pop()
	}
	if now := w.partitions[w.heap[0]].largest - w.delay; now > w.now {
		w.now, w.passed = now, true
	}
}

// wakes is the commit time at which pass would move the watermark, or find that it does not; never = it will not.
func (w *watermark) wakes() int64 {
	if w.last == never {
		return never
	}
	switch p := &w.partitions[w.heap[0]]; {
	case p.largest-w.delay > w.now:
		return w.wake + w.idle
	case p.last != w.last:
		return max(p.last, w.wake) + w.idle
	}
	return never
}

// observe takes the event time of a record of the commit at hand; ahead when it jumps further
// than the stream allows: past the largest time before its commit, or before it in its partition,
// by more than the limit and the commit time that has passed meanwhile. A stream without any time
// yet allows everything.
func (w *watermark) observe(partition int32, at int64) (ahead bool) {
	p := w.partition(partition)
	fresh := p.largest
	if p.busy {
		fresh = p.fresh
	}
	if from := max(w.high, fresh); w.jump > 0 && from != exec.NoWatermark {
		passed := int64(0)
		if w.raised != never {
			passed = max(w.time-w.raised, 0)
		}
		if at-from > w.jump+passed { // event times span 3 * 10^17 microseconds at most
			return true
		}
	}
	if !p.busy {
		p.busy = true
		w.touched = append(w.touched, partition)
	}
	p.fresh = max(fresh, at)
	return false
}

// settle ends the commit at hand: its records move the watermark.
func (w *watermark) settle() {
	if len(w.touched) == 0 {
		return
	}
	if w.last == never || w.time-w.last > w.idle {
		w.wake = w.time
		w.refill()
	}
	w.last = w.time
	for _, i := range w.touched {
		p := &w.partitions[i]
		if p.largest == exec.NoWatermark {
			w.spoken++
		}
		p.largest, p.last = p.fresh, w.time
		if p.largest > w.high {
			w.high, w.raised = p.largest, w.time
		}
		if p.place < 0 {
			w.push(i)
		} else {
			w.down(int(p.place)) // largest only grows
		}
		if !p.dirty {
			p.dirty = true
			w.dirty = append(w.dirty, i)
		}
	}
	if w.spoken >= int(w.topic.PartitionsAt(w.commit)) || w.time-w.wake >= w.idle {
		w.dropIdle()
		w.now = max(w.now, w.partitions[w.heap[0]].largest-w.delay)
	}
	for _, i := range w.touched {
		w.partitions[i].busy = false
	}
	w.touched = w.touched[:0]
}

// dropIdle takes idle partitions off the top of the heap. One with records in the commit is there
// for sure.
func (w *watermark) dropIdle() {
	for {
		p := &w.partitions[w.heap[0]]
		if p.busy || w.time-max(p.last, w.wake) < w.idle {
			return
		}
		w.pop()
	}
}

// save makes what settled commits changed the state, at the end of a tick.
func (w *watermark) save() error {
	if len(w.dirty) == 0 && !w.passed {
		return nil
	}
	w.passed = false
	w.keys.Clear()
	for _, i := range w.dirty {
		delta.Append(w.keys, i)
	}
	for len(w.slots) < len(w.dirty) {
		w.slots = append(w.slots, 0)
	}
	slots := w.slots[:len(w.dirty)]
	if err := w.byPartition.Probe([]delta.Column{w.keys.Column()}, nil, true, slots); err != nil {
		return err
	}
	cells := w.byPartition.Write(slots)
	largest, last := cells.Int64(cellLargest), cells.Int64(cellLast)
	for k, i := range w.dirty {
		p := &w.partitions[i]
		largest[slots[k]], last[slots[k]] = p.largest, p.last
		p.dirty = false
	}
	w.dirty = w.dirty[:0]
	s, err := w.ownSlot()
	if err != nil {
		return err
	}
	own := w.own.Write([]state.Slot{s})
	for cell, v := range []int64{cellNow: w.now, cellWake: w.wake, cellLastOfAll: w.last, cellHigh: w.high, cellRaised: w.raised} {
		own.Int64(cell)[s] = v
	}
	return nil
}

func (w *watermark) ownSlot() (state.Slot, error) {
	w.keys.Clear()
	delta.Append(w.keys, int32(0))
	var s [1]state.Slot
	err := w.own.Probe([]delta.Column{w.keys.Column()}, nil, true, s[:])
	return s[0], err
}
