package lane_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/storage/objstore"
)

// The views of the random test, each with the query that a fresh SELECT must equal ("" = none
// does: it is compared with one built from the log alone).
var randomViews = []struct{ name, query string }{
	{"by_k", `SELECT k, sum(v) AS total, count(*) AS n, avg(v) AS mean FROM s GROUP BY k`},
	{"kinds", `SELECT k, count(DISTINCT tag) AS kinds, min(tag) AS least, max(f) AS most, sum(f) AS fs FROM s GROUP BY k`},
	{"t_groups", `SELECT g, min(v) AS lo, max(v) AS hi, sum(x) AS xs, count(*) AS n FROM t GROUP BY g`},
	{"joined", `SELECT t.id, t.v, by_k.total FROM t JOIN by_k ON t.g = by_k.k`},
	{"stacked", `SELECT g, count(*) AS n, sum(total) AS sums FROM joined JOIN t ON joined.id = t.id GROUP BY g`},
	{"top", `SELECT id, v FROM t ORDER BY v DESC, id LIMIT 3`},
	{"several", `SELECT DISTINCT tag, k FROM s`},
	{"all_rows", `SELECT a FROM u UNION ALL SELECT v FROM t`},
	{"ratio", `SELECT id, 100 / v AS r FROM t`},
	{"total", `SELECT count(*) AS n, sum(v) AS v FROM t`},
	{"numbers", `SELECT num, count(*) AS n, max(id) AS most FROM q GROUP BY num`},
	{"closed", ``},
}

const closedQuery = `SELECT TUMBLE_START(ts, INTERVAL '1 minute') AS w, k, count(*) AS n, max(v) AS most
	FROM timed GROUP BY TUMBLE(ts, INTERVAL '1 minute'), k EMIT ON WINDOW CLOSE`

// randomSinks: the topic's fold by key, or all of its records, must equal the query.
var randomSinks = []struct{ name, query, check string }{
	{"s_even", `SELECT k, v, tag FROM s WHERE v % 2 = 0`, ""},
	{"s_sums", `SELECT k, sum(v) AS total FROM s GROUP BY k`, "k"},
	{"s_view", `SELECT g, lo, hi, n FROM t_groups`, "g"},
	{"s_table", `SELECT id, g, v FROM t`, "id"},
	{"s_joined", `SELECT t.g, sum(by_k.total) AS x FROM t JOIN by_k ON t.g = by_k.k GROUP BY t.g`, "g"},
	// Keys that stay equal while their bytes change.
	{"s_ids", `SELECT id, num FROM q`, "id"},
	{"s_num", `SELECT num, count(*) AS n FROM q GROUP BY num`, "num"},
	{"s_float", `SELECT fl, count(*) AS n FROM q GROUP BY fl`, "fl"},
	{"s_interval", `SELECT iv, sum(num) AS n FROM q GROUP BY iv`, "iv"},
	{"s_jsonb", `SELECT j, count(*) AS n FROM q GROUP BY j`, "j"},
	{"s_distinct", `SELECT DISTINCT num, fl, j FROM q`, "num, fl, j"},
	{"s_two", `SELECT fl, iv, min(num) AS lo FROM q GROUP BY fl, iv`, "fl, iv"},
	{"s_over", `SELECT num, n FROM numbers`, "num"},
	{"s_pair", `SELECT q.id, numbers.num, numbers.n FROM q JOIN numbers ON q.num = numbers.num`, "id"},
	{"s_total", `SELECT count(*) AS n, sum(v) AS v FROM t`, "-"}, // a row from the beginning; key {}
	{"s_nothing", `SELECT count(*) AS n, max(v) AS v FROM t WHERE id > 1000`, "-"},
	{"s_wide", `SELECT num, count(*) AS n FROM q GROUP BY num`, "n, num"},
}

type walk struct {
	*database
	rng   *rand.Rand
	views map[string]bool
	sinks map[string]bool
	last  int64 // seconds of the last event time
	next  int
	old   uint32 // version of the engine, 0 = it is as it was
}

func (w *walk) setup() {
	w.exec(`CREATE STREAM s (k int, v int, tag text, f float8)`)
	w.exec(`CREATE STREAM timed (k int, v int, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '20 seconds')`)
	w.exec(`CREATE TABLE t (id int PRIMARY KEY, g int, v int, x numeric)`)
	w.exec(`CREATE TABLE u (a int)`)
	w.exec(`CREATE TABLE q (id numeric PRIMARY KEY, num numeric, fl float8, iv interval, j jsonb)`)
	for i := range randomViews {
		w.createView(i)
	}
	for i := range randomSinks {
		w.createSink(i)
	}
}

