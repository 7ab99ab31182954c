package lane_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// leftOut counts what closing windows left out, over all dataflows.
func (d *database) leftOut() (late, noTime uint64) {
	for _, kind := range []catalog.Kind{catalog.KindView, catalog.KindSink, catalog.KindStream} {
		for _, rel := range d.catalog.Now().Relations(kind) {
			if st, ok := d.runtime.Status(rel.OID); ok {
				late, noTime = late+st.Late, noTime+st.NoTime
			}
		}
	}
	return late, noTime
}

// status of a derived relation.
func (d *database) status(name string) lane.Status {
	d.t.Helper()
	rel, ok := d.catalog.Now().Relation("", name, []string{"public"})
	if !ok {
		d.t.Fatalf("no relation %s", name)
	}
	st, ok := d.runtime.Status(rel.OID)
	if !ok {
		d.t.Fatalf("no dataflow of %s", name)
	}
	return st
}

// until waits for a condition that the dataflows bring about.
func (d *database) until(what string, done func() bool) {
	d.t.Helper()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case <-deadline:
			d.t.Fatalf("%s: not within 20 s; %v", what, d.warnings.take())
		case <-d.runtime.Moved():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// refused runs a query that must fail at once, and gives its error.
func (d *database) refused(sql string) *sqlerr.Error {
	d.t.Helper()
	begin := time.Now()
	rows, err := d.try(sql)
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		d.t.Fatalf("%s: %v, %q", sql, err, rows)
	}
	if took := time.Since(begin); took > 10*time.Second {
		d.t.Errorf("%s: refused only after %v", sql, took)
	}
	return e
}

func wantStanding(t *testing.T, e *sqlerr.Error, code sqlerr.Code, name string, parts ...string) {
	t.Helper()
	if e.Code != code {
		t.Errorf("%s %v, wanted %s", e.Code, e, code)
	}
	for _, part := range append(parts, name) {
		if !strings.Contains(e.Detail, part) {
			t.Errorf("detail %q does not say %q", e.Detail, part)
		}
	}
	if !strings.Contains(e.Hint, "on_error = 'skip'") || !strings.Contains(e.Hint, name+"_errors") {
		t.Errorf("hint %q does not tell both ways out", e.Hint)
	}
}

// TestSinkOverFailingRow: a sink over rows of which one fails is made at once, puts nothing of that
// tick out, tells why it stands, and goes on where it was when the row is skipped.
func TestSinkOverFailingRow(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("sinkFirst=%v", first), func(t *testing.T) {
			d := newDatabase(t)
			d.exec(`CREATE STREAM o (id varchar, n int)`)
			create := `CREATE SINK s TO TOPIC 't' AS SELECT id, 10/n AS q FROM o`
			if first {
				d.exec(create)
			}
			d.produce("o", `{"id":"a","n":1}`)
			d.produce("o", `{"id":"b","n":0}`)
			d.produce("o", `{"id":"c","n":2}`)
			if !first {
				d.exec(create)
			}
			d.until("the sink stands", func() bool { return d.status("s").State == "error" && d.status("s").RowErrors == 1 })
			st := d.status("s")
			if st.Reason.Code != sqlerr.DivisionByZero || st.Record == nil || st.Record.Offset != 1 || st.Record.Topic != "o" || st.Since.IsZero() {
				t.Errorf("status %+v, record %+v", st, st.Record)
			}
			same(t, "s_errors", d.exec(`SELECT sqlstate, message, count, topic, _partition, _offset, value FROM s_errors`),
				[]string{`22012|division by zero|1|o|0|1|\x7b226964223a2262222c226e223a307d`})
			shown := d.exec(`SHOW SINKS`)
			if len(shown) != 1 || !strings.Contains(shown[0], "|error|1|") || !strings.Contains(shown[0], `22012 division by zero (topic "o", partition 0, offset 1)`) {
				t.Errorf("SHOW SINKS: %q", shown)
			}
			if w := strings.Join(d.warnings.take(), "\n"); strings.Count(w, "a row failed") != 1 {
				t.Errorf("warnings: %s", w)
			}
			before := len(d.records("t"))
			d.produce("o", `{"id":"d","n":5}`)
			d.exec(`ALTER SINK s SET (on_error = 'skip')`)
			d.settle("s")
			same(t, "topic", d.records("t"), []string{`={"id":"a","q":10}`, `={"id":"c","q":5}`, `={"id":"d","q":2}`})
			if before > 1 {
				t.Errorf("%d records came out while the sink stood", before)
			}
			d.restart()
			d.produce("o", `{"id":"e","n":10}`)
			d.settle("s")
			same(t, "topic after a restart", d.records("t"), []string{`={"id":"a","q":10}`, `={"id":"c","q":5}`, `={"id":"d","q":2}`, `={"id":"e","q":1}`})
			same(t, "s_errors after a restart", d.exec(`SELECT count, _offset FROM s_errors`), []string{`1|1`})
		})
	}
}

