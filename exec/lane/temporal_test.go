package lane_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// timedViews are views of which rows come and go with time, and views over them. A name in the query of another is its.
var timedViews = []struct{ name, query string }{
	{"recent", `SELECT id, ts FROM e WHERE ts > now() - INTERVAL '30 seconds'`},
	{"coming", `SELECT id, ts FROM e WHERE ts + INTERVAL '10 seconds' <= now()`},
	{"during", `SELECT id, g, v FROM t WHERE now() BETWEEN at AND at + INTERVAL '20 seconds'`},
	{"unless", `SELECT id, v FROM t WHERE v = 3 OR at > now() - INTERVAL '15 seconds'`},
	{"counted", `SELECT count(*) AS n, max(ts) AS last FROM recent`},
	{"groups", `SELECT g, sum(v) AS v FROM during GROUP BY g HAVING count(*) > 0`},
	{"newest", `SELECT g, max(at) AS at FROM t GROUP BY g HAVING max(at) >= now() - INTERVAL '12 seconds'`},
	{"pairs", `SELECT r.id, d.g, d.v FROM recent r JOIN during d ON d.id = r.id`},
	{"joined", `SELECT a.id, b.v FROM e a JOIN t b ON a.id = b.id AND b.at > now() - INTERVAL '25 seconds' WHERE a.ts <= now()`},
	{"today", `SELECT id FROM t WHERE date_trunc('minute', at) = date_trunc('minute', now())`},
}

// timedSinks are upserts by their first column.
var timedSinks = []struct{ name, query string }{
	{"s_during", `SELECT id, v FROM t WHERE now() BETWEEN at AND at + INTERVAL '20 seconds'`},
	{"s_groups", `SELECT g, v FROM groups`},
}

type timedWalk struct {
	*database
	rng *rand.Rand
}

func (w *timedWalk) time(seconds int) string {
	return w.logClock.Now().Add(time.Duration(seconds) * time.Second).UTC().Format("2006-01-02 15:04:05.000+00")
}

// as is a query as it is over what is written alone, at a time.
func (w *timedWalk) as(query string, at time.Time) string {
	for i := len(timedViews) - 1; i >= 0; i-- {
		v := timedViews[i]
		for _, word := range []string{"FROM ", "JOIN "} {
			query = strings.ReplaceAll(query, word+v.name, word+"("+v.query+") "+v.name+"_")
		}
	}
	query = strings.NewReplacer("recent_ r", "r", "during_ d", "d").Replace(query)
	return strings.ReplaceAll(query, "now()", at.UTC().Format("TIMESTAMPTZ '2006-01-02 15:04:05.000+00'"))
}

// still runs a check that holds as of the newest version again while there is a newer one behind it.
func (w *timedWalk) still(check func(at time.Time) (got, want []string)) (got, want []string) {
	w.t.Helper()
	for {
		v := w.newest()
		if got, want = check(w.log.CommitTime(v)); w.newest() == v {
			return got, want
		}
	}
}

func (w *timedWalk) check() {
	w.t.Helper()
	for _, v := range timedViews {
		got, want := w.still(func(at time.Time) (got, want []string) {
			return w.exec("SELECT * FROM " + v.name), w.exec(w.as(v.query, at))
		})
		same(w.t, "view "+v.name, got, want)
	}
	for _, s := range timedSinks {
		got, want := w.still(func(at time.Time) (got, want []string) {
			w.settle(s.name)
			rows := map[string]string{}
			for _, r := range w.records("topic_" + s.name) {
				key, value, _ := strings.Cut(r, "=")
				if rows[key] = value; value == "∅" {
					delete(rows, key)
				}
			}
			for _, v := range rows {
				got = append(got, v)
			}
			slices.Sort(got)
			for _, r := range w.exec(w.as(s.query, at)) {
				key, v, _ := strings.Cut(r, "|")
				name := strings.TrimPrefix(strings.Fields(s.query)[1], "(")
				want = append(want, fmt.Sprintf(`{"%s":%s,"v":%s}`, strings.Trim(name, ","), key, v))
			}
			slices.Sort(want)
			return got, want
		})
		same(w.t, "sink "+s.name, got, want)
	}
}

func (w *timedWalk) step() {
	r := w.rng
	switch n := r.IntN(100); {
	case n < 30:
		var rows []string
		for range 1 + r.IntN(5) {
			rows = append(rows, fmt.Sprintf("(%d, '%s')", r.IntN(10), w.time(r.IntN(80)-50)))
		}
		w.exec("INSERT INTO e VALUES " + strings.Join(rows, ", "))
	case n < 50:
		w.exec(fmt.Sprintf("INSERT INTO t VALUES (%d, %d, %d, '%s') ON CONFLICT (id) DO UPDATE SET v = excluded.v, at = excluded.at",
			r.IntN(10), r.IntN(3), r.IntN(5), w.time(r.IntN(60)-30)))
	case n < 55:
		w.exec(fmt.Sprintf("UPDATE t SET at = at + INTERVAL '7 seconds', v = v + 1 WHERE g = %d", r.IntN(3)))
	case n < 60:
		w.exec(fmt.Sprintf("DELETE FROM t WHERE id = %d", r.IntN(10)))
	case n < 80:
		w.logClock.by.Add(int64(time.Duration(r.IntN(20_000)) * time.Millisecond))
	case n < 85:
		w.exec("INSERT INTO other VALUES (1)")
	case n < 88:
		w.exec("ALTER MATERIALIZED VIEW " + timedViews[r.IntN(len(timedViews))].name + " REBUILD")
	case n < 92:
		w.checkpoint()
	case n < 96:
		w.without = r.IntN(2) == 0
		w.restart()
		w.without = false
	default:
		w.check()
	}
}

// TestTimedRandomly: over any history of changes, of time, of restarts with and without checkpoints, views with now() have what
// their queries give when now() is the time of the version that is read; so have views and sinks over them.
func TestTimedRandomly(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &timedWalk{newDatabase(t), seeded(t, seed)}
			w.timeTick, w.part = 5*time.Millisecond, []int64{0, 3}[seed%2]
			w.shards, w.cut = 1+int(seed%3), []int64{0, 1, 7}[seed%3]
			w.restart()
			w.exec(`CREATE STREAM e (id int, ts timestamptz)`)
			w.exec(`CREATE TABLE t (id int PRIMARY KEY, g int, v int, at timestamptz)`)
			w.exec(`CREATE TABLE other (a int)`)
			for _, v := range timedViews {
				w.exec("CREATE MATERIALIZED VIEW " + v.name + " AS " + v.query)
			}
			for _, s := range timedSinks {
				w.exec("CREATE SINK " + s.name + " TO TOPIC 'topic_" + s.name + "' AS " + s.query)
			}
			for range 150 {
				w.step()
			}
			w.check()
			w.logClock.by.Add(int64(time.Hour))
			w.exec("INSERT INTO other VALUES (1)")
			w.check()
			if got := w.warnings.troubles(); len(got) > 0 {
				t.Errorf("warnings: %q", got)
			}
		})
	}
}
