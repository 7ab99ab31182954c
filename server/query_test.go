package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/server"
)

// post asks POST /query; header is name and value in turn.
func post(t *testing.T, s *server.Server, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.HTTPAddr.String()+"/query", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/sql")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, text, err := bodyOf(req)
	if resp == nil {
		t.Fatal(err)
	}
	return resp, text, err
}

// bodyOf is all of an answer.
func bodyOf(req *http.Request) (*http.Response, string, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

func TestQueryOverHTTP(t *testing.T) {
	s := local(t)
	const json = "application/json"
	for _, c := range []struct {
		name, body, kind, accept string
		status                   int
		want                     string // the answer; a prefix when it ends in "…"
	}{
		{"ddl", "CREATE TABLE t (id int PRIMARY KEY, n numeric, s text)", "", "", 200, `{"affected":0,"tag":"CREATE TABLE"}` + "\n"},
		{"dml", `{"sql": "INSERT INTO t VALUES ($1, $2, $3), (2, NULL, 'a,b')", "params": ["1", "1.50", "it's"]}`, json, "", 200, `{"affected":2,"tag":"INSERT 0 2"}` + "\n"},
		{"rows", "SELECT * FROM t ORDER BY id", "", "", 200, `{"id":1,"n":1.50,"s":"it's"}` + "\n" + `{"id":2,"n":null,"s":"a,b"}` + "\n"},
		{"csv", "SELECT * FROM t ORDER BY id", "", "text/csv;q=0.9, */*", 200, "id,n,s\n1,1.50,it's\n2,,\"a,b\"\n"},
		{"no rows", "SELECT * FROM t WHERE id = 9", "", "", 200, ""},
		{"parameter", `{"sql": "SELECT $1::int + 1 AS n", "params": [null]}`, json, "", 200, `{"n":null}` + "\n"},
		{"syntax", "SELEC 1", "", "", 400, `{"error":{"severity":"ERROR","code":"42601","message":"syntax error at or near \"SELEC\"","position":1}}` + "\n"},
		{"unique", "INSERT INTO t VALUES (1)", "", "", 400, `{"error":{"severity":"ERROR","code":"23505",…`},
		{"empty", "", "", "", 200, `{"affected":0,"tag":""}` + "\n"},
		{"two statements", "SELECT 1; SELECT 2", "", "", 400, `{"error":{"severity":"ERROR","code":"42601",…`},
		{"block", "BEGIN", "", "", 501, `{"error":{"severity":"ERROR","code":"0A000","message":"a transaction block…`},
		{"copy", "COPY t FROM STDIN", "", "", 501, `{"error":{"severity":"ERROR","code":"0A000",…`},
		{"params of another number", `{"sql": "SELECT $1::int", "params": []}`, json, "", 400, `{"error":{"severity":"ERROR","code":"08P01",…`},
		{"unknown member", `{"query": "SELECT 1"}`, json, "", 400, `{"error":{"severity":"ERROR","code":"08P01",…`},
		{"null", `null`, json, "", 400, `{"error":{"severity":"ERROR","code":"08P01",…`},
		{"two objects", `{"sql": "SELECT 1"} {}`, json, "", 400, `{"error":{"severity":"ERROR","code":"08P01",…`},
		{"number as parameter", `{"sql": "SELECT $1", "params": [1]}`, json, "", 400, `{"error":{"severity":"ERROR","code":"08P01","message":"the body must be {\"sql\": text, \"params\": [text or null, …]}","detail":"Member \"params\" cannot be of type number."}}` + "\n"},
		{"form", "SELECT 1", "application/x-www-form-urlencoded", "", 415, `{"error":…`},
		{"plain text", "SELECT 1", "text/plain", "", 415, `{"error":…`},
		{"format", "SELECT 1", "", "image/png", 406, `{"error":{"severity":"ERROR","code":"0A000",…`},
		{"no form", "SELECT NULL::xml AS a", "", "", 501, `{"error":…`},
	} {
		header := []string{}
		if c.kind != "" {
			header = append(header, "Content-Type", c.kind)
		}
		if c.accept != "" {
			header = append(header, "Accept", c.accept)
		}
		resp, got, err := post(t, s, c.body, header...)
		if err != nil || resp.StatusCode != c.status || !matches(got, c.want) {
			t.Errorf("%s: %d, %q, %v; want %d, %q", c.name, resp.StatusCode, got, err, c.status, c.want)
		}
	}
	// A page of another site may not ask, whatever it sends.
	if resp, _, _ := post(t, s, "SELECT 1", "Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 403 {
		t.Errorf("a page of another site: %d, want 403", resp.StatusCode)
	}
}

// series makes a table n of the numbers 1 to 100,000.
func series(t *testing.T, s *server.Server) {
	t.Helper()
	const digits = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
	for _, sql := range []string{"CREATE TABLE n (i int PRIMARY KEY)", "INSERT INTO n SELECT 1 + a + 10 * b + 100 * c + 1000 * d + 10000 * e FROM " +
		digits + " AS a(a), " + digits + " AS b(b), " + digits + " AS c(c), " + digits + " AS d(d), " + digits + " AS e(e)"} {
		if resp, got, err := post(t, s, sql); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %s, %v", sql, got, err)
		}
	}
}