func (w *walk) createView(i int) {
	v := randomViews[i]
	query := v.query
	if query == "" {
		query = closedQuery
	}
	if _, err := w.try(fmt.Sprintf(`CREATE MATERIALIZED VIEW %s AS %s`, v.name, query)); err == nil {
		w.views[v.name] = true
	} else if !strings.Contains(err.Error(), "exist") {
		w.t.Fatalf("create %s: %v", v.name, err)
	}
}

func (w *walk) createSink(i int) {
	s := randomSinks[i]
	w.next++
	if _, err := w.try(fmt.Sprintf(`CREATE SINK %s TO TOPIC 'topic_%s_%d' AS %s`, s.name, s.name, w.next, s.query)); err == nil {
		w.sinks[s.name] = true
	} else if !strings.Contains(err.Error(), "exist") {
		w.t.Fatalf("create %s: %v", s.name, err)
	}
}

// step does one random thing.
func (w *walk) step() {
	r := w.rng
	switch n := r.IntN(100); {
	case n < 25:
		var values []string
		for range 1 + r.IntN(4) {
			values = append(values, fmt.Sprintf(`{"k":%d,"v":%d,"tag":"%c","f":%d.25}`, r.IntN(5), r.IntN(100), 'a'+r.IntN(6), r.IntN(1000)))
		}
		w.produce("s", values...)
	case n < 35:
		var values []string
		for range 1 + r.IntN(3) {
			w.last += int64(r.IntN(30))
			at := w.last - int64(r.IntN(40))
			values = append(values, fmt.Sprintf(`{"k":%d,"v":%d,"ts":"2024-01-01 %02d:%02d:%02d"}`, r.IntN(3), r.IntN(100), max(at, 0)/3600%24, max(at, 0)/60%60, max(at, 0)%60))
		}
		w.produce("timed", values...)
	case n < 45:
		w.images()
	case n < 55:
		w.statement(fmt.Sprintf(`INSERT INTO t VALUES (%d, %d, %d, %d.5)`, r.IntN(30), r.IntN(5), r.IntN(8), r.IntN(50)), "duplicate")
	case n < 65:
		w.exec(fmt.Sprintf(`UPDATE t SET v = v + %d, g = %d WHERE id %% 7 = %d`, r.IntN(5)-2, r.IntN(5), r.IntN(7)))
	case n < 72:
		w.exec(fmt.Sprintf(`DELETE FROM t WHERE id %% 11 = %d`, r.IntN(11)))
	case n < 75:
		w.exec(fmt.Sprintf(`INSERT INTO u SELECT g FROM t WHERE id < %d`, r.IntN(30)))
	case n < 80:
		w.images()
	case n < 82:
		w.exec(fmt.Sprintf(`DELETE FROM u WHERE a = %d`, r.IntN(5)))
	case n < 85:
		w.exec(`BEGIN`)
		w.exec(fmt.Sprintf(`UPDATE t SET x = x + 1 WHERE g = %d`, r.IntN(5)))
		w.exec(fmt.Sprintf(`INSERT INTO u VALUES (%d)`, r.IntN(5)))
		w.exec([]string{`COMMIT`, `ROLLBACK`}[r.IntN(2)])
	case n < 90:
		w.ddl()
	case n < 95:
		w.checkpoint()
	default:
		w.check(randomViews[r.IntN(len(randomViews))].name)
	}
}

// images changes q, often only the bytes of a value that stays equal, sometimes several times in
// one commit.
func (w *walk) images() {
	pick := func(of ...string) string { return of[w.rng.IntN(len(of))] }
	num := func() string { return pick("0", "0.0", "1", "1.0", "1.50", "1.5", "NULL", "'NaN'", "'infinity'") }
	fl := func() string { return pick("0", "'-0'", "1.5", "'NaN'", "NULL") }
	iv := func() string { return pick("'1 day'", "'24 hours'", "'1 mon'", "'30 days'", "'-1 days'", "NULL") }
	j := func() string { return pick("'1'", "'1.0'", "'0'", "'-0.00'", "'null'", "NULL") }
	id := func() string { return pick("1", "1.0", "2", "2.00", "3", "3.0", "4") }
	for range 1 + w.rng.IntN(3) {
		switch w.rng.IntN(4) {
		case 0, 1:
			w.statement(fmt.Sprintf(`INSERT INTO q VALUES (%s, %s, %s, %s, %s)`, id(), num(), fl(), iv(), j()), "duplicate")
		case 2:
			w.exec(fmt.Sprintf(`UPDATE q SET id = %s, num = %s, fl = %s, iv = %s, j = %s WHERE id = %[1]s`, id(), num(), fl(), iv(), j()))
		case 3:
			w.exec(`DELETE FROM q WHERE id = ` + id())
		}
	}
}

