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

	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestCopyContext: the CONTEXT of an error says where in the data of a COPY it came up, as PostgreSQL's does.
func TestCopyContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ours, theirs := connect(t, ctx, local(t)), pgoracle.Connect(t, pgoracle.DSN(t))
	for _, c := range []*pgx.Conn{ours, theirs} {
		exec(t, ctx, c, "CREATE TABLE t (id INT PRIMARY KEY, text VARCHAR(200), n NUMERIC(5,2), CHECK (n < 100))")
		exec(t, ctx, c, "INSERT INTO t VALUES (7, 'there', 7)")
	}
	answer := func(c *pgx.Conn, copy, data string) string {
		_, err := c.PgConn().CopyFrom(ctx, strings.NewReader(data), copy)
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			return fmt.Sprint(err)
		}
		return fmt.Sprintf("%s: %s | %s | %s", e.Code, e.Message, e.Detail, e.Where)
	}
	text, csv := "COPY t FROM STDIN", "COPY t FROM STDIN (FORMAT csv, HEADER)"
	for _, of := range []struct{ copy, data string }{
		{text, "1\ta\t1\nx2\tb\t2\n"},
		{text, "1\ta\t1\n2\tb\ttwo and " + strings.Repeat("häß", 60) + "\n"},
		{text, "1\ta\t1\n2\tb\n"},
		{text, "1\ta\t1\n2\tb\t3\t4\n"},
		{text, "1\ta\t" + strings.Repeat("9", 150) + "\n"},
		{text, "1\ta\n" + strings.Repeat("long ", 60)},
		{text, "1\t" + strings.Repeat("a", 201) + "\t1\n"},
		{text, "1\ta\\tb\\\\\t1x\n"},
		{text, "7\tagain\t1\n"},
		{csv, "id,text,n\n1,\"two\nlines\",5\n2,\"b\",x\n"},
		{csv, "id,text,n\n1,\"open,5\n"},
		{csv, "id,text,n\r\n1,a,5\n"},
		{"COPY t (id, n) FROM STDIN (NULL 'none')", "1\tnone\nnone\t1e\n"},
		{"COPY t FROM STDIN (FORMAT binary)", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"},
		{"COPY t FROM STDIN (FORMAT binary)", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x02ab"},
	} {
		if got, want := answer(ours, of.copy, of.data), answer(theirs, of.copy, of.data); got != want {
			t.Errorf("%s\n%.80q\ngot  %s\nwant %s", of.copy, of.data, got, want)
		}
	}
	// PostgreSQL checks row by row, and shows the line; here many are checked together, and the line is told.
	for _, of := range []struct{ data, where string }{
		{"1\ta\t1\n2\tb\t2\n3\tc\t500\n4\td\t4\n", "COPY t, line 3"},
		{"1\ta\t1\n7\tb\t2\n", "COPY t, lines 1 to 2"},
	} {
		_, err := ours.PgConn().CopyFrom(ctx, strings.NewReader(of.data), text)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Where != of.where {
			t.Errorf("%q: %v, %+v", of.data, err, e)
		}
	}
}
