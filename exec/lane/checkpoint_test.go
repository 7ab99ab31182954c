package lane_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// TestRestore: what a checkpoint has is not built again.
func TestRestore(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (id int, k int, v numeric)`)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, name text)`)
	d.exec(`CREATE TABLE plain (v int)`)
	d.exec(`CREATE INDEX by_name ON t (name)`)
	d.exec(`CREATE MATERIALIZED VIEW sums AS SELECT k, sum(v) AS total, min(v) AS least, count(*) AS n FROM s GROUP BY k`)
	d.exec(`CREATE MATERIALIZED VIEW joined AS SELECT t.name, sums.total FROM t JOIN sums ON t.k = sums.k`)
	d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT k, sum(v) AS total FROM s GROUP BY k`)
	for i := range 40 {
		d.produce("s", fmt.Sprintf(`{"id":%d,"k":%d,"v":%d.5}`, i, i%7, i), fmt.Sprintf(`{"id":%d,"k":%d,"v":1}`, -i, i%3))
		d.execf(`INSERT INTO plain VALUES (%d)`, i)
	}
	d.exec(`INSERT INTO t VALUES (0, 'zero'), (1, 'one'), (2, 'two')`)
	d.settle("out")
	want := map[string][]string{}
	queries := []string{"SELECT * FROM sums", "SELECT * FROM joined", "SELECT * FROM t", "SELECT * FROM plain", "SELECT * FROM t WHERE name = 'two'"}
	for _, q := range queries {
		want[q] = d.exec(q)
	}
	out := d.records("out")
	d.checkpoint()
	taken := d.runtime.Stats().Checkpoints
	if taken.Taken != 1 || taken.Members != 3 || taken.Bytes == 0 {
		t.Fatalf("checkpoint: %+v", taken)
	}
	d.checkpoint()
	if n := d.runtime.Stats().Checkpoints.Taken; n != 1 {
		t.Fatalf("a second checkpoint without anything new: %d", n)
	}
	d.restart()
	for _, q := range queries {
		same(t, q, d.exec(q), want[q])
	}
	d.settle("out")
	s := d.runtime.Stats()
	if s.Restored != 3 || s.Ticks != 0 {
		t.Fatalf("restored %d members, then %d ticks; %v", s.Restored, s.Ticks, d.warnings.take())
	}
	same(t, "sink after the restart", d.records("out"), out)

	// It goes on from there.
	d.produce("s", `{"id":100,"k":1,"v":100}`)
	d.exec(`INSERT INTO plain VALUES (1000)`)
	d.exec(`UPDATE t SET name = 'uno' WHERE k = 1`)
	for q, sql := range map[string]string{
		"sums":   `SELECT k, sum(v) AS total, min(v) AS least, count(*) AS n FROM s GROUP BY k`,
		"joined": `SELECT t.name, x.total FROM t JOIN (SELECT k, sum(v) AS total FROM s GROUP BY k) x ON t.k = x.k`,
	} {
		same(t, q, d.exec("SELECT * FROM "+q), d.exec(sql))
	}
	d.settle("out")
	if got := d.records("out"); len(got) != len(out)+1 || !strings.Contains(got[len(out)], `"k":1`) {
		t.Fatalf("sink went on with %v", got[len(out):])
	}
	if n := len(d.exec("SELECT * FROM plain")); n != 41 {
		t.Fatalf("%d rows", n)
	}

	// The tail behind the checkpoint is replayed, no more.
	d.restart()
	if s := d.runtime.Stats(); s.Restored != 3 {
		t.Fatalf("restored %d", s.Restored)
	}
	same(t, "joined", d.exec("SELECT * FROM joined"), d.exec(`SELECT t.name, sums.total FROM t JOIN sums ON t.k = sums.k`))
	same(t, "index", d.exec("SELECT * FROM t WHERE name = 'uno'"), []string{"1|uno"})
	d.settle("out")
	if got := d.records("out"); len(got) != len(out)+1 {
		t.Fatalf("sink wrote %v again", got[len(out)+1:])
	}
	if s := d.runtime.Stats(); s.Ticks > 6 {
		t.Fatalf("%d ticks for the tail", s.Ticks)
	}
}

func TestEngineVersion(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY)`)
	d.exec(`CREATE MATERIALIZED VIEW c AS SELECT count(*) AS n FROM t`)
	d.exec(`INSERT INTO t VALUES (1), (2)`)
	d.exec(`SELECT * FROM c`)
	d.checkpoint()
	defer lane.SetEngineVersion(lane.SetEngineVersion(77))
	d.restart()
	same(t, "c", d.exec(`SELECT * FROM c`), []string{"2"})
	if s := d.runtime.Stats(); s.Restored != 0 {
		t.Fatalf("state of another version of the engine was restored")
	}
	if w := d.warnings.take(); len(w) != 0 { // an upgrade is nothing to be warned of
		t.Fatalf("warnings %q", w)
	}
}

