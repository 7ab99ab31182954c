package server_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// explained is what EXPLAIN (ANALYZE, FORMAT JSON) gives.
type explained struct {
	Plan      explainedNode
	Planning  float64 `json:"Planning Time"`
	Execution float64 `json:"Execution Time"`
}

type explainedNode struct {
	Type    string  `json:"Node Type"`
	Startup float64 `json:"Actual Startup Time"`
	Total   float64 `json:"Actual Total Time"`
	Rows    int64   `json:"Actual Rows"`
	Shards  int     `json:"Shards"`
	Memory  int64   `json:"Memory Bytes"`
	Temp    int64   `json:"Temp Written Bytes"`
	Read    int64   `json:"Blocks Read"`
	Skipped int64   `json:"Blocks Skipped"`
	Plans   []explainedNode
}

// visit calls f for n and all below it.
func (n *explainedNode) visit(f func(n *explainedNode)) {
	f(n)
	for i := range n.Plans {
		n.Plans[i].visit(f)
	}
}

// find is the first node whose type holds a word.
func (n *explainedNode) find(word string) *explainedNode {
	var found *explainedNode
	n.visit(func(n *explainedNode) {
		if found == nil && strings.Contains(n.Type, word) {
			found = n
		}
	})
	if found == nil {
		return &explainedNode{Type: "no " + word}
	}
	return found
}

func analyze(t *testing.T, ctx context.Context, db *pgx.Conn, sql string) explained {
	t.Helper()
	var text string
	rows, err := db.Query(ctx, "EXPLAIN (ANALYZE, FORMAT JSON) "+sql, pgx.QueryExecModeExec)
	if err != nil {
		t.Fatal(sql, err)
	}
	if oid := rows.FieldDescriptions()[0].DataTypeOID; oid != 114 {
		t.Fatalf("the type of the plan is %d, want 114 (json)", oid)
	}
	if _, err := pgx.ForEachRow(rows, []any{&text}, func() error { return nil }); err != nil {
		t.Fatal(sql, err)
	}
	var out []explained
	if err := json.Unmarshal([]byte(text), &out); err != nil || len(out) != 1 {
		t.Fatalf("%s: %v in %s", sql, err, text)
	}
	return out[0]
}

// TestExplainAnalyze: each node is told the rows that it gave, its time, and what it held and spilled, on
// one shard and on two; a statement that writes has written.
func TestExplainAnalyze(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	series(t, s)
	for _, c := range []struct {
		shards, memory string
		spills         bool
	}{{"1", "64MB", false}, {"2", "64MB", false}, {"1", "64kB", true}, {"2", "64kB", true}} {
		exec(t, ctx, db, "SET shards = "+c.shards)
		exec(t, ctx, db, "SET min_shard_rows = 1")
		exec(t, ctx, db, "SET work_memory = '"+c.memory+"'")
		e := analyze(t, ctx, db, "SELECT i / 4, count(*) FROM n WHERE i > 50000 GROUP BY 1 ORDER BY 2, 1")
		scan, filter, group, sort := e.Plan.find("Scan"), e.Plan.find("Filter"), e.Plan.find("GroupAggregate"), e.Plan.find("Sort")
		// Blocks without a row that the filter wants were passed by; of one that has some all rows come.
		if scan.Rows < 50_000 || scan.Rows > 60_000 || scan.Skipped == 0 || scan.Read*1024 < scan.Rows || filter.Rows != 50_000 || group.Rows != 12_501 || sort.Rows != 12_501 || e.Plan.Rows != 12_501 {
			t.Errorf("%+v: rows of scan %d, filter %d, group %d, sort %d, root %d", c, scan.Rows, filter.Rows, group.Rows, sort.Rows, e.Plan.Rows)
		}
		if want := int(c.shards[0] - '0'); scan.Shards != want || filter.Shards != want {
			t.Errorf("%+v: scan on %d shards, filter on %d", c, scan.Shards, filter.Shards)
		}
		if (group.Temp+sort.Temp > 0) != c.spills || group.Memory+sort.Memory == 0 {
			t.Errorf("%+v: %d bytes spilled, %d held", c, group.Temp+sort.Temp, group.Memory+sort.Memory)
		}
		if e.Execution <= 0 || e.Planning <= 0 {
			t.Errorf("%+v: planning %v, execution %v", c, e.Planning, e.Execution)
		}
		e.Plan.visit(func(n *explainedNode) {
			for _, in := range n.Plans {
				if in.Total > n.Total+0.001 || n.Startup > n.Total+0.001 || n.Total > e.Execution+0.001 && c.shards == "1" {
					t.Errorf("%+v: %s takes %v, %s below it %v, all %v", c, n.Type, n.Total, in.Type, in.Total, e.Execution)
				}
			}
		})
	}
	explainedWrites(t, ctx, db)
	explainedForms(t, ctx, db)
}

