package lane_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// TestDiamond: a view over two views of one stream never joins two moments, however they are
// delayed against each other, and comes on all the same.
func TestDiamond(t *testing.T) {
	d := newDatabase(t)
	rng, mu := seeded(t, 11), sync.Mutex{}
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && relation != "v3" {
			mu.Lock()
			n := rng.IntN(200)
			mu.Unlock()
			for range n {
				runtime.Gosched()
			}
		}
		return nil
	})
	d.exec(`CREATE STREAM s (k int)`)
	d.exec(`CREATE MATERIALIZED VIEW v1 AS SELECT 1 AS one, count(*) AS n FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW v2 AS SELECT 1 AS one, count(*) AS n, max(k) AS k FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW v3 AS SELECT v1.one, max(v1.n) AS n, max(v1.n - v2.n) AS d FROM v1 JOIN v2 ON v1.one = v2.one GROUP BY v1.one`)
	d.exec(`CREATE SINK seen TO TOPIC 'seen' AS SELECT one, n, d FROM v3`)
	for i := 1; i <= 300; i++ {
		d.produce("s", fmt.Sprintf(`{"k":%d}`, i))
		switch i % 50 {
		case 10:
			same(t, "v3", d.exec(`SELECT n, d FROM v3`), []string{fmt.Sprintf("%d|0", i)})
			d.settle("seen") // else it may take many versions in one tick, and show none of them
		case 20:
			same(t, "all three", d.exec(`SELECT v1.n, v2.n, v3.n FROM v1, v2, v3`), []string{fmt.Sprintf("%d|%d|%d", i, i, i)})
		}
	}
	d.settle("seen")
	records := d.records("seen")
	for _, r := range records {
		if !strings.Contains(r, `"d":0`) && !strings.HasSuffix(r, "=∅") {
			t.Fatalf("v3 showed two moments at once: %s", r)
		}
	}
	if len(records) < 6 {
		t.Errorf("v3 moved %d times, six of them were waited for", len(records))
	}
}

