package tpch

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

	"github.com/tributary-db/tributary/internal/tpch"
	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// run is two servers with the same tables.
type run struct {
	*testing.T
	ctx          context.Context
	oracle, ours *pgx.Conn
	data         data
	live         []int // keys of the orders that there are
	next         int
	compared     int
}

func (r *run) both(sql string) {
	r.Helper()
	for _, c := range []*pgx.Conn{r.oracle, r.ours} {
		if _, err := c.PgConn().Exec(r.ctx, sql).ReadAll(); err != nil {
			r.Fatalf("%.200s: %v", sql, err)
		}
	}
}

func (r *run) here(sql string) {
	r.Helper()
	if _, err := r.ours.PgConn().Exec(r.ctx, sql).ReadAll(); err != nil {
		r.Fatalf("%.200s: %v", sql, err)
	}
}

// TestQueries: every query is PostgreSQL's answer, as SELECT and as a view that was there before the
// first row, while orders come, go and change.
func TestQueries(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TRIBUTARY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	r := &run{T: t, ctx: t.Context(), oracle: pgoracle.Start(t), data: data{rand.New(rand.NewPCG(seed, 22))}, next: 1}
	r.ours = harness.Start(t, t.TempDir(), "--shards=5", "--min-shard-rows=1").Connect(t)
	for _, sql := range tpch.Schema {
		r.both(sql)
	}
	for i, q := range queries {
		r.here(fmt.Sprintf("CREATE MATERIALIZED VIEW v%d AS %s", i+1, q))
	}
	for _, sql := range r.data.fixed() {
		r.both(sql)
	}
	r.insert(orders)
	r.compare(true)
	r.joins(60)
	for range 2 {
		r.delete(60)
		r.change()
		r.insert(40)
		r.compare(false)
		r.joins(10)
	}
	r.both("DELETE FROM lineitem")
	r.both("DELETE FROM orders")
	r.live = nil
	r.compare(false)
	r.insert(100)
	r.compare(false)
	t.Logf("%d answers compared", r.compared)
}

func (r *run) insert(n int) {
	var os, ls []string
	for range n {
		o, lines := r.data.order(r.next)
		os, ls = append(os, o), append(ls, lines...)
		r.live = append(r.live, r.next)
		r.next++
	}
	r.both(insert("orders", os))
	r.both(insert("lineitem", ls))
}

func (r *run) delete(n int) {
	var keys []string
	for range min(n, len(r.live)) {
		i := r.data.IntN(len(r.live))
		keys = append(keys, fmt.Sprint(r.live[i]))
		r.live = slices.Delete(r.live, i, i+1)
	}
	in := " IN (" + strings.Join(keys, ", ") + ")"
	r.both("DELETE FROM lineitem WHERE l_orderkey" + in)
	r.both("DELETE FROM orders WHERE o_orderkey" + in)
}

// change updates what queries decide by.
func (r *run) change() {
	r.both(fmt.Sprintf("UPDATE supplier SET s_comment = 'Customer of Complaints' WHERE s_suppkey %% 7 = %d", r.data.IntN(7)))
	r.both(fmt.Sprintf("UPDATE supplier SET s_comment = 'none' WHERE s_suppkey %% 7 = %d", r.data.IntN(7)))
	r.both(fmt.Sprintf("UPDATE partsupp SET ps_supplycost = ps_supplycost + %d WHERE ps_partkey %% 5 = %d", r.data.IntN(9)-4, r.data.IntN(5)))
	r.both(fmt.Sprintf("UPDATE lineitem SET l_suppkey = (l_suppkey + 4) %% 20 + 1, l_receiptdate = l_receiptdate + %d WHERE l_partkey %% 9 = %d", r.data.IntN(30)-15, r.data.IntN(9)))
	r.both(fmt.Sprintf("UPDATE customer SET c_acctbal = -c_acctbal WHERE c_custkey %% 11 = %d", r.data.IntN(11)))
	r.both(fmt.Sprintf("UPDATE orders SET o_comment = 'special requests' WHERE o_orderkey %% 13 = %d", r.data.IntN(13)))
}

// fewEmpty is how many of the queries may have no rows at first: by chance one or two of the narrow ones have none.
const fewEmpty = 3

// compare holds all answers beside PostgreSQL's; at first nearly each query has rows.
func (r *run) compare(first bool) {
	r.Helper()
	empty := 0
	for i, q := range queries {
		want := r.asked(q)
		if first && (len(want) == 0 || len(want) == 1 && want[0] == "NULL") {
			empty++
		}
		for _, shards := range []int{1, 5} {
			r.here(fmt.Sprintf("SET shards = %d", shards))
			r.same(fmt.Sprintf("Q%d on %d shards", i+1, shards), q, want)
		}
		sorted := slices.Sorted(slices.Values(want))
		r.same(fmt.Sprintf("the view of Q%d", i+1), fmt.Sprintf("SELECT * FROM v%d", i+1), sorted)
	}
	if empty > fewEmpty {
		r.Errorf("%d queries have no rows", empty)
	}
}

// asked is PostgreSQL's answer.
func (r *run) asked(sql string) []string {
	r.Helper()
	want, err := harness.Rows(r.ctx, r.oracle, sql)
	if err != nil {
		r.Fatalf("PostgreSQL: %s: %v", sql, err)
	}
	return want
}

func (r *run) same(what, sql string, want []string) {
	r.Helper()
	got, err := harness.Rows(r.ctx, r.ours, sql)
	if strings.HasPrefix(what, "the view") {
		slices.Sort(got)
	}
	r.compared++
	if err != nil || !slices.Equal(got, want) {
		r.Fatalf("%s: %v\ngot\n %s\nwant\n %s", what, err, strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}
