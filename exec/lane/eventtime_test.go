package lane_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// produceTo appends JSON records to partitions of a topic, one commit.
func (d *database) produceTo(topic string, values map[int32][]string) {
	d.t.Helper()
	id, ok := d.log.TopicByName(topic)
	if !ok {
		d.t.Fatalf("no topic %s", topic)
	}
	entry := &log.Entry{}
	for p := range id.Partitions {
		if len(values[p]) == 0 {
			continue
		}
		b := recordbatch.NewBuilder(64 << 20)
		for _, v := range values[p] {
			if err := b.Add(nil, []byte(v), nil, 1000); err != nil {
				d.t.Fatal(err)
			}
		}
		entry.Appends = append(entry.Appends, log.Append{Partition: log.Partition{Topic: id.ID, Index: p}, RecordBatches: b.AppendTo(nil)})
	}
	if len(entry.Appends) > 0 {
		logtest.Append(d.t, d.log, entry)
	}
}

// timed is a record as the log has it.
type timed struct {
	partition int32
	offset    int64
	seconds   string // of its time: a number, "null" or an infinity
}

// commits reads a topic by commit.
func (d *database) commits(topic string) (times []time.Time, records [][]timed) {
	d.t.Helper()
	id, _ := d.log.TopicByName(topic)
	ctx := context.Background()
	newest, err := d.log.Newest(ctx, true)
	if err != nil {
		d.t.Fatal(err)
	}
	changes, err := d.log.Changes(ctx, 0, newest, log.Filter{Topics: []log.TopicFilter{{Topic: id.ID}}})
	if err != nil {
		d.t.Fatal(err)
	}
	defer changes.Close()
	var reader recordbatch.Reader
	defer reader.Release()
	var res log.ChangeResult
	last := log.CommitSeq(0)
	for more := true; more; {
		res.Runs = res.Runs[:0]
		if more, err = changes.Next(ctx, log.Budget{MaxBytes: 1 << 20}, &res); err != nil {
			d.t.Fatal(err)
		}
		for _, run := range res.Runs {
			if run.VisibleAt != last {
				last = run.VisibleAt
				times, records = append(times, run.CommitTime), append(records, nil)
			}
			if err := reader.Reset(run.RecordBatch, 1<<20); err != nil {
				d.t.Fatal(err)
			}
			for reader.Next() {
				_, at, _ := strings.Cut(string(reader.Record().Value), `"s":`)
				at, _, _ = strings.Cut(at, ",")
				records[len(records)-1] = append(records[len(records)-1], timed{run.Partition.Index, reader.Record().Offset, strings.Trim(at, `"`)})
			}
		}
	}
	return times, records
}

// windowRule is a view with EMIT ON WINDOW CLOSE over the stream of the test, in seconds.
type windowRule struct {
	name                  string
	size, slide, lateness int64
}

func (r windowRule) create() string {
	window := fmt.Sprintf(`TUMBLE(at, INTERVAL '%d seconds')`, r.size)
	start := fmt.Sprintf(`TUMBLE_START(at, INTERVAL '%d seconds')`, r.size)
	if r.slide != r.size {
		window = fmt.Sprintf(`HOP(at, INTERVAL '%d seconds', INTERVAL '%d seconds')`, r.slide, r.size)
		start = fmt.Sprintf(`HOP_START(at, INTERVAL '%d seconds', INTERVAL '%d seconds')`, r.slide, r.size)
	}
	return fmt.Sprintf(`CREATE MATERIALIZED VIEW %s WITH (allowed_lateness = '%d seconds') AS
		SELECT extract(epoch FROM %s)::int8 AS w, count(*) AS n FROM ev GROUP BY %s EMIT ON WINDOW CLOSE`, r.name, r.lateness, start, window)
}

