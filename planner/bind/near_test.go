package bind

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// A column that does not exist is answered with PostgreSQL's hint.
func TestColumnHintsAgainstPostgres(t *testing.T) {
	d := newDiffer(t)
	for _, sql := range []string{
		"SELECT amuont FROM orders", "SELECT order_tim FROM orders", "SELECT orders.amont FROM orders",
		"SELECT o.amont FROM orders o", "SELECT o.customerid, amount FROM orders o", "SELECT xx FROM orders",
		"SELECT c_int5 FROM types", "SELECT c_flaot8 FROM types", "SELECT c_floot8 FROM types", "SELECT c_tex FROM types",
		"SELECT urll FROM clicks JOIN orders ON true", "SELECT clicks.amount FROM clicks, orders", "SELECT uid, tt FROM clicks",
		"SELECT * FROM orders WHERE amounts > 1", "SELECT order_id FROM orders GROUP BY order_id HAVING max(amoun) > 1",
		"SELECT * FROM (SELECT order_id AS oid_of, amount FROM orders) q WHERE oidof = '1'",
		"WITH w AS (SELECT customer_id FROM orders) SELECT customer FROM w", "SELECT order_id FROM orders ORDER BY amonut",
		"SELECT (SELECT max(urk) FROM clicks) FROM orders", "SELECT (SELECT max(amont) FROM clicks) FROM orders",
		"SELECT b FROM orders", "SELECT idd FROM t JOIN u USING (id)", "SELECT t.xy FROM t, u", "SELECT bb FROM t, u",
		"SELECT orders.url FROM clicks, orders", "SELECT uu.b FROM u AS uu JOIN t ON uu.xx = t.id",
	} {
		var theirs *pgconn.PgError
		if _, err := d.conn.PgConn().Prepare(context.Background(), "", sql, nil); !errors.As(err, &theirs) {
			t.Fatalf("%s: PostgreSQL takes it: %v", sql, err)
		}
		var ours *sqlerr.Error
		if _, err := d.bind(sql); !errors.As(err, &ours) || string(ours.Code) != theirs.Code || ours.Hint != theirs.Hint {
			t.Errorf("%s\nPostgreSQL: %s %s\n  %s\nhere:       %v", sql, theirs.Code, theirs.Message, theirs.Hint, err)
			if ours != nil {
				t.Errorf("  %s", ours.Hint)
			}
		}
	}
}

// Every function that a query can call in PostgreSQL is known: it is here, or said to be missing.
func TestEveryFunctionIsKnown(t *testing.T) {
	d := newDiffer(t)
	rows, err := d.conn.Query(context.Background(), `
		SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND oid < 10000
		AND NOT (proargtypes::oid[] || prorettype && ARRAY['internal', 'cstring', 'trigger', 'event_trigger', 'language_handler',
			'fdw_handler', 'index_am_handler', 'table_am_handler', 'tsm_handler']::regtype[]::oid[])`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	here, missing := 0, 0
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if len(builtin.FuncsByName(name)) > 0 {
			here++
			continue
		}
		missing++
		_, err := d.bind(`SELECT "` + name + `"(1, 2)`)
		if sqlerr.CodeOf(err) != sqlerr.FeatureNotSupported {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rows.Err() != nil || here < 1000 || missing < 50 {
		t.Errorf("%d functions are here, %d are missing: %v", here, missing, rows.Err())
	}
}
