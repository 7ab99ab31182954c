package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestLiftedTexts: a text whose literals became parameters gives the rows, and the errors at the
// places, that it gives as it is, which is how the extended protocol runs it.
func TestLiftedTexts(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, `CREATE TABLE t (id int PRIMARY KEY, n numeric, v varchar(3), c char(5), s smallint, f float8, d date, z timestamptz, b bool, j jsonb)`)
	exec(t, ctx, db, `INSERT INTO t VALUES (1, 1.50, 'a', 'a', 1, 0.1, '2020-01-01', '2020-01-01 00:00+00', true, '{"a": 1}'),
		(2, 2, 'it''', 'b', -2, 1e30, '2021-01-01', '2021-06-01 12:00+00', false, '[]'), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
	for _, form := range []struct {
		text   string
		values []string
	}{
		{"SELECT id, n FROM t WHERE id = %s", []string{"1", "2", "4", "3000000000", "1.0", "'2'", "'x'", "''", "1e0", "NULL", "-1", "-2147483648", "- 1.0"}},
		{"SELECT id FROM t WHERE n >= %s ORDER BY id LIMIT 5", []string{"1", "1.50", "'1.5'", "'NaN'", "3000000000", "'x'"}},
		{"SELECT id FROM t WHERE v = %s", []string{"'a'", "'it'''", "'a  '", "'abcdef'", "1"}},
		{"SELECT id, c FROM t WHERE c = %s", []string{"'a'", "'a    '", "'a '"}},
		{"SELECT id FROM t WHERE s <> %s AND f < 5", []string{"1", "70000", "'1'", "'70000'", "1.5", "-2", "-32769"}},
		{"SELECT id FROM t WHERE f = %s", []string{"0.1", "'0.1'", "1", "'1e30'"}},
		{"SELECT id FROM t WHERE d < %s", []string{"'2020-06-01'", "'infinity'", "'2020-13-01'", "5"}},
		{"SELECT id FROM t WHERE z > %s ORDER BY z = '2021-06-01'", []string{"'2020-06-01'", "'2021-06-01 14:00+02'", "'yesterday-ish'"}},
		{"SELECT id FROM t WHERE b = %s", []string{"'t'", "'no'", "true", "'maybe'", "1"}},
		{"SELECT id FROM t WHERE j = %s", []string{`'{"a":1}'`, "'[]'", "'{'"}},
		{"SELECT id, 10 / (id - 1) FROM t WHERE id < %s", []string{"3", "1"}},
		{"SELECT id::text::date FROM t WHERE id = %s", []string{"1"}},
		{"SELECT (SELECT n FROM t WHERE id = 1) FROM t WHERE id = %s", []string{"1", "9"}},
		{"SELECT x.id FROM (SELECT id FROM t WHERE id > 1) x JOIN t ON t.id = x.id WHERE t.id = %s", []string{"1", "2"}},
		{"SELECT id FROM t WHERE 'a' = %s", []string{"'a'", "'b'", "1"}},
		{"SELECT id FROM nothing WHERE id = %s", []string{"1", "2"}},
		{"SELECT nothing FROM t WHERE id = %s", []string{"1", "2"}},
		{"SELECT id FROM t WHERE id = %s AND 1 / (id - id) = 1", []string{"1", "7"}},
	} {
		for _, value := range form.values {
			sql := fmt.Sprintf(form.text, value)
			asIs := answer(t, ctx, db, pgx.QueryExecModeExec, sql)
			for range 2 {
				if lifted := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, sql); lifted != asIs {
					t.Errorf("%s\nlifted: %s\nas is:  %s", sql, lifted, asIs)
				}
			}
		}
	}
	// A plan ends with what it was made over.
	const one = "SELECT * FROM t2 WHERE id = %d"
	if got := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, fmt.Sprintf(one, 1)); !strings.Contains(got, "42P01") {
		t.Error(got)
	}
	for _, columns := range []string{"id int", "id int, x text", "id bigint PRIMARY KEY"} {
		exec(t, ctx, db, "CREATE TABLE t2 ("+columns+")")
		exec(t, ctx, db, "INSERT INTO t2 (id) VALUES (1), (2)")
		for i := range 3 {
			sql := fmt.Sprintf(one, i)
			if lifted, asIs := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, sql), answer(t, ctx, db, pgx.QueryExecModeExec, sql); lifted != asIs {
				t.Errorf("%s over %s\nlifted: %s\nas is:  %s", sql, columns, lifted, asIs)
			}
		}
		exec(t, ctx, db, "DROP TABLE t2")
	}
}

// TestLiftedChanges: so does what changes rows, and leaves the same ones.
func TestLiftedChanges(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, `CREATE TYPE mood AS ENUM ('sad', 'happy')`)
	exec(t, ctx, db, `CREATE TABLE t (id int PRIMARY KEY, n numeric(6, 2), v varchar(3), c char(5), s smallint, f float4, d date, z timestamp(0), b bool,
		j jsonb, a int[], m mood, g int DEFAULT 3, CHECK (s < 100))`)
	const row = "(7, 2.50, 'a', 'c', 5, 1.5, '2020-01-01', NULL, true, '[1]', '{1,2}', 'sad')"
	strs, numbers := []string{"'a'", "'abcdef'", "'ab    '", "''", "5"}, []string{"7", "1.255", "'2.5'", "-3", "99999", "3000000000", "NULL"}
	for _, form := range []struct {
		text   string
		values []string
	}{
		{"INSERT INTO t (id, n) VALUES (8, %s)", numbers},
		{"INSERT INTO t (id, s) VALUES (8, %s) RETURNING s, s + 1", numbers},
		{"INSERT INTO t (id, f) VALUES (8, %s)", numbers},
		{"INSERT INTO t (id) VALUES (%s)", numbers},
		{"INSERT INTO t (id, v) VALUES (8, %s)", strs},
		{"INSERT INTO t (c, id) VALUES (%s, 8)", strs},
		{"INSERT INTO t (id, d, z) VALUES (8, '2020-02-30', %s)", []string{"'2020-01-01 10:00:00.7'"}},
		{"INSERT INTO t (id, z) VALUES (8, %s)", []string{"'2020-01-01 10:00:00.7'", "'2020'", "now()", "5"}},
		{"INSERT INTO t (id, b, j) VALUES (8, %s, '{')", []string{"true", "'t'", "1"}},
		{"INSERT INTO t (id, j) VALUES (8, %s)", []string{"'{\"a\": 1}'", "1", "'{'", "1.5"}},
		{"INSERT INTO t (id, a) VALUES (8, %s)", []string{"'{3}'", "'{'", "ARRAY[1, 2]", "1"}},
		{"INSERT INTO t (id, m) VALUES (8, %s)", []string{"'sad'", "'angry'", "1"}},
		{"INSERT INTO t (id, n) VALUES (7, %s) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n WHERE t.id = 7", numbers},
		{"INSERT INTO t (id, nothing) VALUES (8, %s)", strs},
		{"INSERT INTO t (id, n) VALUES (8, 5, %s)", strs},
		{"UPDATE t SET n = n + %s WHERE id = 7", numbers},
		{"UPDATE t SET n = %s, s = s - 1 WHERE id = 7 RETURNING n, s", numbers},
		{"UPDATE t SET s = %s WHERE f = 1.5", numbers},
		{"UPDATE t SET v = %s, c = 'x'", strs},
		{"UPDATE t SET m = %s, b = id = 7 WHERE m = 'sad'", []string{"'happy'", "'angry'", "NULL"}},
		{"UPDATE t SET d = d + %s WHERE d < '2021-01-01'", []string{"1", "'1 day'", "1.5", "2000000000"}},
		{"UPDATE t SET s = s + 1 FROM (SELECT id FROM t WHERE n > 0) x WHERE t.id = x.id AND t.id = %s", numbers},
		{"UPDATE t SET id = id / (s - 5) WHERE id = %s", numbers},
		{"DELETE FROM t WHERE id = %s", numbers},
		{"DELETE FROM t WHERE v = %s RETURNING *", strs},
		{"DELETE FROM t USING (SELECT 7 AS x) u WHERE x = id AND n < %s", numbers},
	} {
		for _, value := range form.values {
			sql := fmt.Sprintf(form.text, value)
			var first string
			for i, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeSimpleProtocol} {
				if _, err := db.Exec(ctx, "DELETE FROM t; INSERT INTO t VALUES "+row, pgx.QueryExecModeSimpleProtocol); err != nil {
					t.Fatal(err)
				}
				got := answer(t, ctx, db, mode, sql) + " leaves " +
					answer(t, ctx, db, pgx.QueryExecModeExec, "SELECT id, n, v, c, s, f, d, z = '2020-01-01 10:00:01', b, j, a, m FROM t ORDER BY id")
				if i == 0 {
					first = got
				} else if got != first {
					t.Errorf("%s\nlifted: %s\nas is:  %s", sql, got, first)
				}
			}
		}
	}
}

// answer is the rows of a statement, or its error.
func answer(t *testing.T, ctx context.Context, db *pgx.Conn, mode pgx.QueryExecMode, sql string) string {
	t.Helper()
	rows, err := db.Query(ctx, sql, mode)
	var out strings.Builder
	if err == nil {
		for _, f := range rows.FieldDescriptions() {
			fmt.Fprintf(&out, "%s:%d ", f.Name, f.DataTypeOID)
		}
		for rows.Next() {
			fmt.Fprintf(&out, "%q ", rows.RawValues())
		}
		err = rows.Err()
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s at %d, %s, %s", e.Code, e.Message, e.Position, e.Detail, e.Hint)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