// expect computes the rows of the view at a time by the definition: SELECT over the rows that are not late, of
// the windows that are closed. left are the records that were left out.
func (r windowRule) expect(mark *exectest.EventTime, times []time.Time, records [][]timed, now time.Time) (rows, left []string, late, noTime uint64) {
	const second = 1_000_000
	counts := map[int64]int64{}
	shut := func(start int64) bool { return (start+r.size+r.lateness)*second <= mark.Now }
	for i, commit := range records {
		c := exectest.Commit{Time: times[i].UnixMicro()}
		mark.Pass(c.Time)
		for _, rec := range commit {
			at, err := strconv.ParseInt(rec.seconds, 10, 64)
			if err != nil {
				noTime++
				left = append(left, fmt.Sprintf("no_time|%d|%d", rec.partition, rec.offset))
				continue
			}
			c.Records = append(c.Records, exectest.Instant{Partition: rec.partition, At: at * second})
			taken := false
			for start := at / r.slide * r.slide; start > at-r.size; start -= r.slide {
				if !shut(start) {
					counts[start]++
					taken = true
				}
			}
			if !taken {
				late++
				left = append(left, fmt.Sprintf("late|%d|%d", rec.partition, rec.offset))
			}
		}
		mark.Take(c)
	}
	mark.Pass(now.UnixMicro())
	for start, n := range counts {
		if shut(start) {
			rows = append(rows, fmt.Sprintf("%d|%d", start, n))
		}
	}
	slices.Sort(rows)
	slices.Sort(left)
	return rows, left, late, noTime
}

// TestClosedWindowsRandomly: over random commits in several partitions, with pauses, jumps, records
// without a finite time, restarts and checkpoints, views that wait hold what their definition says,
// also one that is made after all of it.
func TestClosedWindowsRandomly(t *testing.T) {
	rules := []windowRule{{"w_tumble", 20, 20, 0}, {"w_hop", 30, 10, 0}, {"w_open", 20, 20, 25}}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { closedWindows(t, seed, rules) })
	}
}

func closedWindows(t *testing.T, seed uint64, rules []windowRule) {
	r := rand.New(rand.NewPCG(seed, 3))
	d := newDatabase(t)
	partitions := int32(1 + r.IntN(4))
	idle := []time.Duration{0, time.Millisecond, 5 * time.Millisecond, time.Hour}[r.IntN(4)]
	delay := r.Int64N(20)
	jump := []int64{0, 40}[r.IntN(2)]
	d.execf(`CREATE STREAM ev (s text, at timestamptz, WATERMARK FOR at AS at - INTERVAL '%d seconds')
		WITH (partitions = %d, idle_timeout = '%d microseconds', watermark_max_jump = '%d seconds')`, delay, partitions, idle.Microseconds(), jump)
	for _, rule := range rules {
		d.exec(rule.create())
	}
	base := int64(1_000_000_000)
	for range 60 {
		values := map[int32][]string{}
		for range r.IntN(6) {
			base += r.Int64N(8)
			at, text := base+r.Int64N(60)-30, ""
			switch r.IntN(20) {
			case 0:
				text = `{"s":"null", "at":null}`
			case 1:
				text = []string{`{"s":"inf", "at":"infinity"}`, `{"s":"-inf", "at":"-infinity"}`}[r.IntN(2)]
			case 2:
				at += r.Int64N(500)
			}
			if text == "" {
				text = fmt.Sprintf(`{"s":"%d", "at":"%s"}`, at, time.Unix(at, 0).UTC().Format(time.RFC3339))
			}
			p := r.Int32N(partitions)
			values[p] = append(values[p], text)
		}
		d.produceTo("ev", values)
		switch r.IntN(15) {
		case 0:
			d.checkpoint()
		case 1:
			d.cut = r.Int64N(5)
			d.restart()
		case 2:
			d.exec(`SELECT count(*) FROM w_hop`)
		}
	}
	d.exec(strings.Replace(rules[0].create(), "w_tumble", "w_later", 1))
	times, records := d.commits("ev")
	counted, blank := uint64(0), uint64(0) // over all views
	check := func(name string, rule windowRule) {
		t.Helper()
		var got, want, left []string
		var late, noTime uint64
		for v := log.CommitSeq(0); v != d.newest(); { // a time tick may come
			v = d.newest()
			got = d.execf(`SELECT w, n FROM %s`, name)
			mark := exectest.NewEventTime(delay*1_000_000, idle.Microseconds(), jump*1_000_000, int(partitions))
			want, left, late, noTime = rule.expect(mark, times, records, d.log.CommitTime(v))
		}
		same(t, name, got, want)
		same(t, name+"_errors", d.execf(`SELECT reason, _partition, _offset FROM %s_errors`, name), left)
		odd := `sqlstate IS NOT NULL OR message IS NULL OR count <> 1 OR topic <> 'ev' OR position('"s":' IN convert_from(value, 'UTF8')) = 0`
		same(t, name+"_errors", d.execf(`SELECT count(*) FROM %s_errors WHERE %s`, name, odd), []string{"0"})
		counted, blank = counted+late, blank+noTime
		t.Logf("%s: %d windows, %d late, %d without time", name, len(want), late, noTime)
	}
	for _, without := range []bool{false, true} {
		counted, blank = 0, 0
		for _, rule := range rules {
			check(rule.name, rule)
		}
		check("w_later", rules[0])
		if late, noTime := d.leftOut(); late != counted || noTime != blank {
			t.Fatalf("%d records are counted as late, %d without time, want %d and %d", late, noTime, counted, blank)
		}
		d.without = without
		d.restart()
	}
}

