package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// introspected makes one object of every kind; each is shown under its name.
var introspected = []struct{ name, create string }{
	{"raw_topic", "CREATE TOPIC raw_topic WITH (partitions = 3, cleanup_policy = 'compact')"},
	{"orders", `CREATE STREAM orders (id text, "select" int, amount numeric(10,2), at timestamptz,
		WATERMARK FOR at AS at - INTERVAL '90.25 seconds') WITH (topic = 'orders-1', format = 'json', partitions = 2, key = 'id')`},
	{"plain", "CREATE STREAM plain (line text) WITH (topic = 'raw_topic', format = 'raw')"},
	{"customers", `CREATE TABLE customers (id int, "Name" varchar(20) DEFAULT 'x' || 'y', n bigint NOT NULL, PRIMARY KEY (id))`},
	{"customers_n", `CREATE UNIQUE INDEX customers_n ON customers (n, "Name")`},
	{"big", "CREATE STREAM big (id, amount) WITH (topic = 'big') AS SELECT id, amount * 2 FROM orders WHERE amount > 1"},
	{"totals", "CREATE MATERIALIZED VIEW totals (who, total) WITH (on_error = 'skip') AS SELECT id, sum(amount) FROM orders GROUP BY id"},
	{"closed", "CREATE MATERIALIZED VIEW closed AS SELECT tumble(at, INTERVAL '1 minute') AS w, count(*) AS n FROM orders GROUP BY 1 EMIT ON WINDOW CLOSE"},
	{"out", "CREATE SINK out TO TOPIC 'out-1' WITH (format = 'json') AS SELECT who, total FROM totals"},
}

// TestShowCreate: what SHOW CREATE prints makes an object elsewhere of which it prints the same.
func TestShowCreate(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	here, there := connect(t, ctx, local(t)), connect(t, ctx, local(t))
	show := func(db *pgx.Conn, name string) (text string) {
		t.Helper()
		var shown string
		if err := db.QueryRow(ctx, "SHOW CREATE "+name).Scan(&shown, &text); err != nil {
			t.Fatalf("SHOW CREATE %s: %v", name, err)
		}
		return text
	}
	for _, o := range introspected {
		if _, err := here.PgConn().Exec(ctx, o.create).ReadAll(); err != nil {
			t.Fatalf("%s: %v", o.create, err)
		}
		text := show(here, o.name)
		if _, err := there.PgConn().Exec(ctx, text).ReadAll(); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if again := show(there, o.name); again != text {
			t.Errorf("%s\nbecame\n%s", text, again)
		}
		describe := func(db *pgx.Conn, how string) (n int) {
			t.Helper()
			res, err := db.PgConn().Exec(ctx, how+o.name).ReadAll()
			if err != nil {
				t.Fatalf("%s%s: %v", how, o.name, err)
			}
			return len(res[0].Rows)
		}
		if n := describe(here, "DESCRIBE "); n == 0 || n != describe(there, "SHOW COLUMNS FROM ") {
			t.Errorf("%s: %d columns described", o.name, n)
		}
	}
	if _, err := here.Exec(ctx, "SHOW CREATE orders_errors"); stateOf(err) != "42809" {
		t.Errorf("an error relation: %v", err)
	}
	if n := len(mustRows(t, ctx, here, "DESCRIBE orders_errors")); n == 0 {
		t.Error("an error relation has no columns")
	}
	if _, err := here.Exec(ctx, "DESCRIBE nothing"); stateOf(err) != "42P01" {
		t.Errorf("nothing: %v", err)
	}
}

func mustRows(t *testing.T, ctx context.Context, db *pgx.Conn, sql string) [][][]byte {
	t.Helper()
	res, err := db.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return res[0].Rows
}
