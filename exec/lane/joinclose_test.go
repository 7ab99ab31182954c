package lane_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/storage/log"
)

// onTime are the records of a stream that are not late, in seconds, and the watermark behind them all at a time.
func onTime(mark *exectest.EventTime, times []time.Time, records [][]timed, lateness int64, now time.Time) (kept []int64, late int, watermark int64) {
	const second = 1_000_000
	for i, commit := range records {
		c := exectest.Commit{Time: times[i].UnixMicro()}
		mark.Pass(c.Time)
		for _, rec := range commit {
			at, err := strconv.ParseInt(rec.seconds, 10, 64)
			if err != nil {
				continue
			}
			c.Records = append(c.Records, exectest.Instant{Partition: rec.partition, At: at * second})
			if mark.Now < 0 || at*second >= mark.Now-lateness*second {
				kept = append(kept, at)
			} else {
				late++
			}
		}
		mark.Take(c)
	}
	mark.Pass(now.UnixMicro())
	return kept, late, mark.Now/second - lateness
}

// TestJoinsCloseRandomly: over random commits in two streams of several partitions, with pauses, restarts and checkpoints, joins
// with EMIT ON WINDOW CLOSE hold the pairs of the records that were on time, and windows over them come when both watermarks have
// passed what could still meet; so do views made after all of it, and a SELECT.
func TestJoinsCloseRandomly(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { joinsClose(t, seed) })
	}
}

func joinsClose(t *testing.T, seed uint64) {
	r := seeded(t, seed)
	d := newDatabase(t)
	d.timeTick = 5 * time.Millisecond
	d.restart()
	partitions, delay := int32(1+r.IntN(3)), r.Int64N(15)
	idle := []time.Duration{5 * time.Millisecond, time.Hour}[r.IntN(2)]
	for _, name := range []string{"ea", "eb"} {
		d.execf(`CREATE STREAM %s (s text, k int, at timestamptz, WATERMARK FOR at AS at - INTERVAL '%d seconds')
			WITH (partitions = %d, idle_timeout = '%d microseconds')`, name, delay, partitions, idle.Microseconds())
	}
	const near = `FROM ea x JOIN eb y ON x.k = y.k AND y.at BETWEEN x.at - INTERVAL '5 seconds' AND x.at + INTERVAL '20 seconds'`
	queries := map[string]string{
		"pairs":   `SELECT x.s::int8 AS a, y.s::int8 AS b ` + near,
		"windows": `SELECT extract(epoch FROM TUMBLE_START(x.at, INTERVAL '20 seconds'))::int8 AS w, count(*) AS n ` + near + ` GROUP BY TUMBLE(x.at, INTERVAL '20 seconds')`,
		"same": `SELECT extract(epoch FROM x.window_start)::int8 AS w, count(*) AS n FROM TUMBLE(ea, at, INTERVAL '20 seconds') x
			JOIN TUMBLE(eb, at, INTERVAL '20 seconds') y ON x.k = y.k AND x.window_start = y.window_start GROUP BY x.window_start`,
	}
	create := func(name, query string, lateness int64) {
		d.execf(`CREATE MATERIALIZED VIEW %s WITH (allowed_lateness = '%d seconds') AS %s EMIT ON WINDOW CLOSE`, name, lateness, query)
	}
	for name, query := range queries {
		create(name, query, 0)
	}
	create("windows_10", queries["windows"], 10)
	base := int64(1_000_000_000)
	for range 60 {
		values := map[int32][]string{}
		for range r.IntN(6) {
			base += r.Int64N(6)
			at := base + r.Int64N(60) - 30
			p := r.Int32N(partitions)
			values[p] = append(values[p], fmt.Sprintf(`{"s":"%d", "k":%d, "at":"%s"}`, at, at%3, time.Unix(at, 0).UTC().Format(time.RFC3339)))
		}
		d.produceTo([]string{"ea", "eb"}[r.IntN(2)], values)
		switch r.IntN(15) {
		case 0:
			d.checkpoint()
		case 1:
			d.cut = r.Int64N(5)
			d.restart()
		case 2:
			d.exec(`SELECT count(*) FROM pairs`)
		}
	}
	create("later", queries["windows"], 0)
	timesA, recordsA := d.commits("ea")
	timesB, recordsB := d.commits("eb")
	expect := func(name string, lateness int64, now time.Time) (rows []string, left int) {
		mark := func() *exectest.EventTime {
			return exectest.NewEventTime(delay*1_000_000, idle.Microseconds(), 0, int(partitions))
		}
		as, lateA, markA := onTime(mark(), timesA, recordsA, lateness, now)
		bs, lateB, markB := onTime(mark(), timesB, recordsB, lateness, now)
		counts := map[int64]int{}
		for _, a := range as {
			for _, b := range bs {
				switch {
				case a%3 != b%3:
				case name == "same" && a/20 == b/20 || name != "same" && b >= a-5 && b <= a+20:
					rows = append(rows, fmt.Sprintf("%d|%d", a, b))
					counts[a/20*20]++
				}
			}
		}
		if name != "pairs" {
			rows = nil
			for w, n := range counts {
				if end := w + 20; name == "same" && end <= min(markA, markB) || name != "same" && end+20 <= min(markA, markB) {
					rows = append(rows, fmt.Sprintf("%d|%d", w, n))
				}
			}
		}
		slices.Sort(rows)
		return rows, lateA + lateB
	}
	check := func(name, rule string, lateness int64) {
		t.Helper()
		var got, want, again []string
		left := 0
		for v := log.CommitSeq(0); v != d.newest(); { // a time tick may come
			v = d.newest()
			got = d.exec(`SELECT * FROM ` + name)
			if again = got; lateness == 0 {
				again = d.exec(queries[rule] + ` EMIT ON WINDOW CLOSE`)
			}
			want, left = expect(rule, lateness, d.log.CommitTime(v))
		}
		same(t, name, got, want)
		same(t, "SELECT of "+name, again, want)
		same(t, name+"_errors", d.execf(`SELECT count(*) FROM %s_errors WHERE reason = 'late'`, name), []string{fmt.Sprint(left)})
		t.Logf("%s: %d rows, %d late", name, len(want), left)
	}
	for _, without := range []bool{false, true} {
		check("pairs", "pairs", 0)
		check("windows", "windows", 0)
		check("same", "same", 0)
		check("windows_10", "windows", 10)
		check("later", "windows", 0)
		d.without = without
		d.restart()
	}
}

