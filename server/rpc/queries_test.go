package rpc_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	v1 "github.com/tributary-db/tributary/api/v1"
)

// shown is a value as a test writes it.
func shown(v *v1.Value) string {
	switch k := v.Kind.(type) {
	case nil:
		return "NULL"
	case *v1.Value_Bool:
		return fmt.Sprintf("bool %v", k.Bool)
	case *v1.Value_Integer:
		return fmt.Sprintf("int %d", k.Integer)
	case *v1.Value_Double:
		return fmt.Sprintf("double %v", k.Double)
	case *v1.Value_Bytes:
		return fmt.Sprintf("bytes %x", k.Bytes)
	case *v1.Value_Text:
		return "text " + k.Text
	}
	return "?"
}

func shownRow(r *v1.Row) string {
	out := ""
	for i, v := range r.Values {
		if i > 0 {
			out += ", "
		}
		out += shown(v)
	}
	return out
}

// TestRPCQueries: a query is a view, read with its types, watched while it changes, listed and stopped.
func TestRPCQueries(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := queries(t, s, connect.WithGRPC())
	exec(t, ctx, s, `CREATE TABLE "T" (id int PRIMARY KEY, b bool, f real, d double precision, x bytea, n numeric, at timestamptz)`,
		`INSERT INTO "T" VALUES (1, true, 1.5, 'NaN', '\x00ff', 1.10, '2024-01-02 03:04:05+02'), (2, NULL, NULL, '-Infinity', NULL, NULL, NULL)`)
	made, err := cl.CreateQuery(ctx, connect.NewRequest(&v1.CreateQueryRequest{Name: `"My view"`, Sql: `SELECT * FROM "T" -- all of it`}))
	if err != nil || made.Msg.Query.Name != "My view" || made.Msg.Query.Schema != "public" || made.Msg.Query.Since == nil {
		t.Fatalf("%v, %v", made, err)
	}
	read := func(m *v1.QueryViewRequest) (columns string, rows []string, err error) {
		t.Helper()
		stream, err := cl.QueryView(ctx, connect.NewRequest(m))
		if err != nil {
			return "", nil, err
		}
		defer stream.Close()
		for stream.Receive() {
			for _, c := range stream.Msg().Columns {
				columns += c.Name + " " + c.Type + ";"
			}
			for _, r := range stream.Msg().Rows {
				rows = append(rows, shownRow(r))
			}
		}
		return columns, rows, stream.Err()
	}
	columns, rows, err := read(&v1.QueryViewRequest{Name: `"My view"`, Where: "id = $1 -- one", Params: []*v1.Parameter{{Text: proto.String("1")}}})
	if want := "id integer;b boolean;f real;d double precision;x bytea;n numeric;at timestamp with time zone;"; err != nil || columns != want {
		t.Errorf("columns %s, %v", columns, err)
	}
	if want := fmt.Sprintf("int 1, bool true, double 1.5, double %v, bytes 00ff, text 1.10, text 2024-01-02 01:04:05+00", math.NaN()); len(rows) != 1 || rows[0] != want {
		t.Errorf("rows %q, want %q", rows, want)
	}
	if _, rows, err = read(&v1.QueryViewRequest{Name: `"My view"`, Where: "b IS NULL"}); err != nil || len(rows) != 1 || rows[0] != "int 2, NULL, NULL, double -Inf, NULL, NULL, NULL" {
		t.Errorf("rows %q, %v", rows, err)
	}
	if columns, rows, err = read(&v1.QueryViewRequest{Name: `"My view"`, Where: "false"}); err != nil || columns == "" || len(rows) != 0 {
		t.Errorf("no rows: %q, %q, %v", columns, rows, err)
	}
	if _, rows, err = read(&v1.QueryViewRequest{Name: `"My view"`, Limit: 1}); err != nil || len(rows) != 1 {
		t.Errorf("rows %q, %v", rows, err)
	}
	for _, tc := range []struct {
		m        *v1.QueryViewRequest
		code     connect.Code
		sqlstate string
		position int32
	}{
		{&v1.QueryViewRequest{Name: "nothing"}, connect.CodeNotFound, "42P01", 0},
		{&v1.QueryViewRequest{Name: "a.b.c"}, connect.CodeInvalidArgument, "", 0},
		{&v1.QueryViewRequest{Name: `"My view"`, Where: "id = oops"}, connect.CodeNotFound, "42703", 6},
		{&v1.QueryViewRequest{Name: `"My view"`, Where: "true); DROP TABLE x; SELECT (1"}, connect.CodeInvalidArgument, "42601", 0},
		{&v1.QueryViewRequest{Name: `"My view"`, Where: "1 / (id - id) = 1"}, connect.CodeInvalidArgument, "22012", 0},
		{&v1.QueryViewRequest{Name: `"My view"`, Limit: -1}, connect.CodeInvalidArgument, "", 0},
	} {
		_, _, err := read(tc.m)
		if connect.CodeOf(err) != tc.code || infoOf(t, err).Sqlstate != tc.sqlstate || tc.position != 0 && infoOf(t, err).Position != tc.position {
			t.Errorf("%v: %v, %v", tc.m, err, infoOf(t, err))
		}
	}
	// Past the first answer.
	exec(t, ctx, s, "CREATE TABLE many (id int, pad text)", "INSERT INTO many SELECT g, repeat('x', 100) FROM generate_series(1, 10000) g")
	if _, rows, err = read(&v1.QueryViewRequest{Name: "many"}); err != nil || len(rows) != 10_000 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	watch, err := cl.WatchView(ctx, connect.NewRequest(&v1.WatchViewRequest{Name: `"My view"`}))
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	var changes []string
	for len(changes) < 3 && watch.Receive() {
		for _, r := range watch.Msg().Rows {
			changes = append(changes, shown(r.Values[1])+": "+shown(r.Values[2]))
		}
		if len(changes) == 2 {
			exec(t, ctx, s, `DELETE FROM "T" WHERE id = 2`)
		}
	}
	if err := watch.Err(); err != nil || len(changes) != 3 || changes[2] != "int -1: int 2" {
		t.Errorf("changes %q, %v", changes, err)
	}
	exec(t, ctx, s, "CREATE MATERIALIZED VIEW later AS SELECT 1")
	page, err := cl.ListQueries(ctx, connect.NewRequest(&v1.ListQueriesRequest{PageSize: 1}))
	if err != nil || len(page.Msg.Queries) != 1 || page.Msg.Queries[0].Name != "My view" || page.Msg.NextPageToken == "" {
		t.Fatalf("%v, %v", page, err)
	}
	page, err = cl.ListQueries(ctx, connect.NewRequest(&v1.ListQueriesRequest{PageSize: 1, PageToken: page.Msg.NextPageToken}))
	if err != nil || len(page.Msg.Queries) != 1 || page.Msg.Queries[0].Name != "later" || page.Msg.NextPageToken != "" {
		t.Errorf("%v, %v", page, err)
	}
	if _, err := cl.StopQuery(ctx, connect.NewRequest(&v1.StopQueryRequest{Name: `"My view"`})); err != nil {
		t.Error(err)
	}
	_, err = cl.GetQueryStatus(ctx, connect.NewRequest(&v1.GetQueryStatusRequest{Name: `"My view"`}))
	var e *connect.Error
	if !errors.As(err, &e) || e.Code() != connect.CodeNotFound {
		t.Errorf("a query that was stopped: %v", err)
	}
}