func (w *walk) statement(sql, allowed string) {
	if _, err := w.try(sql); err != nil && !strings.Contains(err.Error(), allowed) {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *walk) ddl() {
	i := w.rng.IntN(len(randomViews))
	name := randomViews[i].name
	switch w.rng.IntN(5) {
	case 0:
		if w.views[name] {
			if _, err := w.try("DROP MATERIALIZED VIEW " + name); err == nil {
				delete(w.views, name)
			}
		}
	case 1:
		for i := range randomViews {
			if !w.views[randomViews[i].name] {
				w.createView(i)
			}
		}
	case 2:
		i := w.rng.IntN(len(randomSinks))
		if name := randomSinks[i].name; w.sinks[name] {
			w.exec("DROP SINK " + name)
			delete(w.sinks, name)
		} else {
			w.createSink(i)
		}
	case 3:
		w.statement(`CREATE INDEX t_g ON t (g)`, "exists")
	case 4:
		w.statement(`DROP INDEX t_g`, "does not exist")
	}
}

// result is a query's rows, or its error.
func (w *walk) result(sql string) []string {
	rows, err := w.try(sql)
	if err != nil {
		return []string{err.Error()}
	}
	return rows
}

func (w *walk) check(name string) {
	w.t.Helper()
	i := slices.IndexFunc(randomViews, func(v struct{ name, query string }) bool { return v.name == name })
	if v := randomViews[i]; w.views[name] && v.query != "" {
		same(w.t, name, w.result("SELECT * FROM "+name), w.result(v.query))
	}
}

func (w *walk) checkAll() {
	w.t.Helper()
	for _, v := range randomViews {
		w.check(v.name)
	}
	for g := range 5 {
		where := fmt.Sprintf(" FROM t WHERE g = %d", g)
		same(w.t, "rows by index", w.result("SELECT id, v"+where), w.result("SELECT id, v"+where+" + 0"))
	}
	for _, s := range randomSinks {
		if w.sinks[s.name] {
			w.checkSink(s.name, s.query, s.check)
		}
	}
}

// checkSink compares what a sink wrote with its query, and looks for records that change nothing.
func (w *walk) checkSink(name, query, key string) {
	w.t.Helper()
	rel, _ := w.catalog.Now().Relation("", name, []string{"public"})
	w.settle(name)
	records := w.records(rel.TopicName)
	want := len(w.result(query))
	if key == "" {
		if len(records) != want {
			w.t.Fatalf("sink %s wrote %d records, its query has %d rows", name, len(records), want)
		}
		return
	}
	live := map[string]string{}
	for i, r := range records {
		k, v, _ := strings.Cut(r, "=")
		if v == live[k] || (v == "∅" && live[k] == "") {
			w.t.Fatalf("sink %s: record %d of %d changes nothing: %s; all of the key: %q", name, i, len(records), r, ofKey(records, k))
		}
		if live[k] = v; v == "∅" {
			delete(live, k)
		}
	}
	var got []string
	for _, v := range live {
		got = append(got, strings.Join(jsonValues(v), "|"))
	}
	slices.Sort(got)
	rows := w.result(query)
	for i, r := range rows { // a record's value has one null for JSON's and for SQL's
		rows[i] = strings.ReplaceAll(r, "null", "NULL")
	}
	slices.Sort(rows)
	same(w.t, "fold of sink "+name, got, rows)
}

func ofKey(records []string, key string) (out []string) {
	for _, r := range records {
		if strings.HasPrefix(r, key+"=") {
			out = append(out, r)
		}
	}
	return out
}

// jsonValues are the values of a flat JSON object of numbers, as SQL prints them.
func jsonValues(object string) (out []string) {
	for _, member := range strings.Split(strings.Trim(object, "{}"), ",") {
		_, v, _ := strings.Cut(member, ":")
		if v = strings.Trim(v, ` "`); v == "null" {
			v = "NULL"
		}
		out = append(out, v)
	}
	return out
}

// TestRandomWalk: whatever happened before a crash, with checkpoints anywhere between, views are
// what their queries give, sinks wrote what they should have once, and a start from the log alone
// gives the same.
func TestRandomWalk(t *testing.T) {
	seeds, steps := uint64(6), 120
	if s := os.Getenv("TRIBUTARY_TEST_SEEDS"); s != "" {
		seeds, _ = strconv.ParseUint(s, 10, 64)
	}
	first := uint64(1)
	if s := os.Getenv("TRIBUTARY_TEST_SEED"); s != "" {
		first, _ = strconv.ParseUint(s, 10, 64)
		seeds = 1
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { randomWalk(t, seed, steps) })
	}
}

