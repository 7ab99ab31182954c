package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

// until asks until a query gives what is wanted, for as long as it may take on a busy machine.
func until(t *testing.T, s *harness.Server, sql string, want ...string) {
	t.Helper()
	var got []string
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if got = s.Query(t, sql); slices.Equal(got, want) {
			return
		}
	}
	t.Fatalf("%s: got %q, want %q", sql, got, want)
}

// quiet fails if the server commits anything within some seconds.
func quiet(t *testing.T, s *harness.Server) {
	t.Helper()
	before := s.Metric(t, "tributary_log_commits_total")
	time.Sleep(3 * time.Second)
	if after := s.Metric(t, "tributary_log_commits_total"); after != before {
		t.Errorf("%v commits of a server that nobody writes to", after-before)
	}
}

// TestRowsLeaveByThemselves: rows leave views, and what is made from these, with no new records; also when the server was
// killed meanwhile. Then nothing more is written.
func TestRowsLeaveByThemselves(t *testing.T) {
	dir, flags := t.TempDir(), append(harness.FixedPorts(t), "--time-tick-interval=100ms")
	s := harness.Start(t, dir, flags...)
	s.Exec(t,
		"CREATE STREAM e (id int, ts timestamptz)",
		"CREATE MATERIALIZED VIEW recent AS SELECT id FROM e WHERE ts > now() - INTERVAL '1 minute'",
		"CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM recent",
		"CREATE MATERIALIZED VIEW passed AS SELECT id FROM e WHERE ts <= now() - INTERVAL '1 minute'",
		"CREATE SINK gone TO TOPIC 'gone' AS SELECT id, count(*) AS n FROM recent GROUP BY id")
	insert := func(id int, left string) {
		s.Exec(t, fmt.Sprintf("INSERT INTO e VALUES (%d, now() - INTERVAL '1 minute' + INTERVAL '%s')", id, left))
	}
	insert(1, "1 hour")
	insert(2, "4 seconds")
	insert(3, "-1 second")
	until(t, s, "SELECT id FROM recent ORDER BY id", "1", "2")
	until(t, s, "SELECT n FROM counted", "1")
	until(t, s, "SELECT id FROM passed ORDER BY id", "2", "3")
	if ticks := s.Metric(t, "tributary_time_ticks_total"); ticks == 0 {
		t.Error("no time tick was made")
	}
	insert(4, "4 seconds")
	until(t, s, "SELECT n FROM counted", "2")
	s.Kill()
	s = harness.Start(t, dir, flags...)
	until(t, s, "SELECT id FROM recent", "1")
	until(t, s, "SELECT id FROM passed ORDER BY id", "2", "3", "4")
	until(t, s, "SELECT n FROM counted", "1")
	time.Sleep(time.Second) // the sink's last output
	quiet(t, s)
}

// TestNoTimeTicksWithoutNeed: a server whose views do not change with time writes nothing while nobody else does, nor does
// one whose views have nothing that is due.
func TestNoTimeTicksWithoutNeed(t *testing.T) {
	s := harness.Start(t, t.TempDir(), "--time-tick-interval=100ms")
	s.Exec(t,
		"CREATE STREAM e (id int, ts timestamptz, WATERMARK FOR ts AS ts - INTERVAL '1 second') WITH (partitions = 2)",
		"CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM e",
		"INSERT INTO e VALUES (1, now())")
	until(t, s, "SELECT n FROM counted", "1")
	quiet(t, s)
	s.Exec(t,
		"CREATE MATERIALIZED VIEW recent AS SELECT id FROM e WHERE ts > now() - INTERVAL '1 hour'",
		"CREATE MATERIALIZED VIEW empty AS SELECT id FROM e WHERE ts < now() - INTERVAL '1 hour' AND id > 1")
	until(t, s, "SELECT id FROM recent", "1")
	quiet(t, s)
	if ticks := s.Metric(t, "tributary_time_ticks_total"); ticks != 0 {
		t.Errorf("%v time ticks", ticks)
	}
}
