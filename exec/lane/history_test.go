package lane_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestHistoryIsBounded: a sink that stands over hot tables, and one over a view of them, keep what changes
// between two versions and not each change; when they go on, also on a start, their topics are what their
// queries give. A view that reads the tables beside them sees every version that it should.
func TestHistoryIsBounded(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint(restart), func(t *testing.T) {
			d := newDatabase(t)
			d.crash()
			d.history = 64 << 10
			d.start()
			d.exec(`CREATE TABLE hot (k int PRIMARY KEY, v int)`)
			d.exec(`INSERT INTO hot VALUES (1, 1), (2, 2), (3, 3), (4, 4)`)
			d.exec(`CREATE MATERIALIZED VIEW v AS SELECT k % 2 AS g, sum(v) AS s, min(v) AS lo FROM hot GROUP BY k % 2`)
			queries := map[string]string{"s1": `SELECT k, 100 / v AS r FROM hot`, "s2": `SELECT g, 100 / lo AS r, s FROM v`}
			for _, name := range []string{"s1", "s2"} {
				d.execf(`CREATE SINK %s TO TOPIC '%[1]s' AS %s`, name, queries[name])
			}
			d.exec(`UPDATE hot SET v = 0 WHERE k = 1`)
			for _, name := range []string{"s1", "s2"} {
				d.until(name+" stands", func() bool { return d.status(name).State == "error" })
			}
			rng := seeded(t, 3)
			most := int64(0)
			for i := range 1500 {
				d.execf(`UPDATE hot SET v = v + %d WHERE k = %d`, rng.IntN(3), 2+rng.IntN(3))
				d.clock.by.Add(int64(300 * time.Millisecond))
				if most = max(most, d.runtime.Stats().HistoryBytes); i%100 == 99 {
					same(t, "v", d.exec(`SELECT * FROM v`), d.exec(`SELECT k % 2, sum(v), min(v) FROM hot GROUP BY k % 2`))
				}
				if restart && i == 1000 {
					d.checkpoint()
					d.restart()
				}
			}
			d.until("changes were put together", func() bool {
				d.clock.by.Add(int64(2 * time.Second))
				d.exec(`UPDATE hot SET v = v + 1 WHERE k = 2`)
				return d.runtime.Stats().Condensed > 0
			})
			s := d.runtime.Stats()
			t.Logf("at most %d bytes of changes, put together %d times", most, s.Condensed)
			if s.Condensed == 0 || most > 8*d.history {
				t.Errorf("%d bytes of changes were kept, put together %d times", most, s.Condensed)
			}
			if s.CutOff > 0 {
				t.Errorf("%d members were cut off", s.CutOff)
			}
			d.exec(`UPDATE hot SET v = 7 WHERE k = 1`)
			w := &walk{database: d}
			w.checkSink("s1", queries["s1"], "k")
			w.checkSink("s2", queries["s2"], "g")
			for _, m := range d.warnings.troubles() {
				t.Errorf("warning: %s", m)
			}
		})
	}
}

// TestStandingReadersAreCutOff: where the changes that are kept for who stands are as large as the table, a view
// begins again and is what a fresh SELECT gives, a sink fails and says what to do; the tables keep nothing more.
func TestStandingReadersAreCutOff(t *testing.T) {
	d := newDatabase(t)
	d.crash()
	d.history = 16 << 10
	d.start()
	d.exec(`CREATE TABLE wide (k int PRIMARY KEY, v int)`)
	var values []string
	for i := range 2000 {
		values = append(values, fmt.Sprintf("(%d, 1)", i))
	}
	d.exec(`INSERT INTO wide VALUES ` + strings.Join(values, ","))
	query := `SELECT v % 10 AS g, count(*) AS n FROM wide GROUP BY v % 10`
	d.exec(`CREATE MATERIALIZED VIEW slow AS ` + query)
	d.exec(`CREATE MATERIALIZED VIEW other AS ` + query)
	d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT k, 100 / v AS r FROM wide`)
	d.settle("out")
	goOn, held := make(chan struct{}), atomic.Bool{}
	end := sync.OnceFunc(func() { close(goOn) })
	defer end()
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && relation == "slow" && held.CompareAndSwap(false, true) {
			<-goOn
		}
		return nil
	})
	d.exec(`UPDATE wide SET v = 0 WHERE k = 1`)
	d.until("the sink stands", func() bool { return d.status("out").State == "error" && held.Load() })
	for i := 0; d.runtime.Stats().CutOff < 2; i++ {
		d.execf(`UPDATE wide SET v = %d WHERE k > 1`, i%7+1)
		d.clock.by.Add(int64(40 * time.Second))
		if i == 100 {
			t.Fatalf("not cut off: %+v", d.runtime.Stats())
		}
		same(t, "other", d.exec(`SELECT * FROM other`), d.exec(query))
	}
	end()
	same(t, "slow", d.exec(`SELECT * FROM slow`), d.exec(query))
	d.until("the sink has failed", func() bool { return d.status("out").State == "failed" })
	if st := d.status("out"); !strings.Contains(st.Reason.Message, "history_bytes") || !strings.Contains(st.Reason.Hint, "DROP SINK out") {
		t.Errorf("%+v", st.Reason)
	}
	d.until("nothing more is kept", func() bool {
		d.clock.by.Add(int64(2 * time.Second))
		d.exec(`UPDATE wide SET v = 3 WHERE k = 1`)
		return d.runtime.Stats().HistoryBytes < d.history
	})
	d.exec(`DROP SINK out`)
	d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT k, 100 / v AS r FROM wide`)
	d.settle("out")
	if got, want := len(d.foldOf("out")), 2000; got != want {
		t.Errorf("%d rows in the topic, %d in the table", got, want)
	}
}