func randomWalk(t *testing.T, seed uint64, steps int) {
	w := &walk{database: newDatabase(t), rng: seeded(t, seed), views: map[string]bool{}, sinks: map[string]bool{}}
	w.setup()
	defer w.reset()
	damaged, restored, ticks := false, 0, uint64(0)
	for range 4 {
		for range 1 + w.rng.IntN(steps/2) {
			w.step()
		}
		if w.rng.IntN(3) > 0 {
			w.checkAll()
		}
		w.crashAnyhow()
		damaged = w.damage() || damaged
		w.cut, w.part = []int64{0, 1, 3, 20}[w.rng.IntN(4)], []int64{0, 1, 3, 20}[w.rng.IntN(4)]
		w.stage = []int{0, 1, 300}[w.rng.IntN(3)]
		w.start()
		w.checkAll()
		s := w.runtime.Stats()
		restored, ticks = restored+s.Restored, ticks+s.Ticks
		warned := w.warnings.troubles()
		if s.Failed > 0 || (!damaged && len(warned) > 0) {
			t.Fatalf("%d failed: %q", s.Failed, warned)
		}
		for _, m := range warned {
			t.Log(m)
		}
		w.reset()
	}
	t.Logf("%d members restored, %d ticks after restarts", restored, ticks)
	var closed, left []string
	leftOut := "SELECT reason, _partition, _offset, count, value FROM closed_errors"
	if w.views["closed"] {
		closed, left = w.result("SELECT * FROM closed"), w.result(leftOut)
	}
	w.without = true
	w.restart()
	w.checkAll()
	if w.views["closed"] {
		same(t, "closed", w.result("SELECT * FROM closed"), closed)
		same(t, "closed_errors", w.result(leftOut), left)
	}
	for _, m := range w.warnings.troubles() {
		t.Errorf("warning: %s", m)
	}
}

// damage flips a bit of a checkpoint, or loses one, or makes the engine another version; mostly
// nothing. It reports whether it did.
func (w *walk) damage() bool {
	var keys []string
	for info, err := range w.objects.List(context.Background(), "state/ckpt/", "") {
		if err != nil {
			w.t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	if len(keys) == 0 {
		return false
	}
	key := keys[w.rng.IntN(len(keys))]
	switch w.rng.IntN(8) {
	case 0:
		w.old = lane.SetEngineVersion(1000)
	case 1:
		if err := w.objects.Delete(context.Background(), key); err != nil {
			w.t.Fatal(err)
		}
	case 2, 3:
		w.flip(key)
	default:
		return false
	}
	return true
}

func (w *walk) flip(key string) {
	b, _, err := objstore.ReadObject(context.Background(), w.objects, key, 1<<30)
	if err == nil {
		b[w.rng.IntN(len(b))] ^= 1 << w.rng.IntN(8)
		err = w.objects.Delete(context.Background(), key)
	}
	if err == nil {
		_, err = w.objects.Put(context.Background(), key, [][]byte{b}, objstore.Condition{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// reset makes the engine's version what it was.
func (w *walk) reset() {
	if w.old != 0 {
		lane.SetEngineVersion(w.old)
		w.old = 0
	}
}

// crashAnyhow stops at once, or in the middle of a checkpoint, or after a last one.
func (w *walk) crashAnyhow() {
	switch w.rng.IntN(3) {
	case 0:
		w.checkpoint()
	case 1:
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = w.runtime.Checkpoint(w.t.Context()) // ends with the runtime, in time or not
		}()
		defer func() { <-done }()
	}
	w.crash()
}