// TestSlowViews: two views whose ticks do not end leave a quick one as it is, and a DROP ends them.
func TestSlowViews(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE a (x int PRIMARY KEY)`)
	d.exec(`CREATE TABLE b (y int PRIMARY KEY)`)
	d.exec(`CREATE TABLE other (k int PRIMARY KEY, v int)`)
	d.exec(`CREATE MATERIALIZED VIEW quick AS SELECT k % 10 AS g, sum(v) AS s FROM other GROUP BY k % 10`)
	for _, name := range []string{"h1", "h2", "h3"} {
		d.execf(`CREATE MATERIALIZED VIEW %s AS SELECT count(*) AS n FROM a, b WHERE a.x + b.y < 0`, name)
	}
	const rows = 20_000
	for i := 0; i < rows; i += 4000 {
		var values []string
		for n := i; n < i+4000; n++ {
			values = append(values, fmt.Sprintf("(%d)", n))
		}
		d.exec(`INSERT INTO a VALUES ` + strings.Join(values, ","))
	}
	held := d.runtime.Stats().StateBytes
	var values []string
	for n := range rows {
		values = append(values, fmt.Sprintf("(%d)", n))
	}
	d.exec(`INSERT INTO b VALUES ` + strings.Join(values, ","))
	worst := time.Duration(0)
	for i := range 20 {
		begin := time.Now()
		d.execf(`INSERT INTO other VALUES (%d, 1)`, i)
		same(t, "quick", d.execf(`SELECT s FROM quick WHERE g = %d`, i%10), []string{fmt.Sprint(i/10 + 1)})
		worst = max(worst, time.Since(begin))
	}
	t.Logf("the slowest of 20 writes with their strict reads beside three endless ticks: %v", worst)
	if worst > time.Minute { // it is not held up for good
		t.Errorf("a strict read took %v", worst)
	}
	begin := time.Now()
	for _, name := range []string{"h1", "h2", "h3"} {
		d.exec(`DROP MATERIALIZED VIEW ` + name)
	}
	d.until("the drops have ended", func() bool { return d.runtime.Stats().Dropping == 0 })
	t.Logf("three DROPs took %v; state was %d bytes before, is %d", time.Since(begin), held, d.runtime.Stats().StateBytes)
}

// TestManyViews: an unrelated read does not wait for a thousand views that have much to do.
func TestManyViews(t *testing.T) {
	d := newDatabase(t)
	views := 1000
	if testing.Short() {
		views = 100
	}
	d.exec(`CREATE STREAM s (k int)`)
	d.exec(`CREATE STREAM mine (k int)`)
	d.exec(`CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM mine`)
	for i := range views {
		d.execf(`CREATE MATERIALIZED VIEW v%d AS SELECT k, count(*) AS n FROM s WHERE k %% 100 = %d GROUP BY k`, i, i%100)
	}
	idle := runtime.NumGoroutine()
	worst := time.Duration(0)
	for i := range 30 {
		for j := range 10 {
			d.produce("s", fmt.Sprintf(`{"k":%d}`, i*10+j))
		}
		d.produce("mine", `{"k":1}`)
		begin := time.Now()
		same(t, "m", d.exec(`SELECT n FROM m`), []string{fmt.Sprint(i + 1)})
		worst = max(worst, time.Since(begin))
	}
	t.Logf("%d views, %d goroutines when idle: the slowest of 30 reads of an unrelated one: %v", views, idle, worst)
	if idle > 200 {
		t.Errorf("%d goroutines with %d idle views", idle, views)
	}
	if worst > time.Minute {
		t.Errorf("a read waited %v for views that it does not touch", worst)
	}
	same(t, "v7", d.exec(`SELECT sum(n) FROM v7`), []string{"3"})
}

// TestFailsAlone: a panic or an error in any stage of a member's work concerns that member alone. It
// comes back by itself with the right content if the failure passes, else it stands with its reason,
// and ALTER tries it again.
func TestFailsAlone(t *testing.T) {
	for _, stage := range []string{"read", "tick", "publish", "stage", "commit", "capture"} {
		for _, panics := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/panics=%v", stage, panics), func(t *testing.T) { failsAlone(t, stage, panics) })
		}
	}
}

func failsAlone(t *testing.T, stage string, panics bool) {
	d := newDatabase(t)
	if stage == "read" { // nobody is to read for another
		d.decoded = 0
		d.restart()
	}
	if stage == "stage" { // every record goes ahead
		d.stage = 1
		d.restart()
	}
	d.exec(`CREATE STREAM s (k int, v int)`)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`CREATE MATERIALIZED VIEW bad AS SELECT k, sum(v) AS v FROM s GROUP BY k`)
	d.exec(`CREATE MATERIALIZED VIEW good AS SELECT sum(v) AS v FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW above AS SELECT t.k, t.v + bad.v AS v FROM t JOIN bad ON t.k = bad.k`)
	d.exec(`CREATE SINK bad_sink TO TOPIC 'out' AS SELECT k, sum(v) AS v FROM s GROUP BY k`)
	d.exec(`CREATE SINK above_sink TO TOPIC 'above' AS SELECT k, v FROM above`)
	var left atomic.Int64
	d.runtime.Inject(func(at, relation string) error {
		if at != stage || (relation != "bad" && relation != "bad_sink") || left.Load() <= 0 {
			return nil
		}
		left.Add(-1)
		if panics {
			panic("injected")
		}
		return sqlerr.New(sqlerr.OutOfMemory, "injected")
	})
	n := 0
	step := func() {
		n++
		d.produce("s", fmt.Sprintf(`{"k":%d,"v":%d}`, n%3, n))
		if _, err := d.try(fmt.Sprintf(`INSERT INTO t VALUES (%d, %d)`, n%3, n)); err != nil && n <= 3 {
			t.Fatal(err)
		}
		if stage == "capture" {
			d.checkpoint()
		}
	}
	check := func() {
		t.Helper()
		same(t, "bad", d.exec(`SELECT * FROM bad`), d.exec(`SELECT k, sum(v) AS v FROM s GROUP BY k`))
		same(t, "above", d.exec(`SELECT * FROM above`), d.exec(`SELECT t.k, t.v + x.v FROM t JOIN (SELECT k, sum(v) AS v FROM s GROUP BY k) x ON t.k = x.k`))
		d.settle("bad_sink")
		d.settle("above_sink")
		for topic, view := range map[string]string{"out": "bad", "above": "above"} {
			live := map[string]string{}
			for _, r := range d.records(topic) {
				k, v, _ := strings.Cut(r, "=")
				if live[k] == v {
					t.Errorf("%s wrote %s twice", topic, r)
				}
				live[k] = v
			}
			if want := d.exec(`SELECT * FROM ` + view); len(live) != len(want) {
				t.Errorf("%s: %v, the view has %q", topic, live, want)
			}
		}
	}
	for k := range 2000 { // enough that its groups show in the account
		d.produce("s", fmt.Sprintf(`{"k":%d,"v":1}`, 100+k))
	}
	step()
	check()
	if held := d.status("bad").StateBytes; held < 8192 {
		t.Fatalf("a view of 2,000 groups keeps %d bytes: the account is not what is tested below", held)
	}
	for _, failures := range []int64{1, 2} { // passes
		left.Store(failures)
		step()
		step()
		same(t, "good", d.exec(`SELECT * FROM good`), d.exec(`SELECT sum(v) AS v FROM s`))
		check()
	}
	if stage == "capture" {
		return
	}
	left.Store(1 << 40) // comes again and again
	step()
	ofSinks := stage == "commit" || stage == "stage"
	for _, name := range []string{"bad", "bad_sink"} {
		if ofSinks && name == "bad" || stage == "publish" && name == "bad_sink" {
			continue
		}
		d.until(name+" stands", func() bool { return d.status(name).State == "failed" })
		if st := d.status(name); st.Reason == nil || !strings.Contains(st.Reason.Message, "injected") {
			t.Errorf("%s: %+v", name, st)
		} else if name == "bad" {
			d.until("what it kept is given back", func() bool { return d.status(name).StateBytes < 4096 })
		}
	}
	same(t, "good", d.exec(`SELECT * FROM good`), d.exec(`SELECT sum(v) AS v FROM s`))
	if !ofSinks {
		for _, name := range []string{"bad", "above"} {
			if e := d.refused(`SELECT * FROM ` + name); !strings.Contains(e.Message, `"bad" has failed`) {
				t.Errorf("%s: %v", name, e)
			}
		}
		if e := d.refused(`CREATE MATERIALIZED VIEW late AS SELECT count(*) AS n FROM bad`); !strings.Contains(e.Message, `"bad" has failed`) {
			t.Errorf("a view over a failed one: %v", e)
		}
		for _, name := range []string{"above", "above_sink"} {
			if st := d.status(name); st.State != "waiting" || st.Reason == nil || !strings.Contains(st.Reason.Message, `"bad" has failed: `) {
				t.Errorf("%s over a failed view: %+v", name, st)
			}
		}
	}
	left.Store(0)
	d.exec(`ALTER MATERIALIZED VIEW bad SET (on_error = 'fail')`)
	d.exec(`ALTER SINK bad_sink SET (on_error = 'fail')`)
	step()
	check()
	d.restart()
	step()
	check()
}

// TestPassingErrors: a dataflow waits for a log that cannot be read, for as long as it takes, tells
// why, and goes on.
func TestPassingErrors(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (k int)`)
	var down atomic.Bool
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "read" && down.Load() {
			return fmt.Errorf("get segment: %w", log.ErrUnavailable)
		}
		return nil
	})
	down.Store(true)
	d.produce("s", `{"k":1}`)
	d.exec(`CREATE SINK k TO TOPIC 'out' AS SELECT k FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW m WITH (background = true) AS SELECT count(*) AS n FROM s`)
	for _, name := range []string{"m", "k"} {
		d.until(name+" waits", func() bool { return d.status(name).State == "waiting" })
		if st := d.status(name); st.Reason == nil || !strings.Contains(st.Reason.Message, "get segment") {
			t.Errorf("%s: %+v", name, st)
		}
	}
	down.Store(false)
	same(t, "m", d.exec(`SELECT n FROM m`), []string{"1"})
	d.settle("k")
	same(t, "out", d.records("out"), []string{`={"k":1}`})
	for _, name := range []string{"m", "k"} {
		if st := d.status(name); st.State != "running" {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// TestRestingMembers: members that rest for an hour after a tick do not rest while somebody waits for
// what they make: a view, a derived stream under a view, a sink's failed rows.
func TestRestingMembers(t *testing.T) {
	d := newDatabase(t)
	d.crash()
	d.rest = time.Hour
	d.start()
	d.exec(`CREATE STREAM s (k int)`)
	d.exec(`CREATE STREAM odd AS SELECT k FROM s WHERE k % 2 = 1`)
	d.exec(`CREATE MATERIALIZED VIEW n AS SELECT count(*) AS n FROM odd`)
	d.exec(`CREATE SINK r TO TOPIC 'r' AS SELECT 100 / k AS r FROM s`)
	for i := range 4 {
		d.produce("s", fmt.Sprintf(`{"k":%d}`, i), `{"k":0}`)
		same(t, "n", d.exec(`SELECT n FROM n`), []string{fmt.Sprint((i + 1) / 2)})
		same(t, "failed rows", d.exec(`SELECT count(*) FROM r_errors`), []string{fmt.Sprint(i + 2)})
	}
}

// TestTextsShareDecoding: views with other texts and other columns over one stream decode what comes while they
// run once together.
func TestTextsShareDecoding(t *testing.T) {
	d := newDatabase(t)
	d.crash()
	d.decoded = 1 << 20
	d.start()
	d.exec(`CREATE STREAM s (k int, v int, tag text)`)
	queries := map[string]string{
		"a": `SELECT k, sum(v) AS v FROM s GROUP BY k`, "b": `SELECT count(*) AS n FROM s WHERE tag = 'x'`, "c": `SELECT tag, max(k) AS k FROM s GROUP BY tag`,
	}
	for name, q := range queries {
		d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, name, q)
	}
	d.produce("s", `{"k":0,"v":0,"tag":"x"}`)
	for name := range queries {
		d.exec(`SELECT * FROM ` + name)
	}
	before := d.decodes.Stats()
	const commits = 60
	for i := range commits {
		d.produce("s", fmt.Sprintf(`{"k":%d,"v":%d,"tag":"%c"}`, i%7, i, 'x'+i%3))
		for name := range queries {
			same(t, name, d.exec(`SELECT * FROM `+name), d.exec(queries[name]))
		}
	}
	now := d.decodes.Stats()
	if hits, misses := now.Hits-before.Hits, now.Misses-before.Misses; hits < 2*commits || misses > commits {
		t.Errorf("of %d commits that three views read, %d times one was decoded, %d times taken", commits, misses, hits)
	}
}
