package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// ordersSQL is the first example of the documentation, typed into psql as it stands.
const ordersSQL = `
CREATE STREAM orders (order_id VARCHAR, customer_id VARCHAR, amount DECIMAL, order_time TIMESTAMP)
  WITH (topic = 'orders', format = 'json', timestamp_field = 'order_time');
CREATE STREAM high_value_orders AS SELECT * FROM orders WHERE amount > 1000;
CREATE MATERIALIZED VIEW hourly_sales AS
  SELECT TUMBLE_START(order_time, INTERVAL '1 hour') AS window_start, SUM(amount) AS total_sales, COUNT(*) AS order_count
  FROM orders GROUP BY TUMBLE(order_time, INTERVAL '1 hour');
CREATE MATERIALIZED VIEW rolling_avg AS
  SELECT customer_id, AVG(amount) AS avg_amount FROM orders
  GROUP BY customer_id, HOP(order_time, INTERVAL '5 minutes', INTERVAL '1 hour');
CREATE SINK alerts TO TOPIC 'fraud-alerts' AS SELECT * FROM orders WHERE amount > 10000;
`

// order is one record and the row it is.
type order struct {
	id, customer, amount string
	at                   time.Time
}

// randomOrders has amounts of every shape, times in and out of order and on the edges of
// windows, and rows without amount or customer (empty here).
func randomOrders(rng *rand.Rand, count int) []order {
	start := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	out := make([]order, count)
	for i := range out {
		o := order{id: fmt.Sprintf("o%05d", i), customer: fmt.Sprintf("c%d", rng.IntN(9))}
		switch rng.IntN(10) {
		case 0:
			o.amount = fmt.Sprint(rng.IntN(20) * 1000) // the edges of the filters among them
		case 1:
			o.amount = fmt.Sprintf("-%d.%02d", rng.IntN(50), rng.IntN(100))
		case 2:
			o.amount = fmt.Sprintf("%d.%06d", rng.IntN(30000), rng.IntN(1e6))
		default:
			o.amount = fmt.Sprintf("%d.%02d", rng.IntN(15000), rng.IntN(100))
		}
		switch rng.IntN(40) {
		case 0:
			o.amount = ""
		case 1:
			o.customer = ""
		}
		o.at = start.Add(time.Duration(rng.IntN(6*3600)) * time.Second)
		switch rng.IntN(12) {
		case 0:
			o.at = o.at.Truncate(time.Hour)
		case 1:
			o.at = o.at.Add(time.Duration(rng.IntN(1e6)) * time.Microsecond)
		}
		out[i] = o
	}
	return out
}

const pgTime = "2006-01-02 15:04:05.999999"

func (o order) json() string {
	customer, amount := `,"customer_id":"`+o.customer+`"`, o.amount
	if o.customer == "" {
		customer = "" // a missing field is NULL, as null is
	}
	if amount == "" {
		amount = "null"
	}
	return fmt.Sprintf(`{"order_id":%q%s,"amount":%s,"order_time":%q}`, o.id, customer, amount, o.at.Format(pgTime))
}

// csv is the row for PostgreSQL's COPY, where nothing is NULL.
func (o order) csv() string {
	return strings.Join([]string{o.id, o.customer, o.amount, o.at.Format(pgTime)}, ",")
}

// TestOrders: the example as a user meets it, its results compared with PostgreSQL's over the
// same rows.
func TestOrders(t *testing.T) {
	psql, kcat := harness.Tool(t, "psql"), harness.Tool(t, "kcat")
	oracle := pgoracle.Start(t)
	rng := random(t)
	s := harness.Start(t, t.TempDir())
	out := harness.Run(t, ordersSQL, psql, "-X", "-v", "ON_ERROR_STOP=1", s.DSN())
	if want := "CREATE STREAM\nCREATE STREAM\nCREATE MATERIALIZED VIEW\nCREATE MATERIALIZED VIEW\nCREATE SINK\n"; out != want {
		t.Errorf("psql prints %q, want %q", out, want)
	}
	orders := randomOrders(rng, 3000)
	ctx := testContext(t)
	if _, err := oracle.Exec(ctx, "CREATE TABLE orders (order_id varchar, customer_id varchar, amount decimal, order_time timestamp, pos bigserial)"); err != nil {
		t.Fatal(err)
	}
	// In parts, so that the views are updated, not only filled.
	for part := range slices.Chunk(orders, 700) {
		var lines, rows strings.Builder
		for _, o := range part {
			lines.WriteString(o.json() + "\n")
			rows.WriteString(o.csv() + "\n")
		}
		harness.Run(t, lines.String(), kcat, "-b", s.KafkaAddr, "-P", "-t", "orders")
		if _, err := oracle.PgConn().CopyFrom(ctx, strings.NewReader(rows.String()), "COPY orders (order_id, customer_id, amount, order_time) FROM STDIN (FORMAT csv)"); err != nil {
			t.Fatal(err)
		}
		for _, q := range []struct{ ours, theirs string }{
			{"SELECT * FROM hourly_sales ORDER BY window_start",
				"SELECT date_trunc('hour', order_time), sum(amount), count(*) FROM orders GROUP BY 1 ORDER BY 1"},
			{"SELECT customer_id, avg_amount FROM rolling_avg ORDER BY customer_id, avg_amount", `
			 SELECT customer_id, avg(amount) FROM orders,
			   LATERAL generate_series(date_bin('5 minutes', order_time, '1970-01-01') - interval '55 minutes', date_bin('5 minutes', order_time, '1970-01-01'), '5 minutes') AS w
			 GROUP BY customer_id, w ORDER BY 1, 2`},
			{"SELECT order_id, amount FROM high_value_orders ORDER BY order_id", "SELECT order_id, amount FROM orders WHERE amount > 1000 ORDER BY order_id"},
			{"SELECT count(*), sum(amount), min(order_time), max(order_time) FROM orders", "SELECT count(*), sum(amount), min(order_time), max(order_time) FROM orders"},
		} {
			want, err := harness.Rows(ctx, oracle, q.theirs)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, q.ours, s.Query(t, q.ours), want)
		}
	}
	checkAlerts(t, s, kcat, oracle, orders)
	text := harness.Run(t, "SELECT order_count FROM hourly_sales ORDER BY window_start LIMIT 1;", psql, "-X", "-At", s.DSN())
	equal(t, "psql", strings.Fields(text), s.Query(t, "SELECT order_count FROM hourly_sales ORDER BY window_start LIMIT 1"))
}

// checkAlerts reads the sink's topic with kcat: the rows PostgreSQL gives, in order, as its
// row_to_json writes them.
func checkAlerts(t *testing.T, s *harness.Server, kcat string, oracle *pgx.Conn, orders []order) {
	t.Helper()
	want, err := harness.Rows(context.Background(), oracle, "SELECT row_to_json(r) FROM (SELECT order_id, customer_id, amount, order_time FROM orders WHERE amount > 10000 ORDER BY pos) r")
	if err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || len(want) == len(orders) {
		t.Fatalf("%d alerts show nothing", len(want))
	}
	awaitTopic(t, s, "fraud-alerts", fmt.Sprint(len(want)))
	out := harness.Run(t, "", kcat, "-b", s.KafkaAddr, "-C", "-t", "fraud-alerts", "-e", "-q", "-o", "beginning")
	equal(t, "sink", strings.Split(strings.TrimSuffix(out, "\n"), "\n"), want)
}
