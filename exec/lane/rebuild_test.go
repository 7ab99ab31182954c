package lane_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// foldOf is a topic of keyed records folded by key.
func (d *database) foldOf(topic string) map[string]string {
	d.t.Helper()
	out := map[string]string{}
	for _, r := range d.records(topic) {
		key, value, _ := strings.Cut(r, "=")
		if value == "∅" {
			delete(out, key)
		} else {
			out[key] = value
		}
	}
	return out
}

// TestRebuildAnything: views, sinks, derived streams and tables are rebuilt in any order, on request, beside writes,
// checkpoints and restarts: everything equals what a fresh SELECT says, sinks put nothing out twice, and a start
// uses no state of before a rebuild.
func TestRebuildAnything(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := seeded(t, seed)
			d := newDatabase(t)
			d.exec(`CREATE STREAM e (k int, v int)`)
			d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
			queries := map[string]string{
				"v1": `SELECT k, count(*) AS n, sum(v) AS s FROM e GROUP BY k`,
				"v2": `SELECT k, max(v) AS m FROM t GROUP BY k`,
				"v3": `SELECT a.k, a.n, b.m FROM v1 a JOIN v2 b ON a.k = b.k`,
				"v4": `SELECT DISTINCT e.v FROM e JOIN t ON e.k = t.k`,
			}
			for _, name := range []string{"v1", "v2", "v3", "v4"} {
				d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, name, queries[name])
			}
			d.exec(`CREATE SINK plain TO TOPIC 'plain' AS SELECT k, v FROM e`)
			d.exec(`CREATE SINK grouped TO TOPIC 'grouped' AS SELECT k, n FROM v1`)
			d.exec(`CREATE SINK ofTable TO TOPIC 'of_table' AS SELECT k, m FROM v2`)
			d.exec(`CREATE STREAM derived AS SELECT k, v + 1 AS v FROM e`)
			relations := []string{"MATERIALIZED VIEW v1", "MATERIALIZED VIEW v2", "MATERIALIZED VIEW v3", "MATERIALIZED VIEW v4",
				"SINK plain", "SINK grouped", "SINK ofTable", "STREAM derived", "TABLE t"}
			produced := 0
			for range 60 {
				switch rng.IntN(8) {
				case 0, 1:
					d.produce("e", fmt.Sprintf(`{"k":%d,"v":%d}`, rng.IntN(5), rng.IntN(50)), fmt.Sprintf(`{"k":%d,"v":%d}`, rng.IntN(5), rng.IntN(50)))
					produced += 2
				case 2:
					d.execf(`DELETE FROM t WHERE k = %d`, rng.IntN(5))
				case 3:
					d.execf(`UPDATE t SET v = v + 1 WHERE k = %d`, rng.IntN(5))
				case 4:
					if k := rng.IntN(5); len(d.exec(fmt.Sprintf(`SELECT 1 FROM t WHERE k = %d`, k))) == 0 {
						d.execf(`INSERT INTO t VALUES (%d, %d)`, k, rng.IntN(50))
					}
				case 5:
					d.checkpoint()
				case 6:
					if rng.IntN(3) == 0 {
						d.restart()
					}
				case 7:
					d.execf(`ALTER %s REBUILD`, relations[rng.IntN(len(relations))])
				}
				if rng.IntN(4) == 0 {
					for name, q := range queries {
						same(t, name, d.exec(`SELECT * FROM `+name), d.exec(q))
					}
				}
			}
			for _, s := range []string{"plain", "grouped", "oftable", "derived"} {
				d.settle(s)
			}
			if n := len(d.records("plain")); n != produced {
				t.Errorf("a sink put out %d records of %d", n, produced)
			}
			if n := len(d.records("derived")); n != produced {
				t.Errorf("a stream has %d records of %d", n, produced)
			}
			if got, want := len(d.foldOf("grouped")), len(d.exec(`SELECT * FROM v1`)); got != want {
				t.Errorf("%d groups in the topic, %d in the view", got, want)
			}
			if got, want := len(d.foldOf("of_table")), len(d.exec(`SELECT * FROM v2`)); got != want {
				t.Errorf("%d rows in the topic, %d in the view", got, want)
			}
		})
	}
}

// TestRebuildForgetsState: a checkpoint has state of before a rebuild; whatever is killed when, no start uses it.
func TestRebuildForgetsState(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM e (k int)`)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY)`)
	d.exec(`CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM e`)
	d.exec(`CREATE MATERIALIZED VIEW over AS SELECT n + 1 AS n FROM v`)
	d.produce("e", `{"k":1}`)
	d.exec(`INSERT INTO t VALUES (1)`)
	same(t, "over", d.exec(`SELECT n FROM over`), []string{"2"})
	d.checkpoint()
	d.restart()
	if n := d.runtime.Stats().Restored; n != 2 {
		t.Fatalf("%d members from the checkpoint", n)
	}
	d.exec(`ALTER MATERIALIZED VIEW v REBUILD`)
	d.exec(`ALTER TABLE t REBUILD`)
	d.restart() // no checkpoint since
	if n := d.runtime.Stats().Restored; n != 0 {
		t.Errorf("%d members from the checkpoint of before", n)
	}
	same(t, "over", d.exec(`SELECT n FROM over`), []string{"2"})
	same(t, "t", d.exec(`SELECT k FROM t`), []string{"1"})
	d.checkpoint()
	d.restart()
	if n := d.runtime.Stats().Restored; n != 2 {
		t.Errorf("%d members from the new checkpoint", n)
	}
}

