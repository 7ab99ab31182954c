package lane_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// backfilled are relations over tables, views and a stream; a fresh SELECT of each must equal it.
var backfilled = []struct{ name, query string }{
	{"plain", `SELECT id, g, v FROM a WHERE v > 3`},
	{"sums", `SELECT g, count(*) AS n, sum(v) AS s, min(v) AS lo, max(v) AS hi, count(DISTINCT v) AS d FROM a GROUP BY g`},
	{"total", `SELECT count(*) AS n, sum(v) AS s FROM a`},
	{"pairs", `SELECT a.id, b.x FROM a JOIN b ON a.g = b.g`},
	{"kinds", `SELECT DISTINCT a.v, b.x FROM a JOIN b ON a.g = b.g`},
	{"of_view", `SELECT base.n, count(*) AS groups FROM base JOIN b ON base.g = b.g GROUP BY base.n`},
	{"failing", `SELECT id, 100 / v AS r FROM a`},
	{"top", `SELECT id, v FROM a ORDER BY v DESC, id LIMIT 5`},
	{"with_stream", `SELECT a.g, count(*) AS n FROM st JOIN a ON st.k = a.id GROUP BY a.g`},
	{"twice", `SELECT l.id, r.id AS other FROM a l JOIN a r ON l.v = r.id`},
	{"constant", `SELECT id FROM a UNION ALL SELECT 5000`},
	{"one_key", `SELECT id, v FROM a WHERE g = 3`},
}

// TestBackfillInParts: first ticks in parts of any size, beside changes of what they read, with
// checkpoints between and starts on these, come to what a fresh SELECT gives; nothing is to be seen of
// them before.
func TestBackfillInParts(t *testing.T) {
	went := uint64(0)
	for seed := uint64(1); seed <= 4 && (went == 0 || !testing.Short()); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { went += backfillInParts(t, seed) })
	}
	if went == 0 {
		t.Error("no start went on within a first tick")
	}
}

func backfillInParts(t *testing.T, seed uint64) (went uint64) {
	d := newDatabase(t)
	rng := seeded(t, seed)
	d.crash()
	d.part = int64(1 + rng.IntN(40))
	d.start()
	d.exec(`CREATE TABLE a (id int PRIMARY KEY, g int, v int)`)
	d.exec(`CREATE TABLE b (g int, x int)`)
	d.exec(`CREATE INDEX a_g ON a (g)`)
	d.exec(`CREATE STREAM st (k int)`)
	d.exec(`CREATE MATERIALIZED VIEW base AS SELECT g, count(*) AS n FROM a GROUP BY g`)
	const rows = 400
	var as, bs []string
	for i := range rows {
		as = append(as, fmt.Sprintf("(%d,%d,%d)", i, rng.IntN(60), rng.IntN(30)))
		bs = append(bs, fmt.Sprintf("(%d,%d)", rng.IntN(60), rng.IntN(30)))
	}
	d.exec(`INSERT INTO a VALUES ` + strings.Join(as, ","))
	d.exec(`INSERT INTO b VALUES ` + strings.Join(bs, ","))
	for range 30 {
		d.produce("st", fmt.Sprintf(`{"k":%d}`, rng.IntN(rows)), fmt.Sprintf(`{"k":%d}`, rng.IntN(rows)))
	}
	slow := atomic.Bool{}
	inject := func() {
		d.runtime.Inject(func(stage, _ string) error {
			for i := 0; slow.Load() && i < 20 && stage == "tick"; i++ {
				runtime.Gosched()
			}
			return nil
		})
	}
	inject()
	slow.Store(true)
	for _, v := range backfilled {
		d.execf(`CREATE MATERIALIZED VIEW %s WITH (background = true) AS %s`, v.name, v.query)
	}
	d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT g, count(*) AS n, sum(v) AS s FROM a GROUP BY g`)
	for range 3 {
		d.execf(`UPDATE a SET v = v + 1 WHERE id %% %d = 0`, 2+rng.IntN(9))
		d.execf(`DELETE FROM b WHERE x = %d`, rng.IntN(30))
		d.produce("st", fmt.Sprintf(`{"k":%d}`, rng.IntN(rows)))
		d.checkpoint()
		within := uint64(0)
		for _, v := range backfilled {
			if st := d.status(v.name); st.State == "backfilling" && st.Scanned > 0 {
				if within++; st.Scanned > st.ToScan || st.Frontier != 0 {
					t.Errorf("%s: %+v", v.name, st)
				}
			}
		}
		if rng.IntN(4) > 0 {
			d.restart()
			inject()
			for _, v := range backfilled {
				if st := d.status(v.name); st.State == "backfilling" && st.Scanned > 0 {
					went++
				}
			}
		}
	}
	failing := func(sql string) []string {
		rows, err := d.try(sql)
		if err != nil {
			return []string{err.Error()}
		}
		return rows
	}
	for _, v := range backfilled {
		same(t, v.name, failing(`SELECT * FROM `+v.name), failing(v.query))
	}
	slow.Store(false)
	w := &walk{database: d}
	w.checkSink("out", `SELECT g, count(*) AS n, sum(v) AS s FROM a GROUP BY g`, "g")
	d.exec(`DROP MATERIALIZED VIEW plain`)
	d.execf(`CREATE MATERIALIZED VIEW plain AS %s`, backfilled[0].query)
	same(t, "made again", d.exec(`SELECT * FROM plain`), d.exec(backfilled[0].query))
	for _, m := range d.warnings.troubles() {
		t.Errorf("warning: %s", m)
	}
	return went
}

// TestBackfillIsDropped: how far a first tick is can be seen, and a DROP in the middle of it ends it and
// frees what it held.
func TestBackfillIsDropped(t *testing.T) {
	d := newDatabase(t)
	d.crash()
	d.part = 10
	d.start()
	d.exec(`CREATE TABLE a (id int PRIMARY KEY)`)
	var values []string
	for i := range 3000 {
		values = append(values, fmt.Sprintf("(%d)", i))
	}
	d.exec(`INSERT INTO a VALUES ` + strings.Join(values, ","))
	held := d.runtime.Stats().StateBytes
	parts, most := atomic.Int64{}, int64(20)
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "tick" && relation == "v" && parts.Add(1) > most {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	d.exec(`CREATE MATERIALIZED VIEW v WITH (background = true) AS SELECT l.id FROM a l JOIN a r ON l.id = r.id`)
	d.until("it has scanned something", func() bool { return d.status("v").Scanned > 100 })
	st := d.status("v")
	if st.ToScan != 6000 || st.Target == 0 {
		t.Errorf("%+v", st)
	}
	d.exec(`SET read_mode = 'available'; SET statement_timeout = 50`)
	if rows, err := d.try(`SELECT count(*) FROM v`); err == nil && rows[0] != "3000" {
		t.Errorf("%v rows of the view were read", rows)
	}
	d.exec(`DROP MATERIALIZED VIEW v`)
	d.until("the drop has ended", func() bool { return d.runtime.Stats().Dropping == 0 })
	if n := parts.Load(); n >= 600 {
		t.Errorf("the dropped view took all %d parts", n)
	}
	if now := d.runtime.Stats().StateBytes; now > held+held/2+1<<20 {
		t.Errorf("state was %d bytes before, is %d", held, now)
	}
}
