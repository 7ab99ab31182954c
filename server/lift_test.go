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
		{"SELECT id, n FROM t WHERE id = %s", []string{"1", "2", "4", "3000000000", "1.0", "'2'", "'x'", "''", "1e0", "NULL", "-1"}},
		{"SELECT id FROM t WHERE n >= %s ORDER BY id LIMIT 5", []string{"1", "1.50", "'1.5'", "'NaN'", "3000000000", "'x'"}},
		{"SELECT id FROM t WHERE v = %s", []string{"'a'", "'it'''", "'a  '", "'abcdef'", "1"}},
		{"SELECT id, c FROM t WHERE c = %s", []string{"'a'", "'a    '", "'a '"}},
		{"SELECT id FROM t WHERE s <> %s AND f < 5", []string{"1", "70000", "'1'", "'70000'", "1.5"}},
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