// TestRebuildRefused: what has no state, is gone, or is of another kind says so, with the right words.
func TestRebuildRefused(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM e (k int)`)
	d.exec(`CREATE MATERIALIZED VIEW v AS SELECT k FROM e`)
	for sql, want := range map[string]struct {
		code sqlerr.Code
		text string
	}{
		`ALTER STREAM e REBUILD`:                        {sqlerr.WrongObjectType, "no state"},
		`ALTER TABLE v REBUILD`:                         {sqlerr.WrongObjectType, "Use ALTER MATERIALIZED VIEW"},
		`ALTER MATERIALIZED VIEW w REBUILD`:             {sqlerr.UndefinedTable, "does not exist"},
		`ALTER MATERIALIZED VIEW v REBUILD now`:         {sqlerr.SyntaxError, ""},
		`BEGIN; ALTER MATERIALIZED VIEW v REBUILD; END`: {sqlerr.ActiveSQLTransaction, ""},
	} {
		e := d.refused(sql)
		if e.Code != want.code || !strings.Contains(e.Message+e.Hint, want.text) {
			t.Errorf("%s: %s %v, hint %q", sql, e.Code, e, e.Hint)
		}
		d.openSession()
	}
	d.exec(`ALTER MATERIALIZED VIEW IF EXISTS w REBUILD`)
	d.exec(`ALTER MATERIALIZED VIEW public.v REBUILD`)
}

// TestRebuildHealsFailed: a view that stands, because its work fails again and again, is whole once that is over and
// it is rebuilt; until then who reads it is told of REBUILD.
func TestRebuildHealsFailed(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM e (k int)`)
	d.exec(`CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM e`)
	d.exec(`CREATE MATERIALIZED VIEW over AS SELECT n FROM v`)
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && relation == "v" {
			return fmt.Errorf("injected: %w", state.ErrNegativeWeight)
		}
		return nil
	})
	d.produce("e", `{"k":1}`)
	d.until("v stands", func() bool { return d.status("v").State == "failed" })
	e := d.refused(`SELECT * FROM v`)
	if e.Code != sqlerr.ObjectNotInPrerequisiteState || !strings.Contains(e.Hint, "ALTER MATERIALIZED VIEW v REBUILD") {
		t.Errorf("%s %v, hint %q", e.Code, e, e.Hint)
	}
	if e := d.refused(`ALTER MATERIALIZED VIEW over REBUILD`); !strings.Contains(e.Message, `made from materialized view "v"`) {
		t.Errorf("%v", e)
	}
	d.runtime.Inject(nil)
	d.exec(`ALTER MATERIALIZED VIEW v REBUILD`)
	same(t, "over", d.exec(`SELECT n FROM over`), []string{"1"})
}

// TestFailedGivesBack: what stands for good gives the memory of its state back; what is made from it, before or
// meanwhile, waits and is right when it is healed.
func TestFailedGivesBack(t *testing.T) {
	for _, over := range []string{"e", "t"} {
		d := newDatabase(t)
		d.exec(`CREATE STREAM e (k int)`)
		d.exec(`CREATE TABLE t (k int PRIMARY KEY)`)
		d.execf(`CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM %s GROUP BY k`, over)
		d.exec(`CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM v`)
		d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT k, n FROM v`)
		insert := func(from int) {
			for i := range 500 {
				d.execf(`INSERT INTO %s VALUES (%d)`, over, from+i)
			}
		}
		insert(0)
		same(t, "above", d.exec(`SELECT n FROM above`), []string{"500"})
		d.settle("out")
		held := d.status("v").StateBytes
		d.runtime.Inject(func(stage, relation string) error {
			if stage == "tick" && relation == "v" {
				return sqlerr.New(sqlerr.OutOfMemory, "injected")
			}
			return nil
		})
		insert(500)
		d.until("v stands", func() bool { return d.status("v").State == "failed" })
		d.until("v gave back what it had", func() bool { return d.status("v").StateBytes < held/4 })
		d.exec(`CREATE SINK later TO TOPIC 'later' AS SELECT k FROM v`)
		if e := d.refused(`SELECT * FROM v`); e.Code != sqlerr.OutOfMemory {
			t.Errorf("%s %v", e.Code, e)
		}
		if st := d.status("above"); st.State != "waiting" {
			t.Errorf("above is %s", st.State)
		}
		d.checkpoint()
		d.runtime.Inject(nil)
		d.exec(`ALTER MATERIALIZED VIEW v REBUILD`)
		same(t, "above", d.exec(`SELECT n FROM above`), []string{"1000"})
		same(t, "v", d.exec(`SELECT * FROM v`), d.exec(`SELECT k, count(*) FROM `+over+` GROUP BY k`))
		d.settle("out")
		d.settle("later")
		if n := len(d.foldOf("out")); n != 1000 {
			t.Errorf("%d keys in the sink's topic", n)
		}
		if n := len(d.records("out")); n != 1000 {
			t.Errorf("the sink put out %d records", n)
		}
		if n := len(d.records("later")); n != 1000 {
			t.Errorf("the later sink put out %d records", n)
		}
	}
}
