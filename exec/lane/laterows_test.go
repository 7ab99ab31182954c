package lane_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLateRowsAreBounded: of what a closing window left out the newest of each partition are listed, up to
// the bound, over checkpoints and restarts; all are counted.
func TestLateRowsAreBounded(t *testing.T) {
	d := newDatabase(t)
	d.lateRows = 40
	d.restart()
	d.exec(`CREATE STREAM e (k int, at timestamp, WATERMARK FOR at AS at) WITH (partitions = 2)`)
	d.exec(`CREATE MATERIALIZED VIEW w AS SELECT TUMBLE_START(at, INTERVAL '1 minute') AS s, count(*) AS n FROM e
		GROUP BY TUMBLE(at, INTERVAL '1 minute') EMIT ON WINDOW CLOSE`)
	both := func(record string) map[int32][]string { return map[int32][]string{0: {record}, 1: {record}} }
	d.produceTo("e", both(`{"k":1,"at":"2026-01-01 10:00:00"}`))
	d.produceTo("e", both(`{"k":1,"at":"2026-01-01 11:00:00"}`))
	d.exec(`SELECT * FROM w`)
	listed := func() []string {
		return d.exec(`SELECT _partition, _offset FROM w_errors WHERE reason IN ('late', 'no_time')`)
	}
	for round := range 30 {
		records := map[int32][]string{}
		for i := range 9 {
			records[int32(i%3/2)] = append(records[int32(i%3/2)], `{"k":1,"at":"2026-01-01 10:30:00"}`)
		}
		d.produceTo("e", records)
		d.exec(`SELECT * FROM w`)
		if n := len(listed()); n > 40 || round > 5 && n < 30 {
			t.Fatalf("round %d: %d rows are listed", round, n)
		}
		switch round {
		case 10:
			d.checkpoint()
		case 11, 20:
			d.restart()
		}
	}
	got := strings.Join(listed(), " ")
	for partition, last := range []int{2 + 30*6 - 1, 2 + 30*3 - 1} {
		if !strings.Contains(got, fmt.Sprintf("%d|%d", partition, last)) {
			t.Errorf("the newest of partition %d is not listed: %s", partition, got)
		}
	}
	if late := d.status("w").Late; late != 30*9 {
		t.Errorf("%d late rows are counted", late)
	}
	if n := d.runtime.Stats().LateLetGo; n == 0 {
		t.Error("none was let go")
	}
}

// TestHeldLinesAreTold: of failing rows one line a minute is told; how many were not is told when the minute is over,
// also when no further row fails.
func TestHeldLinesAreTold(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM o (n int)`)
	d.exec(`CREATE SINK s TO TOPIC 't' AS SELECT 10/n AS q FROM o`)
	for i := range 4 {
		d.produce("o", `{"n":0}`)
		d.until("the row failed", func() bool { return d.status("s").RowErrors == int64(i+1) })
	}
	d.runtime.TellHeld()
	if w := d.warnings.take(); len(w) != 1 {
		t.Fatalf("%q", w)
	}
	d.clock.by.Store(int64(time.Minute))
	d.runtime.TellHeld()
	d.runtime.TellHeld()
	if w := d.warnings.take(); len(w) != 1 || !strings.Contains(w[0], "not_shown=3") {
		t.Errorf("%q", w)
	}
}
