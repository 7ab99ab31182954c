package log_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// onObjects are limits of a log whose records all become objects.
func onObjects() log.Limits {
	return log.Limits{InlineBytes: -1, FlushInterval: 100 * time.Millisecond, FlushCost: 1, FlushQuiet: 250 * time.Millisecond,
		RollInterval: 24 * time.Hour, RetentionInterval: 24 * time.Hour, LevelInterval: 24 * time.Hour}
}

// TestFlushCost: what a stream of records costs in objects, and how long they wait, by its rate and by
// what is asked for.
func TestFlushCost(t *testing.T) {
	for name, c := range map[string]struct {
		change          func(*log.Limits)
		every           time.Duration // 0 = the next one when the one before is answered
		bytes           int
		unawaited       bool
		run             time.Duration // 20 s
		least, most     int64         // objects
		shortest, worst time.Duration // the longest wait of a record
	}{
		"trickle":                 {every: 43 * time.Millisecond, bytes: 100, least: 19, most: 21, shortest: 900 * time.Millisecond, worst: 1100 * time.Millisecond},
		"trickle, cost 4":         {change: func(l *log.Limits) { l.FlushCost = 4 }, every: 43 * time.Millisecond, bytes: 100, least: 75, most: 81, shortest: 200 * time.Millisecond, worst: 260 * time.Millisecond},
		"trickle, no bound":       {change: func(l *log.Limits) { l.FlushCost = 0 }, every: 43 * time.Millisecond, bytes: 100, least: 130, most: 201, worst: 110 * time.Millisecond},
		"just below worth it":     {every: 100 * time.Millisecond, bytes: 5500, least: 18, most: 22, shortest: 800 * time.Millisecond, worst: 1100 * time.Millisecond},
		"worth it":                {every: 10 * time.Millisecond, bytes: 8000, least: 180, most: 201, worst: 370 * time.Millisecond},
		"one client, one by one":  {run: 15 * time.Second, bytes: 100, least: 57, most: 62, shortest: 240 * time.Millisecond, worst: 260 * time.Millisecond},
		"one by one for minutes":  {run: 3 * time.Minute, bytes: 100, least: 235, most: 245, shortest: 900 * time.Millisecond, worst: 1100 * time.Millisecond},
		"one by one, cost counts": {change: func(l *log.Limits) { l.FlushQuiet = 0 }, bytes: 100, least: 19, most: 21, shortest: 900 * time.Millisecond, worst: 1100 * time.Millisecond},
		"rare":                    {every: 1500 * time.Millisecond, bytes: 100, least: 13, most: 14, shortest: 90 * time.Millisecond, worst: 110 * time.Millisecond},
		"rare, nobody waits":      {every: 700 * time.Millisecond, bytes: 100, unawaited: true, least: 10, most: 21, shortest: 300 * time.Millisecond, worst: 1100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits, run := onObjects(), cmp.Or(c.run, 20*time.Second)
				if c.change != nil {
					c.change(&limits)
				}
				db := logtest.Open(t, logtest.WithLimits(limits))
				id := logtest.CreateTopic(t, db, "t", 1)
				time.Sleep(time.Hour)
				batch := batchOf(t, randomValue(rand.New(rand.NewPCG(1, 1)), c.bytes))
				var waits []time.Duration
				done := make(chan time.Duration, 10_000)
				sent := 0
				for began := time.Now(); time.Since(began) < run; sent++ {
					at := time.Now()
					p := db.Append(&log.Entry{Unawaited: c.unawaited, Appends: []log.Append{{Partition: part(id, 0), RecordBatches: slices.Clone(batch)}}})
					if c.every == 0 {
						<-p.Done()
						done <- time.Since(at)
						continue
					}
					go func() { <-p.Done(); done <- time.Since(at) }()
					time.Sleep(c.every)
				}
				for range sent {
					waits = append(waits, <-done)
				}
				slices.Sort(waits)
				objects, worst := db.Stats().Uploads, waits[len(waits)-1]
				t.Logf("%d records, %d objects, wait p50 %v, p99 %v, worst %v", sent, objects, waits[len(waits)/2], waits[len(waits)*99/100], worst)
				if objects < c.least || objects > c.most || worst < c.shortest || worst > c.worst {
					t.Errorf("%d objects, want %d to %d; worst wait %v, want %v to %v", objects, c.least, c.most, worst, c.shortest, c.worst)
				}
			})
		})
	}
}

// TestChangesAlone: what has no records costs no object and waits for nobody, whatever came just before.
func TestChangesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := logtest.Open(t, logtest.WithLimits(onObjects()))
		id := logtest.CreateTopic(t, db, "t", 1)
		logtest.Values(t, db, part(id, 0), "x")
		at := time.Now()
		for _, name := range []string{"a", "b", "c"} {
			logtest.CreateTopic(t, db, name, 1)
		}
		if waited := time.Since(at); waited > 0 {
			t.Errorf("three topics took %v", waited)
		}
		if n := db.Stats().Uploads; n != 1 {
			t.Errorf("%d objects", n)
		}
	})
}
