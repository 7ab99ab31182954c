package lane_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/session"
)

// TestPointReadsShareFlows: a flow that is run again knows nothing of the run before: other keys,
// other writes underneath, other sessions at once; one that failed is not run again.
func TestPointReadsShareFlows(t *testing.T) {
	d := newDatabase(t)
	d.exec("CREATE TABLE t (id int PRIMARY KEY, v text)")
	d.exec("CREATE MATERIALIZED VIEW c WITH (on_error = 'skip') AS SELECT id, count(*) AS n, 6 / (max(id) - 2) AS q FROM t GROUP BY id")
	for i := range 8 {
		d.execf("INSERT INTO t VALUES (%d, 'v%d')", i, i)
	}
	before, inserts := d.account.Used(), d.runtime.FreeFlows()
	for range 2 {
		for i := range 9 {
			want := []string{fmt.Sprintf("v%d", i)}
			if i == 8 {
				want = nil
			}
			same(t, "table", d.execf("SELECT v FROM t WHERE id = %d", i), want)
			want = []string{fmt.Sprintf("1|%d", 6/max(i-2, 1))}
			if i < 2 {
				want = []string{fmt.Sprintf("1|%d", 6/(i-2))}
			}
			if i == 2 || i == 8 {
				want = nil
			}
			same(t, "view", d.execf("SELECT n, q FROM c WHERE id = %d", i), want)
		}
	}
	if n := d.runtime.FreeFlows() - inserts; inserts > 1 || n != 2 {
		t.Errorf("%d flows are kept of one INSERT, and then %d of two plans that one session ran one after the other", inserts, n)
	}
	// A write of the transaction is seen by it, and by nobody after its end.
	d.exec("BEGIN")
	d.exec("UPDATE t SET v = 'mine' WHERE id = 1")
	same(t, "in the transaction", d.exec("SELECT v FROM t WHERE id = 1"), []string{"mine"})
	d.exec("ROLLBACK")
	same(t, "after it", d.exec("SELECT v FROM t WHERE id = 1"), []string{"v1"})
	// What fails goes.
	kept := d.runtime.FreeFlows()
	for range 3 {
		if _, err := d.try("SELECT 1 / (id - 1) FROM t WHERE id = 1"); err == nil || !strings.Contains(err.Error(), "division by zero") {
			t.Errorf("division by zero: %v", err)
		}
	}
	if n := d.runtime.FreeFlows(); n != kept {
		t.Errorf("%d flows are kept, %d before three that failed", n, kept)
	}
	readTogether(t, d)
	if n := d.runtime.FreeFlows(); d.account.Used() < before || n > 300 {
		t.Errorf("%d flows are kept, %d bytes are charged, %d before them", n, d.account.Used(), before)
	}
}

// readTogether runs one plan from many sessions at once, each with keys of its own.
func readTogether(t *testing.T, d *database) {
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			s, err := d.db.Open(t.Context(), face.Startup{Principal: auth.Principal{Name: session.Superuser}, Database: "tributary", Client: client{}})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for range 50 {
				rows := &rowsWriter{}
				if err := s.Simple(t.Context(), fmt.Sprintf("SELECT v FROM t WHERE id = %d", w), rows); err != nil {
					t.Error(err)
					return
				}
				if len(rows.rows) != 1 || rows.rows[0] != fmt.Sprintf("v%d", w) {
					t.Errorf("session %d read %q", w, rows.rows)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestFreeFlowsAreBounded: of more plans than may be kept the oldest go.
func TestFreeFlowsAreBounded(t *testing.T) {
	d := newDatabase(t)
	d.exec("CREATE TABLE t (id int PRIMARY KEY, v text)")
	d.exec("INSERT INTO t VALUES (1, 'a')")
	for i := range 400 {
		same(t, "row", d.execf("SELECT v AS c%d FROM t WHERE id = 1", i), []string{"a"})
	}
	if n := d.runtime.FreeFlows(); n != 256 {
		t.Errorf("%d flows are kept, the limit is 256", n)
	}
}
