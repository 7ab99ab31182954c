package nexmark

import (
	"fmt"
	"os"
	"testing"

	"github.com/tributary-db/tributary/test/harness"
)

// TestStateOfClosedWindows: what waits for windows keeps what is open only. A stream goes on and on, a row a millisecond;
// the state of four kinds of windows is as large in the end as it was early on. TRIBUTARY_TEST_LONG=1: ten million rows.
func TestStateOfClosedWindows(t *testing.T) {
	rows, commits := 20_000, 12
	if os.Getenv("TRIBUTARY_TEST_LONG") == "1" {
		rows, commits = 200_000, 50
	}
	s := harness.Start(t, t.TempDir())
	s.Exec(t, "CREATE STREAM ticks (k int, v int, at timestamp, WATERMARK FOR at AS at - INTERVAL '1 second')")
	for name, group := range map[string]string{
		"tumble":   "TUMBLE(at, INTERVAL '2 seconds')",
		"hop":      "HOP(at, INTERVAL '1 second', INTERVAL '2 seconds')",
		"cumulate": "CUMULATE(at, INTERVAL '1 second', INTERVAL '2 seconds')",
		"session":  "SESSION(at, INTERVAL '100 milliseconds')",
	} {
		s.Exec(t, fmt.Sprintf(`CREATE MATERIALIZED VIEW in_%s AS SELECT count(*) AS windows, sum(n) AS n
			FROM (SELECT k, count(*) AS n FROM ticks GROUP BY k, %s) w EMIT ON WINDOW CLOSE`, name, group))
	}
	var early float64
	for c := range commits {
		s.Exec(t, fmt.Sprintf(`INSERT INTO ticks SELECT i %% 500, i, timestamp '2024-01-01' + i * interval '1 millisecond'
			FROM generate_series(%d, %d) AS s (i)`, c*rows, (c+1)*rows-1))
		// The last time is (c+1)*rows-1 ms, the watermark a second less: windows of 2 s that end by then are closed, and
		// sessions of single rows that were 100 ms before it.
		mark := (c+1)*rows - 1 - 1000
		tumbled := mark / 2000 * 2000
		got := s.Query(t, "SELECT t.n, h.n, c.n, s.n FROM in_tumble t, in_hop h, in_cumulate c, in_session s")
		hopped, cumulated := 0, 0
		for end := 1000; end <= mark; end += 1000 {
			hopped += min(end, 2000)
			cumulated += 2000 - end%2000 // those that end by 1 s hold 1000 rows, the whole ones 2000
		}
		want := fmt.Sprintf("%d|%d|%d|%d", tumbled, hopped, cumulated, mark-100+1)
		if len(got) != 1 || got[0] != want {
			t.Fatalf("after %d rows: %q, want %q", (c+1)*rows, got, want)
		}
		state := s.Metric(t, "tributary_dataflow_state_bytes")
		if c == 2 {
			early = state
		}
		if c == commits-1 {
			t.Logf("%d rows: %.0f KiB of state, %.0f KiB after %d", commits*rows, state/1024, early/1024, 3*rows)
			if state > 2*early {
				t.Errorf("state has grown from %.0f to %.0f bytes", early, state)
			}
		}
	}
}
