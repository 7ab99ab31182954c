package server_test

import (
	"context"
	"io"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// flown is a server with Flight SQL, and a client of it.
func flown(t *testing.T) (*server.Server, *flightsql.Client) {
	t.Helper()
	cfg := settings(t.TempDir())
	cfg.FlightListen = "127.0.0.1:0"
	s := start(t, t.Context(), cfg)
	t.Cleanup(func() { stop(t, s) })
	return s, fly(t, s, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func fly(t *testing.T, s *server.Server, opts ...grpc.DialOption) *flightsql.Client {
	t.Helper()
	cl, err := flightsql.NewClient("localhost:"+portOf(s.FlightAddr), nil, nil, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Close() })
	return cl
}

// fetch reads all rows of a FlightInfo: their number, and the first as text.
func fetch(ctx context.Context, cl *flightsql.Client, info *flight.FlightInfo, err error) (rows int64, first string, _ error) {
	if err != nil {
		return 0, "", err
	}
	r, err := cl.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		return 0, "", err
	}
	defer r.Release()
	for r.Next() {
		rec := r.Record()
		if rows == 0 && rec.NumRows() > 0 {
			values := make([]string, rec.NumCols())
			for i := range values {
				values[i] = rec.Column(i).ValueStr(0)
			}
			first = strings.Join(values, ",")
		}
		rows += rec.NumRows()
	}
	if err := r.Err(); err != nil && err != io.EOF {
		return rows, first, err
	}
	return rows, first, nil
}

func ask(ctx context.Context, cl *flightsql.Client, sql string) (int64, string, error) {
	info, err := cl.Execute(ctx, sql)
	return fetch(ctx, cl, info, err)
}

func TestFlightStatements(t *testing.T) {
	s, cl := flown(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	series(t, s)
	for _, sql := range []string{"CREATE TABLE t (id int PRIMARY KEY, n numeric(10, 2), s text)", "INSERT INTO t VALUES (1, 1.5, 'one'), (2, NULL, NULL)"} {
		if n, err := cl.ExecuteUpdate(ctx, sql); err != nil || n != int64(2*strings.Count(sql, "INSERT")) {
			t.Fatalf("%s: %d, %v", sql, n, err)
		}
	}
	for _, c := range []struct {
		sql   string
		rows  int64
		first string
	}{
		{"SELECT * FROM t ORDER BY id", 2, "1,1.5,one"},
		{"SELECT i, repeat('x', 200) AS s FROM n", 100_000, ""}, // 20 MB, more than one message may be
		{"SELECT * FROM t WHERE id = 7", 0, ""},
		{"INSERT INTO t VALUES (3, 3, 'three')", 0, ""}, // ADBC sends everything as a query
		{"SELECT count(*) FROM t", 1, "3"},
	} {
		rows, first, err := ask(ctx, cl, c.sql)
		if err != nil || rows != c.rows || c.first != "" && first != c.first {
			t.Errorf("%s: %d rows, %q, %v", c.sql, rows, first, err)
		}
	}
	for sql, want := range map[string]codes.Code{
		"SELEC 1":                        codes.InvalidArgument,
		"SELECT * FROM nothing":          codes.NotFound,
		"INSERT INTO t VALUES (1)":       codes.AlreadyExists,
		"BEGIN":                          codes.Unimplemented,
		"COPY t FROM STDIN":              codes.Unimplemented,
		"SELECT 1 / (id - 2) FROM t":     codes.InvalidArgument,
		"SELECT 1/(50000 - i) FROM n":    codes.InvalidArgument, // behind rows that are out
		"SELECT repeat('x', 2000000000)": codes.ResourceExhausted,
	} {
		if _, _, err := ask(ctx, cl, sql); status.Code(err) != want || !strings.Contains(err.Error(), "(SQLSTATE ") {
			t.Errorf("%s: %v, want %v", sql, err, want)
		}
	}
	if _, err := cl.BeginTransaction(ctx); status.Code(err) != codes.Unimplemented {
		t.Errorf("a transaction: %v", err)
	}
	// A client that leaves in the middle ends its statement and nobody else's.
	short, leave := context.WithCancel(ctx)
	info, err := cl.Execute(short, "SELECT a.i FROM n a, n b")
	if err != nil {
		t.Fatal(err)
	}
	r, err := cl.DoGet(short, info.Endpoint[0].Ticket)
	if err != nil || !r.Next() {
		t.Fatal(err)
	}
	leave()
	for r.Next() {
	}
	r.Release()
	if _, first, err := ask(ctx, cl, "SELECT count(*) FROM n"); err != nil || first != "100000" {
		t.Errorf("%q, %v", first, err)
	}
}

func TestFlightPrepared(t *testing.T) {
	_, cl := flown(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := cl.ExecuteUpdate(ctx, "CREATE TABLE t (id int PRIMARY KEY, s text)"); err != nil {
		t.Fatal(err)
	}
	insert, err := cl.Prepare(ctx, "INSERT INTO t VALUES ($1, $2)")
	if err != nil {
		t.Fatal(err)
	}
	if got := insert.ParameterSchema().Field(0).Type; got.ID() != arrow.INT32 {
		t.Errorf("$1 is %v", got)
	}
	bind := func(p *flightsql.PreparedStatement, ids []int64, texts []string) {
		fields := []arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}
		if texts != nil {
			fields = append(fields, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String, Nullable: true})
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
		b.Field(0).(*array.Int64Builder).AppendValues(ids, nil)
		for i, s := range texts {
			if s == "" {
				b.Field(1).AppendNull()
			} else {
				b.Field(1).(*array.StringBuilder).Append(texts[i])
			}
		}
		p.SetParameters(b.NewRecord())
	}
	bind(insert, []int64{1, 2, 3}, []string{"one", "", "three"})
	if n, err := insert.ExecuteUpdate(ctx); err != nil || n != 3 {
		t.Fatalf("%d, %v", n, err)
	}
	// All rows or none: the second is there already.
	bind(insert, []int64{4, 2}, []string{"four", "two"})
	if _, err := insert.ExecuteUpdate(ctx); status.Code(err) != codes.AlreadyExists {
		t.Errorf("%v, want ALREADY_EXISTS", err)
	}
	bind(insert, []int64{1 << 40}, []string{"large"})
	if _, err := insert.ExecuteUpdate(ctx); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "22003") {
		t.Errorf("%v, want 22003", err)
	}
	query, err := cl.Prepare(ctx, "SELECT id, s FROM t WHERE id >= $1 ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int64]string{1: "1,one", 2: "2,(null)", 4: ""} {
		bind(query, []int64{id}, nil)
		info, err := query.Execute(ctx)
		if rows, first, err := fetch(ctx, cl, info, err); err != nil || first != want || want != "" && rows != 4-id {
			t.Errorf("id >= %d: %d rows, %q, %v", id, rows, first, err)
		}
	}
	if err := query.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := query.Execute(ctx); err == nil {
		t.Error("a closed statement ran")
	}
}

func TestFlightCatalog(t *testing.T) {
	_, cl := flown(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, sql := range []string{"CREATE TABLE t (id int PRIMARY KEY, s text)", "CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM t"} {
		if _, err := cl.ExecuteUpdate(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	name := func(s string) *string { return &s }
	for _, c := range []struct {
		what  string
		info  func() (*flight.FlightInfo, error)
		rows  int64
		first string
	}{
		{"catalogs", func() (*flight.FlightInfo, error) { return cl.GetCatalogs(ctx) }, 1, "tributary"},
		{"schemas", func() (*flight.FlightInfo, error) {
			return cl.GetDBSchemas(ctx, &flightsql.GetDBSchemasOpts{DbSchemaFilterPattern: name("pub%")})
		}, 1, "tributary,public"},
		{"tables", func() (*flight.FlightInfo, error) {
			return cl.GetTables(ctx, &flightsql.GetTablesOpts{TableNameFilterPattern: name("_"), TableTypes: []string{"TABLE"}})
		}, 1, "tributary,public,t,TABLE"},
		{"tables with schema", func() (*flight.FlightInfo, error) {
			return cl.GetTables(ctx, &flightsql.GetTablesOpts{DbSchemaFilterPattern: name("public"), TableNameFilterPattern: name("v"), IncludeSchema: true})
		}, 1, ""},
		{"of another catalog", func() (*flight.FlightInfo, error) {
			return cl.GetTables(ctx, &flightsql.GetTablesOpts{Catalog: name("other")})
		}, 0, ""},
		{"keys", func() (*flight.FlightInfo, error) { return cl.GetPrimaryKeys(ctx, flightsql.TableRef{Table: "t"}) }, 1, "tributary,public,t,id,1,(null)"},
		{"info", func() (*flight.FlightInfo, error) {
			return cl.GetSqlInfo(ctx, []flightsql.SqlInfo{flightsql.SqlInfoFlightSqlServerName})
		}, 1, ""},
	} {
		info, err := c.info()
		rows, first, err := fetch(ctx, cl, info, err)
		if err != nil || rows != c.rows || c.first != "" && first != c.first {
			t.Errorf("%s: %d rows, %q, %v", c.what, rows, first, err)
		}
	}
	info, err := cl.GetTableTypes(ctx)
	if rows, _, err := fetch(ctx, cl, info, err); err != nil || rows < 3 {
		t.Errorf("table types: %d, %v", rows, err)
	}
}

// The same users as on the other faces: password, token, certificate, over TLS.
func TestFlightOverTLS(t *testing.T) {
	s := secure(t, func(cfg *config.Settings) { cfg.FlightListen, cfg.FlightTLS = "127.0.0.1:0", config.TLSRequire })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cl := fly(t, s.Server, grpc.WithTransportCredentials(credentials.NewTLS(s.tls())))
	if _, _, err := ask(ctx, cl, "SELECT 1"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("nobody: %v", err)
	}
	if _, err := cl.Client.AuthenticateBasicToken(ctx, "tributary", "wrong"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a wrong password: %v", err)
	}
	known, err := cl.Client.AuthenticateBasicToken(ctx, "tributary", "first")
	if err != nil {
		t.Fatal(err)
	}
	if _, first, err := ask(known, cl, "SELECT current_user"); err != nil || first != "tributary" {
		t.Errorf("%q, %v", first, err)
	}
	if _, err := cl.ExecuteUpdate(known, "ALTER ROLE tributary PASSWORD 'second'"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ask(known, cl, "SELECT 1"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a token of the password before: %v", err)
	}
	own := fly(t, s.Server, grpc.WithTransportCredentials(credentials.NewTLS(s.tls(s.ca.Client(t, "tributary")))))
	if _, first, err := ask(ctx, own, "SELECT current_user"); err != nil || first != "tributary" {
		t.Errorf("a certificate: %q, %v", first, err)
	}
	plaintext := fly(t, s.Server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if _, _, err := ask(ctx, plaintext, "SELECT 1"); err == nil {
		t.Error("a client without TLS was answered")
	}
}

// ADBC, where it is installed: DB-API queries, parameters, bulk ingest.
func TestFlightADBC(t *testing.T) {
	python := peers(t, "adbc_driver_flightsql", "adbc_driver_manager", "pyarrow")
	s, _ := flown(t)
	const script = `
import sys, pyarrow as pa
import adbc_driver_flightsql.dbapi as flight
with flight.connect("grpc://127.0.0.1:" + sys.argv[1], autocommit=True) as db, db.cursor() as c:
    c.execute("CREATE TABLE t (id int PRIMARY KEY, n numeric(10, 2), at timestamptz, s text)")
    c.executemany("INSERT INTO t (id, s) VALUES ($1, $2)", [(1, "one"), (2, None)])
    print(c.adbc_ingest("t", pa.table({"id": pa.array(range(10, 50010), pa.int32()), "s": ["x%d" % i for i in range(50000)]}), mode="append"))
    c.execute("SELECT count(*), min(s), max(id) FROM t WHERE id > $1", (5,))
    print(c.fetchall())
    c.execute("SELECT id, n, at, s FROM t ORDER BY id LIMIT 2")
    t = c.fetch_arrow_table()
    print(t.schema.types, t.to_pylist())
    print(db.adbc_get_objects(table_name_filter="t").read_all().to_pylist()[0]["catalog_name"])
    try:
        c.execute("SELECT 1/0")
        c.fetchall()
    except Exception as e:
        print("22012" in str(e))
`
	out, err := osexec.Command(python, "-c", script, portOf(s.FlightAddr)).CombinedOutput()
	want := "50000\n[(50000, 'x0', 50009)]\n" +
		"[DataType(int32), Decimal128Type(decimal128(10, 2)), TimestampType(timestamp[us, tz=UTC]), DataType(string)] " +
		"[{'id': 1, 'n': None, 'at': None, 's': 'one'}, {'id': 2, 'n': None, 'at': None, 's': None}]\ntributary\nTrue\n"
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}