// TestStandingSink: a sink whose state is not in a checkpoint, and whose recorded progress lies below
// what its inputs still have, is built again without the rest, and writes nothing twice.
func TestStandingSink(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`CREATE MATERIALIZED VIEW big AS SELECT k, v FROM t WHERE v > 100`)
	d.exec(`CREATE SINK n TO TOPIC 'n' AS SELECT count(*) AS n FROM t WHERE v > 100`)
	d.exec(`CREATE SINK above TO TOPIC 'above' AS SELECT max(k) AS k FROM big`)
	d.exec(`INSERT INTO t VALUES (1, 1000)`)
	for _, s := range []string{"n", "above"} {
		d.settle(s)
	}
	want := map[string][]string{"n": d.records("n"), "above": d.records("above")}
	d.exec(`INSERT INTO t VALUES (2, 0), (3, 0)`)
	for range 50 {
		d.exec(`UPDATE t SET v = v + 1 WHERE k = 2`)
	}
	d.settle("n")
	d.until("the table has forgotten", func() bool {
		d.exec(`UPDATE t SET v = 1 WHERE k = 3`)
		d.settle("above")
		return d.forgets("t", 10)
	})
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "capture" && (relation == "n" || relation == "above") {
			return errors.New("injected")
		}
		return nil
	})
	d.checkpoint()
	d.warnings.take()
	d.restart()
	if w := d.warnings.troubles(); len(w) != 0 || d.runtime.Stats().Restored != 1 {
		t.Fatalf("restored %d, %q", d.runtime.Stats().Restored, w)
	}
	check := func() {
		t.Helper()
		for _, s := range []string{"n", "above"} {
			d.settle(s)
			same(t, s, d.records(s), want[s])
		}
	}
	check()
	d.exec(`INSERT INTO t VALUES (200, 200)`)
	want["n"] = append(want["n"], `{}={"n":2}`)
	want["above"] = append(want["above"], `{}={"k":200}`)
	check()
	d.restart() // the checkpoint is the same, the recorded progress is ahead of it now
	check()
	if w := d.warnings.troubles(); len(w) != 0 {
		t.Fatalf("%q", w)
	}
}

// forgets reports whether a table can no longer be read at a version.
func (d *database) forgets(name string, v log.CommitSeq) bool {
	rel, _ := d.catalog.Now().Relation("", name, []string{"public"})
	view, err := d.tables.At(d.t.Context(), rel.OID, 0, v)
	if err == nil {
		view.Release()
	}
	return errors.Is(err, state.ErrSnapshotTooOld)
}