// TestTimeClosesWindows: where a partition says nothing more, its idle timeout closes the windows that the others have passed,
// with no new records; no later than that a record is judged by it, whenever somebody looked. A restart changes nothing.
func TestTimeClosesWindows(t *testing.T) {
	d := newDatabase(t)
	d.timeTick = 10 * time.Millisecond
	d.restart()
	d.exec(`CREATE STREAM e (s text, at timestamptz, WATERMARK FOR at AS at) WITH (partitions = 3, idle_timeout = '1 minute')`)
	create := `CREATE MATERIALIZED VIEW %s AS SELECT extract(epoch FROM TUMBLE_START(at, INTERVAL '10 seconds'))::int8 AS w, count(*) AS n FROM e
		GROUP BY TUMBLE(at, INTERVAL '10 seconds') EMIT ON WINDOW CLOSE`
	d.execf(create, "w")
	d.exec(`CREATE SINK out TO TOPIC 'out' AS SELECT extract(epoch FROM TUMBLE_START(at, INTERVAL '10 seconds'))::int8 AS w, count(*) AS n FROM e
		GROUP BY TUMBLE(at, INTERVAL '10 seconds') EMIT ON WINDOW CLOSE`)
	record := func(second int) string {
		return fmt.Sprintf(`{"s":"%d","at":"%s"}`, second, time.Unix(int64(second), 0).UTC().Format(time.RFC3339))
	}
	closed := func(what string, want ...string) {
		t.Helper()
		var got []string
		for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
			if got = d.exec(`SELECT w, n FROM w`); slices.Equal(got, want) {
				break
			}
		}
		same(t, what, got, want)
	}
	d.produceTo("e", map[int32][]string{0: {record(105), record(112)}, 1: {record(101)}})
	d.logClock.by.Add(int64(time.Second)) // one commit after the other also by their times
	d.produceTo("e", map[int32][]string{0: {record(125)}})
	closed("while all partitions hold")
	d.logClock.by.Add(int64(61 * time.Second))
	closed("when those that say nothing are idle", "100|2", "110|1")
	for range 2 {
		d.restart()
		closed("after a restart", "100|2", "110|1")
	}
	d.produceTo("e", map[int32][]string{1: {record(115), record(126)}, 2: {record(121)}})
	d.settle("out")
	same(t, "late", d.exec(`SELECT reason, convert_from(value, 'UTF8')::jsonb ->> 's' FROM w_errors`), []string{"late|115"})
	d.logClock.by.Add(int64(30 * time.Second))
	d.produceTo("e", map[int32][]string{0: {record(141)}, 1: {record(142)}})
	closed("while all hold again", "100|2", "110|1")
	d.logClock.by.Add(int64(31 * time.Second))
	closed("when the third is idle", "100|2", "110|1", "120|3")
	d.execf(create, "later")
	same(t, "a view made later", d.exec(`SELECT w, n FROM later`), []string{"100|2", "110|1", "120|3"})
	d.without = true
	d.restart()
	closed("built from the log", "100|2", "110|1", "120|3")
	d.settle("out")
	same(t, "what was put out", d.records("out"), []string{`={"w":100,"n":2}`, `={"w":110,"n":1}`, `={"w":120,"n":3}`})
	ticks := d.runtime.Stats().TimeTicks
	d.logClock.by.Add(int64(time.Hour))
	time.Sleep(150 * time.Millisecond)
	if more := d.runtime.Stats().TimeTicks - ticks; more > 2 {
		t.Errorf("%d time ticks of a stream that is silent as a whole", more)
	}
}