// TestFailingRowHeals: a sink with state stands until the row is gone, and puts the whole tick out
// then; nothing comes out twice.
func TestFailingRowHeals(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (id int PRIMARY KEY, n int)`)
	d.exec(`CREATE SINK s TO TOPIC 'out' AS SELECT id, 10/n AS q FROM t`)
	d.exec(`INSERT INTO t VALUES (1, 1)`)
	d.settle("s")
	d.exec(`INSERT INTO t VALUES (2, 0), (3, 0), (4, 5)`)
	d.until("the sink stands", func() bool { return d.status("s").State == "error" && d.status("s").RowErrors == 2 })
	if r := d.status("s").Record; r != nil {
		t.Errorf("a row of a table comes from no one record, but %+v", r)
	}
	d.exec(`UPDATE t SET n = 10 WHERE id = 2`)
	d.until("one is left", func() bool { return d.status("s").RowErrors == 1 })
	d.exec(`DELETE FROM t WHERE id = 3`)
	d.settle("s")
	if st := d.status("s"); st.State != "running" || st.RowErrors != 0 || st.Reason != nil {
		t.Errorf("healed: %+v", st)
	}
	same(t, "topic", d.records("out"), []string{`{"id":1}={"id":1,"q":10}`, `{"id":2}={"id":2,"q":1}`, `{"id":4}={"id":4,"q":2}`})
	same(t, "s_errors", d.exec(`SELECT * FROM s_errors`), nil)
}

// TestFailingRowOfView: the read of a view names the view, the record and the ways out; the view
// above it, and a derived stream, do so too.
func TestFailingRowOfView(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM ev (id int)`)
	d.produce("ev", `{"id":2}`)
	d.produce("ev", `{"id":1}`, `{"id":3}`)
	d.exec(`CREATE MATERIALIZED VIEW m AS SELECT 4/(id-1) AS x FROM ev`)
	d.exec(`CREATE MATERIALIZED VIEW above AS SELECT x + 1 AS y FROM m`)
	d.exec(`CREATE STREAM d AS SELECT 4/(id-1) AS x FROM ev`)
	d.exec(`CREATE MATERIALIZED VIEW over AS SELECT count(*) AS n FROM d`)
	for sql, name := range map[string]string{`SELECT * FROM m`: "m", `SELECT * FROM above`: "above", `SELECT * FROM d`: "d", `SELECT * FROM over`: "d"} {
		wantStanding(t, d.refused(sql), sqlerr.DivisionByZero, name, `offset 1 of partition 0 of topic "ev"`)
	}
	for _, name := range []string{"m", "above", "d"} {
		if st := d.status(name); st.State != "error" || st.RowErrors != 1 || st.Record == nil || st.Record.Offset != 1 {
			t.Errorf("%s: %+v", name, st)
		}
		same(t, name+"_errors", d.execf(`SELECT sqlstate, count, topic, _offset, value FROM %s_errors`, name),
			[]string{`22012|1|ev|1|\x7b226964223a317d`})
	}
	d.exec(`ALTER MATERIALIZED VIEW m SET (on_error = 'skip')`)
	d.exec(`ALTER STREAM d SET (on_error = 'skip')`)
	same(t, "m", d.exec(`SELECT * FROM m`), []string{"2", "4"})
	same(t, "d", d.exec(`SELECT * FROM d`), []string{"2", "4"})
	same(t, "over", d.exec(`SELECT * FROM over`), []string{"2"})
	wantStanding(t, d.refused(`SELECT * FROM above`), sqlerr.DivisionByZero, "above")
	if st := d.status("m"); st.State != "running" || st.RowErrors != 1 {
		t.Errorf("m skips: %+v", st)
	}
	d.exec(`ALTER MATERIALIZED VIEW m SET (on_error = 'fail')`)
	wantStanding(t, d.refused(`SELECT * FROM m`), sqlerr.DivisionByZero, "m")
}

// TestErrorsCount: equal errors of several records are told one by one.
func TestErrorsCount(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM ev (id int)`)
	d.exec(`CREATE MATERIALIZED VIEW ov AS SELECT id + 2147483647 AS x FROM ev`)
	d.exec(`CREATE MATERIALIZED VIEW grouped AS SELECT id, sum(id + 2147483647) AS x FROM ev GROUP BY id`)
	for range 2 {
		d.produce("ev", `{"id":1}`, `{"id":0}`, `{"id":2}`)
	}
	for _, name := range []string{"ov", "grouped"} {
		wantStanding(t, d.refused("SELECT * FROM "+name), sqlerr.NumericValueOutOfRange, name)
		same(t, name, d.execf(`SELECT message, count, _offset FROM %s_errors`, name), []string{
			"integer out of range|1|0", "integer out of range|1|2", "integer out of range|1|3", "integer out of range|1|5"})
		same(t, name, d.execf(`SELECT sum(count) FROM %s_errors`, name), []string{"4"})
	}
}

// TestStandingSurvives: what stands stands again after a restart, with and without a checkpoint.
func TestStandingSurvives(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM ev (id int)`)
	d.exec(`CREATE MATERIALIZED VIEW m AS SELECT 4/(id-1) AS x FROM ev`)
	d.exec(`CREATE SINK s TO TOPIC 'out' AS SELECT 4/(id-1) AS x FROM ev`)
	d.produce("ev", `{"id":2}`)
	d.settle("s")
	d.produce("ev", `{"id":1}`)
	d.produce("ev", `{"id":3}`)
	d.until("the sink stands", func() bool { return d.status("s").State == "error" })
	for range 2 {
		d.checkpoint()
		d.restart()
		d.until("the sink stands again", func() bool { return d.status("s").State == "error" && d.status("s").RowErrors == 1 })
		wantStanding(t, d.refused(`SELECT * FROM m`), sqlerr.DivisionByZero, "m", "offset 1 ")
		same(t, "topic", d.records("out"), []string{`={"x":4}`})
		d.without = true
	}
	d.exec(`ALTER SINK s SET (on_error = 'skip')`)
	d.settle("s")
	same(t, "topic", d.records("out"), []string{`={"x":4}`, `={"x":2}`})
}
