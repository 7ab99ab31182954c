package server_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/pgoracle"
)

const binaryTypes = `CREATE TABLE b (i int PRIMARY KEY, s smallint, l bigint, t text, v varchar(20), n numeric(12,3), f float8, r real, o bool,
	y bytea, d date, ts timestamp, tz timestamptz, iv interval, u uuid, j json, jb jsonb, a int[], ta text[])`

const binaryRows = `INSERT INTO b VALUES (1, -2, 1234567890123, 'text', 'var', -1234.567, 1.5, -0.25, true, '\x00ff', '2024-02-29', '2024-02-29 12:34:56.789',
	'2024-02-29 12:34:56.789+02', '1 year 2 mons 3 days 04:05:06.7', '11111111-2222-3333-4444-555555555555', '{"a": [1, null]}', '{"b": "x"}', '{1,NULL,3}', '{a,"b c"}'),
	(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(3, 0, -1, '', '', 0, 'NaN', 'Infinity', false, '', '0001-01-01', 'infinity', '-infinity', '-1 day', '00000000-0000-0000-0000-000000000000', 'null', '[]', '{}', '{}')`

// TestCopyBinary: binary data is byte for byte PostgreSQL's, reads back as what it was in chunks of any size, and what is
// damaged is refused as there; drivers that copy in this format can.
func TestCopyBinary(t *testing.T) {
	pg := pgoracle.Start(t)
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	for _, c := range []*pgx.Conn{pg, db} {
		exec(t, ctx, c, binaryTypes)
		exec(t, ctx, c, binaryRows)
		exec(t, ctx, c, "SET TIME ZONE 'UTC'")
	}
	copied := func(c *pgx.Conn, sql string) []byte {
		t.Helper()
		var out bytes.Buffer
		if _, err := c.PgConn().CopyTo(ctx, &out, sql); err != nil {
			t.Fatal(sql, err)
		}
		return out.Bytes()
	}
	const all = "COPY (SELECT * FROM b ORDER BY i) TO STDOUT"
	data, want := copied(db, all+" (FORMAT binary)"), copied(pg, all+" (FORMAT binary)")
	if !bytes.Equal(data, want) {
		t.Errorf("binary data differs from PostgreSQL's:\n%x\n%x", data, want)
	}
	texts := copied(db, all)
	exec(t, ctx, db, "DELETE FROM b")
	if n, err := copyIn(ctx, db, "COPY b FROM STDIN (FORMAT binary)", iotest.OneByteReader(bytes.NewReader(data))); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if got := copied(db, all); !bytes.Equal(got, texts) {
		t.Errorf("read back as\n%s\nwant\n%s", got, texts)
	}
	manyBinaryRows(t, ctx, db)
	damagedBinary(t, ctx, db, pg)
	for _, sql := range []string{"COPY b FROM STDIN (FORMAT binary, DELIMITER ',')", "COPY b FROM STDIN (FORMAT binary, NULL 'x')",
		"COPY b TO STDOUT (FORMAT binary, HEADER)", "COPY b TO STDOUT (FORMAT binary, QUOTE '''')"} {
		_, ours := db.Exec(ctx, sql)
		_, theirs := pg.Exec(ctx, sql)
		if outcome(ours) != outcome(theirs) {
			t.Errorf("%s: %s, want %s", sql, outcome(ours), outcome(theirs))
		}
	}
}

// manyBinaryRows copies more than one piece, as pgx does.
func manyBinaryRows(t *testing.T, ctx context.Context, db *pgx.Conn) {
	t.Helper()
	const rows = 30_000
	n, err := db.CopyFrom(ctx, pgx.Identifier{"b"}, []string{"i", "t", "n", "a"}, pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
		return []any{100 + i, fmt.Sprint("text ", i), fmt.Sprint(i, ".5"), []int32{int32(i), 1}}, nil
	}))
	if err != nil || n != rows {
		t.Fatal(n, err)
	}
	if n := number(t, ctx, db, "SELECT count(*) FROM b WHERE i >= 100 AND t = 'text ' || (i - 100) AND n = i - 100 + 0.5 AND a = ARRAY[i - 100, 1]"); n != rows {
		t.Errorf("%d rows are right of %d", n, rows)
	}
}

// damagedBinary cuts and changes binary data at each of its bytes.
func damagedBinary(t *testing.T, ctx context.Context, db, pg *pgx.Conn) {
	t.Helper()
	for _, c := range []*pgx.Conn{pg, db} {
		exec(t, ctx, c, "CREATE TABLE few (i int, t text)")
		exec(t, ctx, c, "INSERT INTO few VALUES (1, 'ab'), (2, NULL)")
	}
	var out bytes.Buffer
	if _, err := pg.PgConn().CopyTo(ctx, &out, "COPY few TO STDOUT (FORMAT binary)"); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	var cases [][]byte
	for i := range len(whole) + 1 {
		cases = append(cases, whole[:i])
		for _, bit := range []byte{0x80, 0x40, 0x04, 0x01} {
			if i < len(whole) {
				damaged := bytes.Clone(whole)
				damaged[i] ^= bit
				cases = append(cases, damaged)
			}
		}
	}
	cases = append(cases, append(bytes.Clone(whole), 0), append(bytes.Clone(whole), whole...))
	refused := 0
	for _, data := range cases {
		n, ours := copyIn(ctx, db, "COPY few FROM STDIN (FORMAT binary)", bytes.NewReader(data))
		m, theirs := copyIn(ctx, pg, "COPY few FROM STDIN (FORMAT binary)", bytes.NewReader(data))
		if got, want := outcome(ours), outcome(theirs); got[:min(5, len(got))] != want[:min(5, len(want))] || n != m {
			t.Errorf("%x: %d rows, %s; want %d, %s", data, n, got, m, want)
		}
		if ours != nil {
			refused++
		}
	}
	t.Logf("%d of %d refused", refused, len(cases))
	if refused < len(whole) {
		t.Errorf("only %d of %d were refused", refused, len(cases))
	}
}
