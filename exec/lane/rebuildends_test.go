package lane_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/state"
)

// letGo writes to table t until it keeps no version of before any more.
func (d *database) letGo() {
	d.t.Helper()
	for range 20 {
		d.exec(`UPDATE t SET v = v + 1 WHERE k = 1`)
		time.Sleep(5 * time.Millisecond) // why: tables are told every 20 ms, by commits
	}
}

// TestRebuildBelowReaders: a view is rebuilt whose reader was in a checkpoint at a version that the table has let go
// since, while the reader itself was made again. The view does not stop there.
func TestRebuildBelowReaders(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)`)
	queries := map[string]string{"a": `SELECT k % 2 AS g, sum(v) AS s FROM t GROUP BY k % 2`, "b": `SELECT sum(s) AS s FROM a`}
	for _, name := range []string{"a", "b"} {
		d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, name, queries[name])
		d.settle(name)
	}
	d.checkpoint()
	goOn, held := make(chan struct{}), map[string]*atomic.Bool{"a": {}, "b": {}}
	end := sync.OnceFunc(func() { close(goOn) })
	defer end()
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && d.status(relation).State == "backfilling" && held[relation].CompareAndSwap(false, true) {
			<-goOn
		}
		return nil
	})
	d.letGo()
	rebuilt := make(chan error, 2)
	for _, name := range []string{"b", "a"} { // b first: where it was in the checkpoint is nothing to a now
		rel, _ := d.catalog.Now().Relation("", name, []string{"public"})
		go func() { rebuilt <- d.runtime.Rebuild(t.Context(), rel.OID) }()
		d.until(name+" is in its first tick", held[name].Load)
	}
	d.letGo()
	end()
	for range 2 {
		if err := <-rebuilt; err != nil {
			t.Fatal(err)
		}
	}
	d.exec(`ALTER MATERIALIZED VIEW a REBUILD`)
	for name, q := range queries {
		same(t, name, d.exec(`SELECT * FROM `+name), d.exec(q))
	}
	for _, m := range d.warnings.troubles() {
		t.Errorf("warning: %s", m)
	}
}

// TestBeginsAnewWhereItCan: a view whose beginning is there no longer begins elsewhere, and who is made from it, and
// from that, finds its way.
func TestBeginsAnewWhereItCan(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)`)
	names := []string{"a", "b", "c"}
	queries := map[string]string{
		"a": `SELECT k % 2 AS g, sum(v) AS s FROM t GROUP BY k % 2`, "b": `SELECT g, s + 1 AS s FROM a WHERE s > 0`, "c": `SELECT sum(s) AS s FROM b`,
	}
	for _, name := range names {
		d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, name, queries[name])
		d.settle(name)
	}
	var gone atomic.Uint64
	goOn := make(chan struct{})
	d.runtime.Inject(func(stage, relation string) error {
		if stage != "tick" || relation != "a" {
			return nil
		}
		st := d.status("a")
		if st.State != "backfilling" {
			return nil
		}
		if gone.CompareAndSwap(0, uint64(st.Target)) {
			<-goOn
		}
		if gone.Load() == uint64(st.Target) {
			return fmt.Errorf("injected: %w", state.ErrSnapshotTooOld)
		}
		return nil
	})
	rebuilt := make(chan error, 1)
	rel, _ := d.catalog.Now().Relation("", "a", []string{"public"})
	go func() { rebuilt <- d.runtime.Rebuild(t.Context(), rel.OID) }()
	d.until("a is in its first tick", func() bool { return gone.Load() > 0 })
	d.letGo()
	close(goOn)
	if err := <-rebuilt; err != nil {
		t.Fatal(err)
	}
	d.letGo()
	for _, name := range names {
		same(t, name, d.exec(`SELECT * FROM `+name), d.exec(queries[name]))
	}
}

// TestInputRebuiltUnderATick: a view is rebuilt between where a tick of its reader has found it whole and where it reads
// it. The reader takes nothing of what is half made for its contents.
func TestInputRebuiltUnderATick(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)`)
	queries := map[string]string{"a": `SELECT k % 2 AS g, sum(v) AS s FROM t GROUP BY k % 2`, "b": `SELECT sum(s) AS s FROM a`}
	for _, name := range []string{"a", "b"} {
		d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, name, queries[name])
		d.settle(name)
	}
	held, goOn := map[string]*atomic.Bool{"a": {}, "b": {}}, map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{})}
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && (relation == "b" || d.status("a").State == "backfilling") && held[relation].CompareAndSwap(false, true) {
			<-goOn[relation]
		}
		return nil
	})
	d.exec(`UPDATE t SET v = v + 100 WHERE k = 1`)
	d.until("b is in a tick", held["b"].Load)
	rebuilt := make(chan error, 1)
	rel, _ := d.catalog.Now().Relation("", "a", []string{"public"})
	go func() { rebuilt <- d.runtime.Rebuild(t.Context(), rel.OID) }()
	d.until("a is in its first tick", held["a"].Load)
	close(goOn["b"])
	time.Sleep(20 * time.Millisecond) // why: b would read now
	close(goOn["a"])
	if err := <-rebuilt; err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for name, q := range queries {
			same(t, name, d.exec(`SELECT * FROM `+name), d.exec(q))
		}
		d.exec(`UPDATE t SET v = v + 1 WHERE k = 2`)
	}
	for _, m := range d.warnings.troubles() {
		t.Errorf("warning: %s", m)
	}
}