// TestBackfillIsCaptured: a view that has far to go in the log shows how far it is, and a checkpoint has
// what it has done so far: a start goes on from there.
func TestBackfillIsCaptured(t *testing.T) {
	const commits = 2000 // eight ticks
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (k int)`)
	for i := range commits {
		d.produce("s", fmt.Sprintf(`{"k":%d}`, i))
	}
	ticks, reached, go_ := atomic.Int64{}, make(chan struct{}), make(chan struct{})
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && relation == "m" && ticks.Add(1) >= 3 {
			select {
			case reached <- struct{}{}:
			case <-go_:
				return nil
			}
			<-go_
		}
		return nil
	})
	d.exec(`CREATE MATERIALIZED VIEW m WITH (background = true) AS SELECT k % 10 AS g, count(*) AS n FROM s GROUP BY k % 10`)
	<-reached
	st := d.status("m")
	if st.State != "backfilling" || st.Since.IsZero() || st.Frontier == 0 || st.Target < commits || st.Frontier >= st.Target {
		t.Fatalf("%+v", st)
	}
	written := make(chan error, 1)
	go func() { written <- d.runtime.Checkpoint(t.Context()) }()
	rel, _ := d.catalog.Now().Relation("", "m", []string{"public"})
	d.until("the checkpoint asks", func() bool { return d.runtime.Asked(rel.OID) })
	go_ <- struct{}{}
	<-reached
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	close(go_)
	d.restart()
	want := make([]string, 10)
	for g := range want {
		want[g] = fmt.Sprintf("%d|%d", g, commits/10)
	}
	same(t, "m", d.exec(`SELECT * FROM m`), want)
	if s := d.runtime.Stats(); s.Restored != 1 || s.Ticks > commits/256-1 {
		t.Fatalf("%d restored, then %d ticks", s.Restored, s.Ticks)
	}
}

// TestCarried: members over streams that cannot be captured stay in checkpoints as they were, and go on
// from there, although the checkpoint that they were captured for is gone.
func TestCarried(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (k int, v int)`)
	d.exec(`CREATE MATERIALIZED VIEW bad AS SELECT k, sum(v) AS v FROM s GROUP BY k`)
	d.exec(`CREATE MATERIALIZED VIEW good AS SELECT sum(v) AS v FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM bad`)
	d.exec(`CREATE SINK bad_sink TO TOPIC 'out' AS SELECT k, sum(v) AS v FROM s GROUP BY k`)
	step := func(n int) {
		for i := range 5 {
			d.produce("s", fmt.Sprintf(`{"k":%d,"v":%d}`, i, n+i))
		}
		d.exec(`SELECT * FROM above`)
		d.settle("bad_sink")
		d.checkpoint()
	}
	step(1)
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "capture" && strings.HasPrefix(relation, "bad") {
			return errors.New("injected")
		}
		return nil
	})
	for n := range 4 {
		step(10 * n)
	}
	out := d.records("out")
	d.restart()
	// What reads a view that is older than itself is built again, over it.
	if s := d.runtime.Stats(); s.Restored < 2 || s.Restored > 3 {
		t.Errorf("%d members restored, want good and bad_sink, and bad if nothing that reads it was captured", s.Restored)
	}
	same(t, "bad", d.exec(`SELECT * FROM bad`), d.exec(`SELECT k, sum(v) AS v FROM s GROUP BY k`))
	same(t, "above", d.exec(`SELECT * FROM above`), d.exec(`SELECT count(DISTINCT k) FROM s`))
	d.settle("bad_sink")
	same(t, "output", d.records("out"), out)
	step(100)
	same(t, "bad, later", d.exec(`SELECT * FROM bad`), d.exec(`SELECT k, sum(v) AS v FROM s GROUP BY k`))
}

// TestResume: a member over streams that fails for a moment goes on from the newest checkpoint, not from
// the beginning of the log; what reads it does not notice, and a sink writes nothing twice.
func TestResume(t *testing.T) {
	for _, panics := range []bool{true, false} {
		d := newDatabase(t)
		d.exec(`CREATE STREAM s (k int, v int)`)
		d.exec(`CREATE MATERIALIZED VIEW bad AS SELECT k, sum(v) AS v, count(DISTINCT v) AS n FROM s GROUP BY k`)
		d.exec(`CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n, sum(v) AS v FROM bad`)
		d.exec(`CREATE SINK bad_sink TO TOPIC 'out' AS SELECT k, sum(v) AS v FROM s GROUP BY k`)
		left, from := 0, log.CommitSeq(0)
		var mu sync.Mutex
		d.runtime.Inject(func(stage, relation string) error {
			mu.Lock()
			defer mu.Unlock()
			if stage != "tick" || !strings.HasPrefix(relation, "bad") || left == 0 {
				return nil
			}
			left--
			if panics {
				panic("injected")
			}
			return sqlerr.New(sqlerr.OutOfMemory, "injected")
		})
		check := func() {
			t.Helper()
			same(t, "bad", d.exec(`SELECT * FROM bad`), d.exec(`SELECT k, sum(v), count(DISTINCT v) FROM s GROUP BY k`))
			same(t, "above", d.exec(`SELECT * FROM above`), d.exec(`SELECT count(*), sum(v) FROM (SELECT k, sum(v) AS v FROM s GROUP BY k) x`))
			d.settle("bad_sink")
			live := map[string]string{}
			for _, r := range d.records("out") {
				k, v, _ := strings.Cut(r, "=")
				if live[k] == v {
					t.Errorf("the sink wrote %s twice", r)
				}
				live[k] = v
			}
		}
		for n := range 40 {
			d.produce("s", fmt.Sprintf(`{"k":%d,"v":%d}`, n%7, n))
			if n%10 == 5 {
				check()
				d.checkpoint()
				from = d.runtime.Stats().Checkpoints.Boundary
			}
			if n%10 == 8 {
				d.settle("bad_sink")
				mu.Lock()
				left = 1 + n/10
				mu.Unlock()
			}
		}
		check()
		if n := d.runtime.Stats().Resumed; n < 4 || from == 0 {
			t.Errorf("%d times a member went on from a checkpoint", n)
		}
	}
}

