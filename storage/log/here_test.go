package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// TestCommitHere: entries of Commit and of Append from many goroutines, with upkeep's jobs between them and a Close
// in the midst. What was acked is there once, of each writer in order; a follower has it all in the order of
// the log, and what Commit returned is applied as soon as somebody asks.
func TestCommitHere(t *testing.T) {
	for seed := range uint64(8) {
		m := newMachine(t, log.Limits{RollGroups: 20, SnapshotCommits: 30, InlineBytes: 2000})
		db := m.start()
		topic := logtest.CreateTopic(t, db, "t", 1)
		other := logtest.CreateTopic(t, db, "other", 1)
		c := &collector{db: db, topic: topic}
		f := db.Follow(log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(topic)}, c)
		// A follower that stands still while Commit goes on: it is not waited for.
		stuck := make(chan struct{})
		idle := &collector{db: db, topic: other, before: func(*log.Delivery) error { <-stuck; return nil }}
		db.Follow(log.FollowConfig{Name: "stuck", After: newest(t, db), Filter: topicFilter(other), Backlog: -1}, idle)

		const writers = 6
		acked, began := make([]int, writers), make([]int, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(w)))
				for i := range 60 {
					began[w] = i + 1
					value := fmt.Sprintf("%d/%d", w, i)
					if rng.IntN(8) == 0 {
						value += "/" + randomValue(rng, 3000) // too large to ride inline
					}
					e := &log.Entry{Appends: []log.Append{{Partition: part(topic, 0), RecordBatches: batchOf(t, value)}}, Note: value}
					if rng.IntN(5) == 0 {
						e.Appends = append(e.Appends, log.Append{Partition: part(other, 0), RecordBatches: batchOf(t, value)})
					}
					var res log.Appended
					var err error
					if rng.IntN(3) > 0 {
						res, err = db.Commit(e)
					} else {
						p := db.Append(e)
						<-p.Done()
						res, err = p.Result()
					}
					switch {
					case errors.Is(err, log.ErrClosed):
						return
					case err != nil:
						t.Errorf("seed %d: %v", seed, err)
						return
					}
					acked[w] = i + 1
					if err := f.Reached(context.Background(), res.Seq); err != nil && !errors.Is(err, log.ErrClosed) {
						t.Errorf("seed %d: %v", seed, err)
					}
				}
			})
		}
		if seed%2 == 1 {
			done := make(chan struct{})
			go func() { all.Wait(); close(done) }()
			for newest(t, db) < log.CommitSeq(20+10*seed) && !closed(done) { // where many share a commit there are fewer
				yield()
			}
			close(stuck)
			if err := db.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			all.Wait()
		} else {
			all.Wait()
			close(stuck)
			if err := db.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		applied := c.last()
		db = m.start()
		got, err := readRange(context.Background(), db, topic, 0, newest(t, db))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(applied, got) {
			t.Fatalf("seed %d: the follower has %d values, the log %d, or others", seed, len(applied), len(got))
		}
		next := make([]int, writers)
		for _, v := range got {
			var w, i int
			if _, err := fmt.Sscanf(v, "%d/%d", &w, &i); err != nil || i != next[w] {
				t.Fatalf("seed %d: writer %d has %d after %d (%v)", seed, w, i, next[w]-1, err)
			}
			next[w]++
		}
		for w := range writers {
			if next[w] < acked[w] || next[w] > began[w] {
				t.Fatalf("seed %d: writer %d has %d entries, %d were acked and %d begun", seed, w, next[w], acked[w], began[w])
			}
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