func matches(got, want string) bool {
	if prefix, ok := strings.CutSuffix(want, "…"); ok {
		return strings.HasPrefix(got, prefix)
	}
	return got == want
}

// Rows that are out cannot be taken back: the error stands behind them and the answer is cut off,
// so that nobody takes it for the whole. The rows must not fit the first buffer.
func TestQueryFailsBehindRows(t *testing.T) {
	s := local(t)
	series(t, s)
	const sql = "SELECT i, 1 / (90000 - i) AS q FROM n ORDER BY i"
	resp, got, err := post(t, s, sql)
	if resp.StatusCode != 200 || err == nil || !strings.HasPrefix(got, `{"i":1,"q":0}`+"\n") {
		t.Fatalf("%d, %.40q…, %v", resp.StatusCode, got, err)
	}
	var last struct {
		Error struct{ Code, Message string }
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Error.Code != "22012" || len(lines) != 90_000 {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	for _, accept := range []string{"text/csv", "application/vnd.apache.arrow.stream"} {
		if resp, _, err := post(t, s, sql, "Accept", accept); resp.StatusCode == 200 && err == nil {
			t.Errorf("%s: a failed statement was answered as a whole one", accept)
		}
	}
}

// A subscription's changes come as they happen, and it ends with its client.
func TestSubscribeOverHTTP(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, sql := range []string{"CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)"} {
		post(t, s, sql)
	}
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTPAddr.String()+"/query", strings.NewReader("SUBSCRIBE TO t"))
	req.Header.Set("Content-Type", "application/sql")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := json.NewDecoder(resp.Body)
	for id := 1; id <= 3; id++ {
		var raw json.RawMessage
		err := in.Decode(&raw)
		var change struct {
			ID   int
			Diff int `json:"_diff"`
		}
		if err = errors.Join(err, json.Unmarshal(raw, &change)); err != nil || change.ID != id || change.Diff != 1 {
			t.Fatalf("%s, %v, want id %d", raw, err, id)
		}
		post(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", id+1))
	}
	cancel()
	if err := in.Decode(new(any)); err == nil {
		if err = in.Decode(new(any)); err == nil {
			t.Error("the subscription went on without its client")
		}
	}
}

func TestQueryArrow(t *testing.T) {
	s := local(t)
	series(t, s)
	resp, got, err := post(t, s, "SELECT i, i::text AS s FROM n", "Accept", "application/vnd.apache.arrow.stream")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	r, err := columnar.NewReader(bytes.NewReader([]byte(got)), 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows := 0
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows += rec.Rows()
	}
	if rows != 100_000 || strings.Join(r.Names(), " ") != "i s" {
		t.Errorf("%d rows of %v", rows, r.Names())
	}
}

// pyarrow and DuckDB read the answer as it comes from the socket.
func TestQueryArrowPeers(t *testing.T) {
	python := peers(t, "pyarrow", "duckdb")
	s := local(t)
	series(t, s)
	const script = `
import sys, urllib.request, pyarrow as pa, pyarrow.ipc, duckdb
req = urllib.request.Request(sys.argv[1], data=b"SELECT i, (i * 1.25)::numeric(10, 2) AS n, date '2026-01-01' + i AS d FROM n WHERE i <= 50000",
    headers={"Content-Type": "application/sql", "Accept": "application/vnd.apache.arrow.stream"})
t = pa.ipc.open_stream(urllib.request.urlopen(req)).read_all()
print(t.schema.field("n").type, t.num_rows, *duckdb.connect().execute("select sum(i), sum(n), max(d) from t").fetchone())
`
	out, err := osexec.Command(python, "-c", script, "http://"+s.HTTPAddr.String()+"/query").CombinedOutput()
	if want := "decimal128(10, 2) 50000 1250025000 1562531250.00 2162-11-24\n"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}
