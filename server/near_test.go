package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestDidYouMean: a name of any kind that is nearly right is answered with the right one, one that
// is not with nothing.
func TestDidYouMean(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, local(t))
	exec := func(sql string) error {
		_, err := db.PgConn().Exec(ctx, sql).ReadAll()
		return err
	}
	for _, o := range introspected {
		if err := exec(o.create); err != nil {
			t.Fatalf("%s: %v", o.create, err)
		}
	}
	for _, c := range []struct{ sql, code, hint string }{
		{"SELECT * FROM ordrs", "42P01", `Perhaps you meant "orders".`},
		{"SELECT * FROM public.ordrs", "42P01", `Perhaps you meant "orders".`},
		{"SELECT * FROM dataflows", "42P01", `Perhaps you meant "tributary.dataflows".`},
		{"SELECT * FROM tributary.dataflow", "42P01", `Perhaps you meant "tributary.dataflows".`},
		{"SELECT * FROM order_errors", "42P01", `Perhaps you meant "orders_errors".`},
		{"WITH recent AS (SELECT 1) SELECT * FROM recnt", "42P01", `Perhaps you meant "recent".`},
		{"SELECT * FROM entirely_different", "42P01", ""},
		{"COPY custmers FROM STDIN", "42P01", `Perhaps you meant "customers".`},
		{"COPY custmers TO STDOUT", "42P01", `Perhaps you meant "customers".`},
		{"INSERT INTO custmers VALUES (1)", "42P01", `Perhaps you meant "customers".`},
		{"SUBSCRIBE TO totls", "42P01", `Perhaps you meant "totals".`},
		{"DROP STREAM ordrs", "42P01", `Perhaps you meant "orders".`},
		{"DROP TABLE ordrs", "42P01", ""}, // orders is no table
		{"DROP SINK ot", "42P01", `Perhaps you meant "out".`},
		{"DROP INDEX customer_n", "42704", `Perhaps you meant "customers_n".`},
		{"DROP TOPIC 'raw_topik'", "42704", `Perhaps you meant "raw_topic".`},
		{"ALTER STREAM bigg SET (on_error = 'skip')", "42P01", `Perhaps you meant "big".`},
		{"DESCRIBE ordrs", "42P01", `Perhaps you meant "orders".`},
		{"SHOW CREATE raw_topi", "42P01", `Perhaps you meant "raw_topic".`},

		{"SELECT amunt FROM orders", "42703", `Perhaps you meant to reference the column "orders.amount".`},
		{"SELECT _ofset FROM orders", "42703", `Perhaps you meant to reference the column "orders._offset".`},
		{"INSERT INTO orders (amuont) VALUES (1)", "42703", `Perhaps you meant "amount".`},
		{`UPDATE customers SET "nam" = '1'`, "42703", `Perhaps you meant "Name".`},
		{"CREATE INDEX ON customers (nn)", "42703", `Perhaps you meant "n".`},
		{"COPY customers (idd) FROM STDIN", "42703", `Perhaps you meant "id".`},
		{"CREATE STREAM s (amount int) WITH (key = 'amuont')", "42703", `Perhaps you meant "amount".`},
		{"CREATE STREAM s (made bigint) WITH (timestamp_field = 'mad')", "42703", `Perhaps you meant "made".`},
		{"CREATE STREAM s (made timestamptz, WATERMARK FOR mad AS mad)", "42703", `Perhaps you meant "made".`},
		{"CREATE TABLE x (alpha int, PRIMARY KEY (alhpa))", "42703", `Perhaps you meant "alpha".`},
		{"SELECT 1 FROM orders a JOIN orders b USING (amonut)", "42703", `Perhaps you meant "amount".`},

		{"SELECT lenght('x')", "42883", `Perhaps you meant "length".`},
		{"SELECT cuont(*) FROM orders", "42883", `Perhaps you meant "count".`},
		{"SELECT upper(1, 2)", "42883", "No function matches the given name and argument types. You might need to add explicit type casts."},
		{"SELECT entirely_different(1)", "42883", "No function matches the given name and argument types. You might need to add explicit type casts."},
		{"SELECT ts_stat('a')", "0A000", "PostgreSQL has it; docs/sql/functions.md lists what is here."},
		{"SELECT xpath('a', 'b')", "0A000", "PostgreSQL has it; docs/sql/functions.md lists what is here."},
		{"SELECT 1::bigin", "42704", `Perhaps you meant "bigint".`},
		{"CREATE TABLE x (a timestampz)", "42704", `Perhaps you meant "timestamp".`},
		{"CREATE TABLE x (a string)", "42704", "Use text."},

		{"CREATE STREAM s (a int) WITH (tpoic = 'x')", "22023", `Perhaps you meant "topic". Known options`},
		{"CREATE SINK s TO TOPIC 'x' WITH (fromat = 'json') AS SELECT * FROM orders", "22023", `Perhaps you meant "format". Known options`},
		{"CREATE MATERIALIZED VIEW x WITH (snapshit = true) AS SELECT * FROM orders", "22023", `Perhaps you meant "snapshot". Known options`},
		{"CREATE TOPIC s WITH (partition = 3)", "22023", `Perhaps you meant "partitions". Known parameters`},
		{"EXPLAIN (VERBOS) SELECT 1", "42601", `Perhaps you meant "verbose".`},
		{"COPY customers TO STDOUT (FROMAT csv)", "42601", `Perhaps you meant "format".`},

		{"SET statement_timeot = 1", "42704", `Perhaps you meant "statement_timeout".`},
		{"SHOW timezon", "42704", `Perhaps you meant "TimeZone".`},
		{"RESET read_mod", "42704", `Perhaps you meant "read_mode".`},
		{"SHOW kafka_lisen", "42704", `Perhaps you meant "kafka_listen".`},
		{"SET kafka_listen = 'x'", "55P02", ""},
		{"SET entirely_different = 1", "42704", ""},
	} {
		var e *pgconn.PgError
		if err := exec(c.sql); !errors.As(err, &e) || e.Code != c.code || !strings.HasPrefix(e.Hint, c.hint) || c.hint == "" && e.Hint != "" {
			t.Errorf("%s: %v\n  hint %q\n  want %q", c.sql, err, hintOf(e), c.hint)
		}
	}
}

func hintOf(e *pgconn.PgError) string {
	if e == nil {
		return ""
	}
	return e.Hint
}
