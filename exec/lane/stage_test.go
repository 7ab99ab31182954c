package lane_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// TestSinkLargerThanAnEntry: the first step of a sink with state, over more than an entry of the log takes, comes
// out whole and once, also when it fails on the way; so do later ones, also after a restart.
func TestSinkLargerThanAnEntry(t *testing.T) {
	d := newDatabase(t)
	d.stage, d.entry = 3000, 20_000
	d.restart()
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v text)`)
	const rows = 4000
	var values strings.Builder
	for k := range rows {
		fmt.Fprintf(&values, ", (%d, 'text %d')", k, k*7919)
	}
	d.exec(`INSERT INTO t VALUES ` + values.String()[2:])
	fails := 40
	d.runtime.Inject(func(at, relation string) error {
		if at != "stage" || fails == 0 {
			return nil
		}
		if fails--; fails == 7 { // the tick begins anew
			return sqlerr.New(sqlerr.OutOfMemory, "injected")
		}
		if fails%3 == 0 { // tried again
			return fmt.Errorf("injected: %w", log.ErrUnavailable)
		}
		return nil
	})
	d.exec(`CREATE SINK grouped TO TOPIC 'grouped' AS SELECT k, max(v) AS v FROM t GROUP BY k`)
	d.settle("grouped")
	check := func(updated int) {
		t.Helper()
		live := map[string]string{}
		n := 0
		for _, r := range d.records("grouped") {
			k, v, _ := strings.Cut(r, "=")
			if live[k] == v {
				t.Fatalf("%s comes twice", r)
			}
			live[k] = v
			n++
		}
		if len(live) != rows || n != rows+updated {
			t.Fatalf("%d records of %d keys, want %d of %d", n, len(live), rows+updated, rows)
		}
	}
	check(0)
	if s := d.log.Stats(); s.StagedCommits < 2 || s.StagedDrops == 0 || s.StagedBytes != 0 {
		t.Fatalf("%d stages were committed, %d given up, %d bytes are staged", s.StagedCommits, s.StagedDrops, s.StagedBytes)
	}
	d.exec(`UPDATE t SET v = v || '!' WHERE k < 3000`)
	d.settle("grouped")
	check(3000)
	d.restart()
	d.exec(`UPDATE t SET v = v || '?' WHERE k < 3000`)
	d.settle("grouped")
	check(6000)
}