// TestResumeOverTables: members over tables and views that fail for a moment go on from the newest checkpoint too, since what they
// read keeps what changed since; what they show and put out is right whatever fails together.
func TestResumeOverTables(t *testing.T) {
	for seed := range uint64(4) {
		d := newDatabase(t)
		rng := seeded(t, seed)
		d.exec(`CREATE TABLE a (k int PRIMARY KEY, v int)`)
		d.exec(`CREATE TABLE b (k int, w int)`)
		d.exec(`CREATE STREAM s (k int, v int)`)
		queries := map[string]string{
			"v1": `SELECT v % 5 AS g, count(*) AS n, min(k) AS lo FROM a GROUP BY v % 5`,
			"v2": `SELECT a.k, b.w FROM a JOIN b ON a.k = b.k`,
			"v3": `SELECT v1.g, count(*) AS n, sum(v2.w) AS w FROM v1 JOIN v2 ON v1.n = v2.k GROUP BY v1.g`,
			"v4": `SELECT s.k, count(*) AS n FROM s JOIN a ON s.k = a.k GROUP BY s.k`,
			"v5": `SELECT k, sum(v) AS v FROM s GROUP BY k`,
			"v6": `SELECT v5.v, count(*) AS n FROM v5 JOIN a ON v5.k = a.k GROUP BY v5.v`,
		}
		names := []string{"v1", "v2", "v3", "v4", "v5", "v6"}
		for _, name := range names {
			d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, name, queries[name])
		}
		d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT g, n, lo FROM v1`)
		names = append(names, "out")
		var mu sync.Mutex
		failing := map[string]int{}
		d.runtime.Inject(func(stage, relation string) error {
			mu.Lock()
			defer mu.Unlock()
			if failing[relation] == 0 || stage != "tick" && stage != "publish" {
				return nil
			}
			failing[relation]--
			return sqlerr.New(sqlerr.OutOfMemory, "injected")
		})
		w := &walk{database: d}
		for n := range 120 {
			switch rng.IntN(6) {
			case 0:
				d.execf(`INSERT INTO a VALUES (%d, %d)`, n, rng.IntN(50))
			case 1:
				d.execf(`UPDATE a SET v = v + 1 WHERE k %% %d = 0`, 1+rng.IntN(5))
			case 2:
				d.execf(`INSERT INTO b VALUES (%d, %d)`, rng.IntN(20), n)
			case 3:
				d.execf(`DELETE FROM a WHERE k = %d`, rng.IntN(100))
			case 4:
				d.produce("s", fmt.Sprintf(`{"k":%d,"v":%d}`, rng.IntN(20), n))
			case 5:
				d.checkpoint()
			}
			if rng.IntN(8) == 0 {
				for range 1 + rng.IntN(3) {
					name := names[rng.IntN(len(names))]
					d.settle(name) // what it had before is over
					mu.Lock()
					failing[name] = 1 + rng.IntN(2)
					mu.Unlock()
				}
			}
			if rng.IntN(10) == 0 {
				name := names[rng.IntN(6)]
				same(t, name, d.exec(`SELECT * FROM `+name), d.exec(queries[name]))
			}
		}
		for _, name := range names[:6] {
			same(t, name, d.exec(`SELECT * FROM `+name), d.exec(queries[name]))
		}
		w.checkSink("out", `SELECT g, n, lo FROM v1`, "g")
		n := d.runtime.Stats().Resumed
		t.Logf("%d times a member went on from a checkpoint", n)
		if n == 0 {
			t.Error("no member went on from a checkpoint")
		}
	}
}

// TestReadyBeforeTheFirstTick: what a start loads while nobody waits stands aside for others like any work,
// and no view is built from the log for it.
func TestReadyBeforeTheFirstTick(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (k int, v int)`)
	const groups, views = 60_000, 8
	for from := 0; from < groups; from += 10_000 {
		values := make([]string, 10_000)
		for i := range values {
			values[i] = fmt.Sprintf("(%d,1)", from+i)
		}
		d.exec(`INSERT INTO s VALUES ` + strings.Join(values, ","))
	}
	for i := range views {
		d.execf(`CREATE MATERIALIZED VIEW v%d AS SELECT k, sum(v) AS v FROM s GROUP BY k`, i)
	}
	d.checkpoint()
	for range 3 {
		d.warnings.take()
		d.restart()
		for i := range views {
			same(t, "a view", d.execf(`SELECT count(*), sum(v) FROM v%d`, i), []string{fmt.Sprintf("%d|%d", groups, groups)})
		}
		for i := range views {
			if st := d.status(fmt.Sprintf("v%d", i)); st.State != "running" {
				t.Errorf("%+v", st)
			}
		}
		if said := d.warnings.take(); len(said) > 0 {
			t.Fatalf("a start without any fault: %q", said)
		}
	}
}
