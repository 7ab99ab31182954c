package nexmark

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/internal/nexmark"
	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// Of the events: how many, how many a second of event time, and how far behind the late ones come; delay is the
// watermark's.
const (
	events   = 5000
	rate     = 100
	lateBy   = 700
	delay    = 4 * time.Second
	sideRows = 1200
)

// tables are the columns of the three streams, as both servers have them.
var tables = map[nexmark.Kind]struct{ name, columns string }{
	nexmark.Person:  {"person", "id bigint, name varchar, email_address varchar, credit_card varchar, city varchar, state varchar, date_time timestamp, extra varchar"},
	nexmark.Auction: {"auction", "id bigint, item_name varchar, description varchar, initial_bid bigint, reserve bigint, date_time timestamp, expires timestamp, seller bigint, category bigint, extra varchar"},
	nexmark.Bid:     {"bid", "auction bigint, bidder bigint, price bigint, channel varchar, url varchar, date_time timestamp, extra varchar"},
}

// run is two servers with the same events.
type run struct {
	*testing.T
	ctx          context.Context
	rnd          *rand.Rand
	oracle, ours *pgx.Conn
	generator    *nexmark.Generator
	order        []int64          // positions, as they come
	mark         map[string]int64 // watermark of each stream, Unix milliseconds
	compared     int
}

func newRun(t *testing.T) *run {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TRIBUTARY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	g, err := nexmark.New(nexmark.Config{Seed: seed, Rate: rate, OutOfOrderGroup: 64})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{T: t, ctx: t.Context(), rnd: rand.New(rand.NewPCG(seed, 23)), generator: g, oracle: pgoracle.Start(t), mark: map[string]int64{}}
	r.order = r.shuffled()
	return r
}

// shuffled is the order in which events come: some late.
func (r *run) shuffled() []int64 {
	type place struct{ at, event int64 }
	places := make([]place, events)
	for i := range places {
		places[i] = place{int64(i), int64(i)}
		if r.rnd.IntN(30) == 0 {
			places[i].at += r.rnd.Int64N(lateBy)
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return int(a.at - b.at) })
	out := make([]int64, events)
	for i, p := range places {
		out[i] = p.event
	}
	return out
}

func (r *run) exec(c *pgx.Conn, sql string) {
	r.Helper()
	if _, err := c.PgConn().Exec(r.ctx, sql).ReadAll(); err != nil {
		r.Fatalf("%.300s: %v", sql, err)
	}
}

func (r *run) schema() {
	for _, t := range tables {
		r.exec(r.ours, fmt.Sprintf("CREATE STREAM %s (%s, WATERMARK FOR date_time AS date_time - INTERVAL '4 seconds')", t.name, t.columns))
		r.exec(r.oracle, fmt.Sprintf("CREATE TABLE %s (%s, mark timestamp)", t.name, t.columns))
	}
	for _, c := range []*pgx.Conn{r.ours, r.oracle} {
		r.exec(c, "CREATE TABLE side_input (key bigint PRIMARY KEY, value varchar)")
		r.exec(c, fmt.Sprintf("INSERT INTO side_input SELECT i, i::varchar FROM generate_series(0, %d) AS s (i)", sideRows))
	}
}

// send commits the events up to a place, in transactions of many sizes.
func (r *run) send(from, to int) {
	for from < to {
		n := min(to-from, 1+r.rnd.IntN(120))
		rows, newest := map[nexmark.Kind][]string{}, map[nexmark.Kind]int64{}
		for _, position := range r.order[from : from+n] {
			var e nexmark.Event
			r.generator.At(position, &e)
			rows[e.Kind] = append(rows[e.Kind], literals(&e))
			newest[e.Kind] = max(newest[e.Kind], e.Millis)
		}
		for kind, list := range rows {
			t := tables[kind]
			r.exec(r.ours, "INSERT INTO "+t.name+" VALUES ("+strings.Join(list, "), (")+")")
			mark := "'-infinity'"
			if at, ok := r.mark[t.name]; ok {
				mark = instant(at)
			}
			r.exec(r.oracle, "INSERT INTO "+t.name+" VALUES ("+strings.Join(list, ", "+mark+"), (")+", "+mark+")")
			r.mark[t.name] = max(r.mark[t.name], newest[kind]-delay.Milliseconds())
		}
		from += n
	}
}

func instant(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("'2006-01-02 15:04:05.000'")
}