// TestConnectorIsNotLate: the events of a generator are in order, and none is late, whichever
// partitions they go to.
func TestConnectorIsNotLate(t *testing.T) {
	d := newDatabase(t)
	const events = 20_000
	d.execf(`CREATE STREAM bid (auction int8, price int8, date_time timestamp, WATERMARK FOR date_time AS date_time)
		WITH (connector = 'nexmark', table = 'bid', rate = 200000, events = %d, partitions = 4, base_time = '2024-01-01')`, events)
	d.exec(`CREATE MATERIALIZED VIEW w AS SELECT TUMBLE_START(date_time, INTERVAL '10 milliseconds') AS s, count(*) AS n
		FROM bid GROUP BY TUMBLE(date_time, INTERVAL '10 milliseconds') EMIT ON WINDOW CLOSE`)
	rel, _ := d.catalog.Now().Relation("", "bid", []string{"public"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	filter := log.Filter{Topics: []log.TopicFilter{{Topic: rel.Topic}}}
	for n, at := int64(0), log.CommitSeq(0); n < events; _, n = d.log.Progress(connector.ProgressName(rel.OID)) {
		var err error
		if at, err = d.log.Wait(ctx, filter, at); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "behind the watermark", d.exec(`SELECT count(*) FROM bid_errors`), []string{"0"})
	same(t, "late", d.exec(`SELECT count(*) > 5 FROM w`), []string{"t"})
	want := d.exec(`SELECT TUMBLE_START(date_time, INTERVAL '10 milliseconds') AS s, count(*) AS n FROM bid GROUP BY 1`)
	for _, row := range d.exec(`SELECT s, n FROM w`) {
		if !slices.Contains(want, row) {
			t.Errorf("window %s is not what the stream has", row)
		}
	}
	if late, _ := d.leftOut(); late != 0 {
		t.Errorf("%d records are late", late)
	}
}

// TestFirstUploadIsNotLate: one producer sends ordered records to each of three partitions; no
// window loses any.
func TestFirstUploadIsNotLate(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM e1 (k text, v int, at timestamp, WATERMARK FOR at AS at - INTERVAL '10 seconds')
		WITH (topic='e1', format='json', partitions=3)`)
	d.exec(`CREATE MATERIALIZED VIEW w AS SELECT TUMBLE_START(at, INTERVAL '1 minute') AS s, count(*) AS n FROM e1
		GROUP BY TUMBLE(at, INTERVAL '1 minute') EMIT ON WINDOW CLOSE`)
	for p := range int32(3) {
		var values []string
		for i := range 15 {
			values = append(values, fmt.Sprintf(`{"k":"a","v":%d,"at":"2024-01-01 10:%02d:%02d"}`, i, i/3, i%3*20))
		}
		d.produceTo("e1", map[int32][]string{p: values})
	}
	same(t, "closed", d.exec(`SELECT s, n FROM w`), []string{
		"2024-01-01 10:00:00|9", "2024-01-01 10:01:00|9", "2024-01-01 10:02:00|9", "2024-01-01 10:03:00|9"})
	same(t, "late", d.exec(`SELECT count(*) FROM e1_errors`), []string{"0"})
	if late, _ := d.leftOut(); late != 0 {
		t.Errorf("%d records are late", late)
	}
}

// TestInfiniteTimes: they are no event times and do not move the watermark.
func TestInfiniteTimes(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM e (k text, at timestamp, WATERMARK FOR at AS at)`)
	d.exec(`CREATE MATERIALIZED VIEW w AS SELECT TUMBLE_START(at, INTERVAL '1 minute') AS s, count(*) AS n FROM e
		GROUP BY TUMBLE(at, INTERVAL '1 minute') EMIT ON WINDOW CLOSE`)
	d.exec(`INSERT INTO e VALUES ('a', '-infinity')`)
	d.exec(`INSERT INTO e VALUES ('b', '2024-01-01 10:00:10')`)
	d.exec(`INSERT INTO e VALUES ('c', 'infinity')`)
	d.exec(`INSERT INTO e VALUES ('d', '2024-01-01 10:00:20')`)
	d.exec(`INSERT INTO e VALUES ('e', '2024-01-01 10:01:00')`)
	d.exec(`INSERT INTO e VALUES ('f', '2024-01-01 10:00:59')`)
	same(t, "closed", d.exec(`SELECT s, n FROM w`), []string{"2024-01-01 10:00:00|2"})
	same(t, "reasons", d.exec(`SELECT reason, count(*) FROM e_errors GROUP BY reason`), []string{"late|1", "no_time|2"})
	same(t, "rows", d.exec(`SELECT count(*) FROM e`), []string{"6"})
}

// TestMaxJump: a record too far ahead is kept and told, and closes no window.
func TestMaxJump(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM e (k text, at timestamp, WATERMARK FOR at AS at) WITH (watermark_max_jump = '1 hour')`)
	d.exec(`CREATE MATERIALIZED VIEW w AS SELECT TUMBLE_START(at, INTERVAL '1 minute') AS s, count(*) AS n FROM e
		GROUP BY TUMBLE(at, INTERVAL '1 minute') EMIT ON WINDOW CLOSE`)
	d.exec(`INSERT INTO e VALUES ('a', '2024-01-01 10:00:00')`)
	d.exec(`INSERT INTO e VALUES ('wrong clock', '2099-01-01 10:00:00')`)
	d.exec(`INSERT INTO e VALUES ('b', '2024-01-01 10:00:30')`)
	d.exec(`INSERT INTO e VALUES ('c', '2024-01-01 10:59:00')`)
	d.restart()
	d.exec(`INSERT INTO e VALUES ('d', '2024-01-01 11:00:00')`)
	same(t, "closed", d.exec(`SELECT s, n FROM w`), []string{"2024-01-01 10:00:00|2", "2024-01-01 10:59:00|1"})
	same(t, "errors", d.exec(`SELECT reason, column_name, convert_from(value, 'UTF8') LIKE '%wrong clock%' FROM e_errors`), []string{"ahead|at|t"})
	same(t, "rows", d.exec(`SELECT count(*) FROM e`), []string{"5"})
	if s := d.status("w"); s.Ahead != 1 {
		t.Errorf("%d records are counted as ahead", s.Ahead)
	}
}

// TestIdleTimeoutIsFrozen: the server's setting is only the default of new streams.
func TestIdleTimeoutIsFrozen(t *testing.T) {
	d := newDatabase(t)
	create := `CREATE STREAM %s (at timestamp, WATERMARK FOR at AS at) WITH (partitions = 2%s)`
	d.execf(create, "usual", "")
	d.execf(create, "other", ", idle_timeout = '3 minutes'")
	d.idle = time.Minute
	d.restart()
	d.execf(create, "fresh", "")
	for name, want := range map[string]time.Duration{"usual": time.Hour, "other": 3 * time.Minute, "fresh": time.Minute} {
		rel, _ := d.catalog.Now().Relation("", name, []string{"public"})
		if rel.Watermark.IdleTimeout != want {
			t.Errorf("%s: %v, want %v", name, rel.Watermark.IdleTimeout, want)
		}
	}
	for sql, want := range map[string]string{
		`CREATE STREAM x (at timestamp) WITH (idle_timeout = '1 s')`:                               "needs a watermark",
		`CREATE STREAM x (at timestamp) WITH (watermark_max_jump = '1 s')`:                         "needs a watermark",
		`CREATE STREAM x (at timestamp, WATERMARK FOR at AS at) WITH (idle_timeout = 'soon')`:      "invalid value",
		`CREATE STREAM x (at timestamp, WATERMARK FOR at AS at) WITH (idle_timeout = '-1 s')`:      "invalid value",
		`CREATE STREAM x (at timestamp, WATERMARK FOR at AS at) WITH (idle_timeout = '1 month')`:   "months",
		`CREATE MATERIALIZED VIEW x WITH (allowed_lateness = '1 s') AS SELECT count(*) FROM usual`: "needs EMIT ON WINDOW CLOSE",
		`CREATE SINK x TO TOPIC 'x' WITH (allowed_lateness = '1 s') AS SELECT at FROM usual`:       "needs EMIT ON WINDOW CLOSE",
		`CREATE STREAM x WITH (allowed_lateness = '1 s') AS SELECT at FROM usual`:                  "needs EMIT ON WINDOW CLOSE",
	} {
		if _, err := d.try(sql); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}
