package lane_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/exec/checkpoint"
)

// compacting is a database whose topics of tables are compacted whenever somebody asks for it.
func compacting(t *testing.T) *database {
	d := newDatabase(t)
	d.crash()
	d.inline, d.clean = -1, 1
	d.start()
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`CREATE TABLE n (k int, v int)`) // rows of it have numbers of their own
	d.exec(`CREATE INDEX t_v ON t (v)`)
	d.exec(`CREATE TABLE idle (k int PRIMARY KEY)`)
	d.exec(`INSERT INTO idle VALUES (1)`)
	for _, v := range overCompacted {
		d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, v.name, v.sql)
	}
	d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT v % 10 AS g, count(*) AS n FROM t GROUP BY v % 10`)
	for i := range 200 {
		d.execf(`INSERT INTO t VALUES (%d, %d)`, i, i)
		d.execf(`INSERT INTO n VALUES (%d, %d)`, i, i)
	}
	return d
}

var overCompacted = []struct{ name, sql string }{
	{"copied", `SELECT k, v FROM t`},
	{"summed", `SELECT v % 7 AS g, count(*) AS n, sum(k) AS s FROM t GROUP BY v % 7`},
	{"above", `SELECT sum(n) AS n, max(s) AS s FROM summed`},
	{"joined", `SELECT t.k, n.v FROM t JOIN n ON t.v = n.k`},
	{"unread", `SELECT k FROM idle`},
}

// step changes half of the rows, and takes some away.
func (d *database) step(i int) {
	d.t.Helper()
	d.execf(`UPDATE t SET v = v + %d WHERE k %% 2 = %d`, i, i%2)
	d.execf(`UPDATE n SET v = v + %d WHERE k %% 2 = %d`, i, i%2)
	d.execf(`DELETE FROM t WHERE k %% 41 = %d`, i)
	d.execf(`DELETE FROM n WHERE k %% 41 = %d`, i)
	d.settle("out")
}

// steps write rows twice, so that a record goes which was written in them, and leave no view behind.
func (d *database) steps(i int) {
	d.t.Helper()
	d.step(i)
	d.step(i + 2)
	d.sameViews("steps")
}

// compact compacts what may be; it tells whether something was lost.
func (d *database) compact() bool {
	d.t.Helper()
	t, _ := d.log.TopicByName("t")
	before := d.log.LostUntil(t.ID)
	if err := d.log.Clean(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	return d.log.LostUntil(t.ID) > before
}

// contents are those of the tables, by a scan and by the index.
func (d *database) contents() []string {
	d.t.Helper()
	var out []string
	for _, q := range []string{`SELECT 't', k, v FROM t`, `SELECT 'n', k, v FROM n`, `SELECT 'i', k FROM t WHERE v = 50`} {
		out = append(out, d.exec(q)...)
	}
	return out
}

func (d *database) sameViews(when string) {
	d.t.Helper()
	for _, v := range overCompacted {
		same(d.t, fmt.Sprintf("%s: %s", when, v.name), d.exec(`SELECT * FROM `+v.name), d.exec(v.sql))
	}
}

// TestCompactionWaitsForCheckpoints: behind neither kept checkpoint anything is compacted, so that a start goes on from either.
func TestCompactionWaitsForCheckpoints(t *testing.T) {
	d := compacting(t)
	passes := 0
	for i := range 6 {
		d.step(i)
		if d.compact() {
			passes++
		}
		d.checkpoint()
		d.step(i + 10)
		want := d.contents()
		d.compact()
		if i%2 == 1 {
			if err := d.objects.Delete(t.Context(), checkpoint.ObjectPrefix+d.checkpoints.Latest().Object.String()); err != nil {
				t.Fatal(err)
			}
		}
		d.warnings.take()
		d.restart()
		same(t, "tables", d.contents(), want)
		d.sameViews(fmt.Sprint("start ", i))
		if w := d.warnings.troubles(); len(w) != i%2 {
			t.Fatalf("start %d: %q", i, w)
		}
		d.settle("out")
	}
	if passes < 2 {
		t.Errorf("%d times something was compacted", passes)
	}
}

// TestOlderCheckpointIsPassed: the checkpoint that a start comes to is older than what compaction has let go, as the newest,
// which it went by, cannot be read any more. Tables are made from their whole topics then, views from them.
func TestOlderCheckpointIsPassed(t *testing.T) {
	for name, goBy := range map[string]func(d *database){
		"a start": (*database).restart,
		"a time at rest": func(d *database) { // in which nothing moved: the newest stands for both
			for i := 3; ; i++ {
				at := d.checkpoints.Latest()
				if d.checkpoint(); d.checkpoints.Latest() == at {
					return
				}
				d.steps(i)
				d.checkpoint()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := compacting(t)
			d.checkpoint()
			d.steps(1)
			d.checkpoint()
			goBy(d)
			if !d.compact() {
				t.Fatal("nothing was compacted")
			}
			d.step(3)
			want := d.contents()
			if err := d.objects.Delete(t.Context(), checkpoint.ObjectPrefix+d.checkpoints.Latest().Object.String()); err != nil {
				t.Fatal(err)
			}
			d.warnings.take()
			d.restart()
			same(t, "tables", d.contents(), want)
			d.sameViews("after")
			d.step(4)
			d.sameViews("and on")
			if w := strings.Join(d.warnings.take(), "\n"); !strings.Contains(w, "whole changelog table=t") || !strings.Contains(w, "whole changelog table=n") {
				t.Errorf("the start did not come to what was compacted: %s", w)
			}
			want = d.contents()
			d.checkpoint()
			d.restart()
			same(t, "tables", d.contents(), want)
			d.sameViews("once more")
		})
	}
}