// explainedWrites: EXPLAIN ANALYZE of a statement that writes runs it, in the transaction.
func explainedWrites(t *testing.T, ctx context.Context, db *pgx.Conn) {
	t.Helper()
	count := func(want int64) {
		t.Helper()
		var n int64
		if err := db.QueryRow(ctx, "SELECT count(*) FROM n").Scan(&n); err != nil || n != want {
			t.Fatalf("%d rows, want %d (%v)", n, want, err)
		}
	}
	exec(t, ctx, db, "BEGIN")
	if e := analyze(t, ctx, db, "INSERT INTO n SELECT i + 1000000 FROM n WHERE i <= 10 RETURNING i"); e.Plan.Rows != 10 {
		t.Errorf("%+v", e)
	}
	count(100_010)
	if e := analyze(t, ctx, db, "DELETE FROM n WHERE i > 1000000"); e.Plan.Rows != 10 {
		t.Errorf("%+v", e)
	}
	count(100_000)
	exec(t, ctx, db, "EXPLAIN ANALYZE DELETE FROM n")
	exec(t, ctx, db, "ROLLBACK")
	exec(t, ctx, db, "EXPLAIN DELETE FROM n")
	count(100_000)
	exec(t, ctx, db, "EXPLAIN (ANALYZE) INSERT INTO n VALUES (-1) ON CONFLICT (i) DO UPDATE SET i = n.i")
	exec(t, ctx, db, "EXPLAIN (ANALYZE) UPDATE n SET i = -2 WHERE i = -1")
	count(100_001)
	for sql, want := range map[string]string{
		"EXPLAIN ANALYZE SELECT 1 / (i - 5) FROM n":             "22012",
		"EXPLAIN ANALYZE INSERT INTO n VALUES (5)":              "23505",
		"EXPLAIN ANALYZE SUBSCRIBE TO n":                        "0A000",
		"EXPLAIN ANALYZE CREATE MATERIALIZED VIEW v AS TABLE n": "0A000",
	} {
		if _, err := db.Exec(ctx, sql); !strings.HasPrefix(outcome(err), want) {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	count(100_001)
}

// explainedForms: each format is whole, and says the same.
func explainedForms(t *testing.T, ctx context.Context, db *pgx.Conn) {
	t.Helper()
	text := func(sql string) string {
		t.Helper()
		res, err := db.PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			t.Fatal(sql, err)
		}
		var b strings.Builder
		for _, row := range res[0].Rows {
			fmt.Fprintf(&b, "%s\n", row[0])
		}
		return b.String()
	}
	const query = `SELECT max(i) FROM n, (VALUES ('a: "<b>"'), ('c')) AS v(t) WHERE i < 10 AND t <> 'c'`
	out := text("EXPLAIN (FORMAT XML, ANALYZE) " + query)
	var x struct {
		Query struct {
			Plan struct {
				Type string `xml:"Node-Type"`
				Rows int64  `xml:"Actual-Rows"`
			}
			Time float64 `xml:"Execution-Time"`
		}
	}
	if err := xml.Unmarshal([]byte(out), &x); err != nil || x.Query.Plan.Rows != 1 || x.Query.Plan.Type == "" || x.Query.Time <= 0 {
		t.Errorf("%v, %+v of %s", err, x, out)
	}
	if out := text("EXPLAIN (FORMAT YAML, ANALYZE, TIMING off, SUMMARY off) " + query); !strings.HasPrefix(out, "- Plan: \n    Node Type: \"") ||
		!strings.Contains(out, "\n    Actual Rows: 1\n") || strings.Contains(out, "Time") || !strings.Contains(out, `- "('a: \"<b>\"'`) {
		t.Error(out)
	}
	plain := text("EXPLAIN " + query)
	out = text("EXPLAIN (ANALYZE, TIMING off, SUMMARY off) " + query)
	if strings.Contains(plain, "actual") || !strings.Contains(out, "(actual rows=1 loops=1)") || strings.Contains(out, "time=") {
		t.Error(plain, out)
	}
	if out := text("EXPLAIN ANALYZE " + query); !strings.Contains(out, "(actual time=0.") || !strings.Contains(out, "\nExecution Time: ") {
		t.Error(out)
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(text("EXPLAIN (FORMAT JSON) "+query)), &list); err != nil || list[0]["Plan"] == nil || list[0]["Execution Time"] != nil {
		t.Error(err, list)
	}
}
