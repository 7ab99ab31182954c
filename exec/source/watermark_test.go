package source

import (
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// markState is the state of a watermark between ticks.
type markState struct{ byPartition, own state.Flat }

func newMarkState() markState {
	return markState{state.NewFlat(markKey, partitionCells, state.Options{}), state.NewFlat(markKey, ownCells, state.Options{})}
}

func (s markState) open(t *testing.T, rule markRule) *watermark {
	t.Helper()
	w, err := openWatermarkOn(s.byPartition, s.own, rule)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func at(partition int32, micros int64) exectest.Instant {
	return exectest.Instant{Partition: partition, At: micros}
}

func commitOf(time int64, records ...exectest.Instant) exectest.Commit {
	return exectest.Commit{Time: time, Records: records}
}

// give hands a commit to a watermark.
func give(w *watermark, seq log.CommitSeq, c exectest.Commit) (ahead []bool) {
	w.begin(seq, c.Time)
	for _, r := range c.Records {
		ahead = append(ahead, w.observe(r.Partition, r.At))
	}
	return ahead
}

func TestWatermarkSteps(t *testing.T) {
	const none = exec.NoWatermark
	w := newMarkState().open(t, markRule{delay: 10, idle: 1000, topic: log.Topic{Partitions: 3}})
	for i, s := range []struct {
		exectest.Commit
		want int64
	}{
		{commitOf(1, at(0, 100), at(0, 200)), none},       // two partitions have not spoken
		{commitOf(2, at(1, 50)), none},                    // one has not
		{commitOf(3, at(2, 80)), 40},                      // the slowest decides
		{commitOf(4, at(1, 300), at(2, 90)), 80},          //
		{commitOf(5, at(2, 70)), 80},                      // never back
		{commitOf(900, at(0, 500), at(1, 510)), 80},       // partition 2 is silent
		{commitOf(1004, at(0, 600)), 80},                  // but not for the timeout
		{commitOf(1005, at(0, 610)), 500},                 // now it is idle
		{commitOf(1006, at(2, 400)), 500},                 // it comes back behind: no step back
		{commitOf(1007, at(0, 900), at(1, 900)), 500},     // and holds again
		{commitOf(1008, at(2, 800)), 790},                 //
		{commitOf(9000, at(0, 5000)), 790},                // after a pause everybody holds; in it 2 alone, which spoke last
		{commitOf(9999, at(0, 6000)), 790},                //
		{commitOf(10000, at(0, 7000)), 6990},              // until a timeout after it
		{commitOf(11001, at(1, 7500), at(0, 7100)), 6990}, // a gap again: 2 holds
		{commitOf(11002, at(1, 8000), at(0, 8100), at(2, 7050)), 7040},
	} {
		give(w, log.CommitSeq(i+1), s.Commit)
		if w.settle(); w.now != s.want {
			t.Fatalf("step %d: %d, want %d", i, w.now, s.want)
		}
	}
}

// TestFirstUpload: ordered records of three partitions, however they are put into commits, are
// never judged by each other's partition.
func TestFirstUpload(t *testing.T) {
	const second = 1_000_000
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := newMarkState().open(t, markRule{delay: 10 * second, idle: 10 * second, topic: log.Topic{Partitions: 3}})
		var at [3]int
		for seq, now := log.CommitSeq(1), int64(1); at != [3]int{15, 15, 15}; seq++ {
			now += r.Int64N(second / 10)
			p := r.IntN(3)
			w.begin(seq, now)
			for n := r.IntN(16); n > 0 && at[p] < 15; n-- {
				time := int64(at[p]) * 20 * second
				if time < w.now {
					t.Fatalf("seed %d: record %d of partition %d is behind the watermark", seed, at[p], p)
				}
				w.observe(int32(p), time)
				at[p]++
			}
		}
		if w.settle(); w.now != 270*second {
			t.Fatalf("seed %d: %d at the end", seed, w.now)
		}
	}
}

// TestWatermarkModel: over commits, partitions, gaps and jumps the watermark before every commit is
// that of the rule, wherever ticks and restarts cut them.
func TestWatermarkModel(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 1))
		rule := markRule{delay: r.Int64N(50), idle: r.Int64N(3) * r.Int64N(200), topic: log.Topic{Partitions: int32(1 + r.IntN(6))}}
		if r.IntN(2) == 0 {
			rule.jump = 1 + r.Int64N(200)
		}
		partitions := int(rule.topic.Partitions)
		model := exectest.NewEventTime(rule.delay, rule.idle, rule.jump, partitions)
		// The topic grows at some commits; what reads commits before them may know it already.
		grows := map[log.CommitSeq]int{}
		for range r.IntN(3) {
			grows[log.CommitSeq(10+r.IntN(130))] = 1 + r.IntN(3)
		}
		for seq := range log.CommitSeq(150) {
			if more := grows[seq]; more > 0 {
				rule.topic.Grown = append(rule.topic.Grown, log.Growth{At: seq, First: rule.topic.Partitions})
				rule.topic.Partitions += int32(more)
			}
		}
		whole := newMarkState().open(t, rule)
		cutState := newMarkState()
		cut := cutState.open(t, rule)
		now, base := int64(1), int64(0)
		for seq := log.CommitSeq(1); seq < 150; seq++ {
			now += []int64{0, r.Int64N(20), r.Int64N(20), r.Int64N(400)}[r.IntN(4)]
			base += r.Int64N(30)
			if more := grows[seq]; more > 0 {
				partitions += more
				model.Grow(partitions)
			}
			c := exectest.Commit{Time: now}
			for range r.IntN(5) {
				at := base + r.Int64N(100) - 50
				if r.IntN(15) == 0 {
					at += r.Int64N(2000)
				}
				c.Records = append(c.Records, exectest.Instant{Partition: int32(r.IntN(partitions)), At: at})
			}
			if r.IntN(3) == 0 { // the end of a tick, maybe of the process
				cut.settle()
				if err := cut.save(); err != nil {
					t.Fatal(err)
				}
				if r.IntN(2) == 0 {
					cut = cutState.open(t, rule)
				}
			}
			if r.IntN(3) == 0 { // a version, with a time, of nothing that is of the stream
				now += r.Int64N(2 * (rule.idle + 1))
				if r.IntN(2) == 0 {
					cut.settle()
					cut.pass(now)
				}
				if r.IntN(2) == 0 {
					whole.settle()
					whole.pass(now)
					model.Pass(now)
					if at := whole.wakes(); at != never && at <= now || whole.now != model.Now {
						t.Fatalf("seed %d, before commit %d: %d, want %d; wakes at %d, it is %d", seed, seq, whole.now, model.Now, at, now)
					}
				}
				c.Time = now
			}
			whole.begin(seq, now)
			model.Pass(now)
			if whole.now != model.Now {
				t.Fatalf("seed %d, before commit %d: %d, want %d", seed, seq, whole.now, model.Now)
			}
			a, b, want := give(whole, seq, c), give(cut, seq, c), model.Take(c)
			if cut.now != whole.now {
				t.Fatalf("seed %d, commit %d: %d cut, %d whole", seed, seq, cut.now, whole.now)
			}
			for i := range want {
				if a[i] != want[i] || b[i] != want[i] {
					t.Fatalf("seed %d, commit %d, record %d: ahead %t whole, %t cut, want %t", seed, seq, i, a[i], b[i], want[i])
				}
			}
		}
	}
}

// BenchmarkWatermark is a commit of one record in a topic of 10,000 partitions, the one furthest
// behind among them every time.
func BenchmarkWatermark(b *testing.B) {
	s := newMarkState()
	w, err := openWatermarkOn(s.byPartition, s.own, markRule{idle: 1 << 40, topic: log.Topic{Partitions: 10_000}})
	if err != nil {
		b.Fatal(err)
	}
	for i := range int32(10_000) {
		give(w, log.CommitSeq(i+1), commitOf(1, at(i, int64(i))))
	}
	records := make([]exectest.Instant, 1)
	for i := range b.N {
		records[0] = at(int32(i%10_000), int64(10_000+i))
		give(w, log.CommitSeq(20_000+i), commitOf(2, records...))
	}
}