// TestJoinStateIsFreed: what a join of two streams keeps whose pairs lie near each other does not grow with what went through it.
func TestJoinStateIsFreed(t *testing.T) {
	d := newDatabase(t)
	for _, name := range []string{"ea", "eb"} {
		d.execf(`CREATE STREAM %s (k int, v text, at timestamptz, WATERMARK FOR at AS at)`, name)
	}
	const query = `SELECT TUMBLE_START(x.at, INTERVAL '1 minute') AS w, count(*) AS n FROM ea x JOIN eb y ON x.k = y.k AND y.at BETWEEN x.at AND x.at + INTERVAL '1 minute'
		GROUP BY TUMBLE(x.at, INTERVAL '1 minute')`
	d.exec(`CREATE MATERIALIZED VIEW freed AS ` + query + ` EMIT ON WINDOW CLOSE`)
	d.exec(`CREATE MATERIALIZED VIEW kept AS ` + query)
	rng := rand.New(rand.NewPCG(1, 1))
	used := func(name string) int64 {
		d.settle(name)
		return d.status(name).StateBytes
	}
	var early int64
	const rounds = 40
	for round := range rounds {
		for _, name := range []string{"ea", "eb"} {
			var values []string
			for i := range 500 {
				at := time.Unix(1_000_000_000+int64(round*60+i/9), 0).UTC().Format(time.RFC3339)
				values = append(values, fmt.Sprintf(`{"k":%d,"v":"%s","at":"%s"}`, rng.IntN(200), strings.Repeat("x", 20), at))
			}
			d.produce(name, values...)
		}
		if round == rounds/4 {
			early = used("freed")
		}
	}
	late, all := used("freed"), used("kept")
	t.Logf("%d bytes after a quarter, %d at the end; %d where nothing is freed", early, late, all)
	if late > 2*early || all < 3*late {
		t.Errorf("%d bytes after a quarter of the records, %d after all; %d where nothing is freed", early, late, all)
	}
	got := d.exec(`SELECT w, n FROM freed`)
	if len(got) < rounds-4 {
		t.Fatalf("%d windows", len(got))
	}
	whole := d.exec(`SELECT w, n FROM kept`)
	for _, row := range got {
		if _, there := slices.BinarySearch(whole, row); !there {
			t.Fatalf("%s is not what all records give", row)
		}
	}
}
