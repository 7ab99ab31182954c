package lane_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// TestPinAge: a transaction that held its snapshot for too long is told so, and holds nothing any more.
func TestPinAge(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`INSERT INTO t VALUES (1, 0)`)
	d.crash()
	d.pinAge = time.Hour
	d.start()
	d.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
	same(t, "its first statement", d.exec(`SELECT v FROM t`), []string{"0"})
	d.clock.by.Store(int64(59 * time.Minute))
	same(t, "its second", d.exec(`SELECT v FROM t`), []string{"0"})
	d.clock.by.Store(int64(61 * time.Minute))
	if e := d.refused(`SELECT v FROM t`); e.Code != sqlerr.SnapshotTooOld || !strings.Contains(e.Detail, "pin_age") {
		t.Fatalf("%+v", e)
	}
	d.exec(`ROLLBACK`)
	if pins := d.runtime.Pins(); len(pins) != 0 {
		t.Fatalf("%+v", pins)
	}
	same(t, "a transaction that does not keep one", d.exec(`BEGIN; SELECT v FROM t; SELECT v FROM t; COMMIT`), []string{"0", "0"})
}

// TestPinBytes: what is kept for a snapshot alone is counted, and bounded; a second one of the same
// version, or a reader that is further behind, makes it nobody's.
func TestPinBytes(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int, pad text)`)
	d.exec(`CREATE MATERIALIZED VIEW n AS SELECT v, count(*) AS n FROM t GROUP BY v`)
	d.execf(`INSERT INTO t VALUES (1, 0, '%s')`, strings.Repeat("x", 1000))
	d.crash()
	d.pinBytes = 100_000
	d.start()
	d.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
	same(t, "before", d.exec(`SELECT v FROM t`), []string{"0"})
	update := func() {
		t.Helper()
		if err := d.elsewhere(`UPDATE t SET v = v + 1`); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		update()
	}
	if err := d.elsewhere(`SELECT n FROM n`); err != nil { // the view needs nothing any more
		t.Fatal(err)
	}
	pins := d.runtime.Pins()
	if len(pins) != 1 || !strings.HasPrefix(pins[0].Owner, "session ") || pins[0].Bytes < 20*2*1000 || pins[0].Bytes > 100_000 {
		t.Fatalf("%+v", pins)
	}
	same(t, "meanwhile", d.exec(`SELECT v FROM t`), []string{"0"})
	same(t, "a relation touched first now", d.exec(`SELECT v, n FROM n`), []string{"0|1"})
	var failed error
	d.until("the snapshot is too old", func() bool {
		update()
		_, failed = d.try(`SELECT v FROM t`)
		return failed != nil
	})
	var e *sqlerr.Error
	if !errors.As(failed, &e) || e.Code != sqlerr.SnapshotTooOld || !strings.Contains(e.Detail, "pin_bytes") {
		t.Fatalf("%v", failed)
	}
	d.exec(`ROLLBACK`)
	got := d.exec(`SELECT v FROM t`)
	same(t, "after", d.exec(`SELECT v FROM n`), got)
}

// TestPinsShareHistory: changes that somebody else needs as well are not counted as one pin's.
func TestPinsShareHistory(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v int)`)
	d.exec(`INSERT INTO t VALUES (1, 0)`)
	d.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
	d.exec(`SELECT v FROM t`)
	first := d.session
	d.openSession()
	d.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
	d.exec(`SELECT v FROM t`)
	for i := range 10 {
		if err := d.elsewhere(fmt.Sprintf(`UPDATE t SET v = %d`, i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range d.runtime.Pins() {
		if p.Bytes != 0 {
			t.Errorf("%+v has what the other needs too", p)
		}
	}
	d.exec(`ROLLBACK`)
	if pins := d.runtime.Pins(); len(pins) != 1 || pins[0].Bytes == 0 {
		t.Errorf("%+v", pins)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if pins := d.runtime.Pins(); len(pins) != 0 {
		t.Errorf("%+v", pins)
	}
}