// literals are the values of an event's row.
func literals(e *nexmark.Event) string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	s := func(v []byte) string { return "'" + strings.ReplaceAll(string(v), "'", "''") + "'" }
	at := instant(e.Millis)
	var v []string
	switch e.Kind {
	case nexmark.Person:
		p := &e.Person
		v = []string{n(p.ID), s(p.Name), s(p.EmailAddress), s(p.CreditCard), s(p.City), s(p.State), at, s(p.Extra)}
	case nexmark.Auction:
		a := &e.Auction
		v = []string{n(a.ID), s(a.ItemName), s(a.Description), n(a.InitialBid), n(a.Reserve), at, instant(a.ExpiresMillis), n(a.Seller), n(a.Category), s(a.Extra)}
	default:
		b := &e.Bid
		v = []string{n(b.Auction), n(b.Bidder), n(b.Price), s(b.Channel), s(b.URL), at, s(b.Extra)}
	}
	return strings.Join(v, ", ")
}

func (r *run) rows(c *pgx.Conn, sql string) []string {
	r.Helper()
	out, err := harness.Rows(r.ctx, c, sql)
	if err != nil {
		r.Fatalf("%.300s: %v", sql, err)
	}
	slices.Sort(out)
	return out
}

func (r *run) same(what string, got, want []string) {
	r.Helper()
	r.compared++
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			r.Errorf("%s: %d rows, want %d; from row %d on\ngot  %q\nwant %q", what, len(got), len(want), i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
			return
		}
	}
}

// TestQueries: every query is PostgreSQL's answer over the same events: as a view that was there before the first and
// went through a kill, as one made after the last, and as a SELECT. Windows that are emitted once hold what was not late.
func TestQueries(t *testing.T) {
	r := newRun(t)
	dir := t.TempDir()
	flags := []string{"--checkpoint-interval=200ms"}
	if r.rnd.IntN(2) == 0 {
		flags = []string{"--checkpoint-interval=0"}
	}
	s := harness.Start(t, dir, flags...)
	r.ours = s.Connect(t)
	r.schema()
	r.create("before")
	for _, q := range closed {
		r.exec(r.ours, "CREATE MATERIALIZED VIEW closed_"+q.Name+" AS "+q.Text+" EMIT ON WINDOW CLOSE")
	}
	cut := events/4 + r.rnd.IntN(events/2)
	r.send(0, cut)
	s.Kill()
	s = harness.Start(t, dir, flags...)
	r.ours = s.Connect(t)
	r.send(cut, events)
	r.create("after")
	r.exec(r.oracle, "CREATE TABLE finally (at timestamp); INSERT INTO finally VALUES ("+instant(r.mark["bid"])+")")

	for _, q := range nexmark.Queries {
		asked := q.PostgreSQL
		if asked == "" {
			asked = q.Text
		}
		want := r.rows(r.oracle, asked)
		if len(want) == 0 {
			t.Errorf("%s has no rows", q.Name)
		}
		r.same(q.Name+" as SELECT", r.rows(r.ours, q.Text), want)
		for _, when := range []string{"before", "after"} {
			r.same("the view of "+q.Name+" made "+when, r.rows(r.ours, "SELECT * FROM "+when+"_"+q.Name), want)
		}
	}
	r.same("the view of q12", r.rows(r.ours, "SELECT * FROM before_q12"), r.rows(r.ours, nexmark.Q12))
	r.same("all of q12", r.rows(r.ours, "SELECT sum(bid_count) FROM after_q12"), r.rows(r.oracle, "SELECT count(*) FROM bid"))
	for _, q := range closed {
		want := r.rows(r.oracle, q.PostgreSQL)
		if len(want) == 0 {
			t.Errorf("%s has no rows", q.Name)
		}
		r.same(q.Name+" on close", r.rows(r.ours, "SELECT * FROM closed_"+q.Name), want)
	}
	t.Logf("%d answers compared, killed after %d of %d events, %s", r.compared, cut, events, flags[0])
}

// create makes the views of all queries.
func (r *run) create(when string) {
	for _, q := range nexmark.Queries {
		r.exec(r.ours, "CREATE MATERIALIZED VIEW "+when+"_"+q.Name+" AS "+q.Text)
	}
	r.exec(r.ours, "CREATE MATERIALIZED VIEW "+when+"_q12 AS "+nexmark.Q12)
}
