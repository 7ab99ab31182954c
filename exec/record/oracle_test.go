package record_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/typetest"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// allTypes is a relation with a column of every type; names need quoting in JSON.
func allTypes() (*catalog.Relation, []sqltype.Type, string) {
	rel := &catalog.Relation{Name: "r", Kind: catalog.KindStream, Format: catalog.Format{Name: "json"}, TimestampColumn: -1}
	var types []sqltype.Type
	var ddl []string
	for i, t := range typetest.Types() {
		name := fmt.Sprintf("c%d é\"\\\t", i)
		rel.Columns = append(rel.Columns, catalog.Column{Name: name, Type: t.Type})
		types = append(types, t.Type)
		ddl = append(ddl, pgx.Identifier{name}.Sanitize()+" "+t.SQL)
	}
	return rel, types, "CREATE TABLE r (n int, " + strings.Join(ddl, ", ") + ")"
}

// fill puts the rows into PostgreSQL's table r.
func fill(t *testing.T, db *pgx.Conn, ddl string, texts [][]*string) {
	t.Helper()
	ctx := context.Background()
	if _, err := db.Exec(ctx, ddl); err != nil {
		t.Fatal(err)
	}
	for n, row := range texts {
		var b strings.Builder
		fmt.Fprintf(&b, "INSERT INTO r VALUES (%d", n)
		for _, v := range row {
			if v == nil {
				b.WriteString(", NULL")
				continue
			}
			b.WriteString(", '" + strings.ReplaceAll(*v, "'", "''") + "'")
		}
		if _, err := db.Exec(ctx, b.String()+")"); err != nil {
			t.Fatalf("%s: %v", b.String(), err)
		}
	}
}

func TestJSONAgainstPostgres(t *testing.T) {
	db := pgoracle.Start(t)
	rel, types, ddl := allTypes()
	cols, texts, err := typetest.Rows(rand.New(rand.NewPCG(1, 1)), types, 400)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, ddl, texts)
	enc, err := record.NewEncoder(rel)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(context.Background(), `SELECT row_to_json((SELECT x FROM (SELECT r.*) x))::text FROM r ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		_, value, _, err := enc.Row(cols, int32(i))
		if err != nil {
			t.Fatal(err)
		}
		_, w, _ = strings.Cut(w, ",") // n
		if got := string(value[1:]); got != w {
			t.Fatalf("row %d:\n got %s\nwant %s", i, got, w)
		}
	}
}

func TestCSVAgainstPostgres(t *testing.T) {
	db := pgoracle.Start(t)
	rel, types, ddl := allTypes()
	cols, texts, err := typetest.Rows(rand.New(rand.NewPCG(2, 2)), types, 300)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, ddl, texts)
	for _, delimiter := range []string{"", ";", "\t", "|", "a"} {
		rel.Format = catalog.Format{Name: "csv", Delimiter: delimiter}
		compareCSV(t, db, rel, cols, len(texts), "")
	}
	for i := range rel.Columns {
		one := *rel
		one.Columns = rel.Columns[i : i+1]
		one.Format.Delimiter = ""
		compareCSV(t, db, &one, cols[i:i+1], len(texts), pgx.Identifier{rel.Columns[i].Name}.Sanitize())
	}
}

// compareCSV compares each record of the relation with what COPY writes for its row.
func compareCSV(t *testing.T, db *pgx.Conn, rel *catalog.Relation, cols []delta.Column, n int, only string) {
	t.Helper()
	enc, err := record.NewEncoder(rel)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for i := range n {
		_, value, _, err := enc.Row(cols, int32(i))
		if err != nil {
			t.Fatal(err)
		}
		if value == nil {
			t.Fatalf("row %d of format csv is a tombstone", i)
		}
		got.Write(append(value, '\n'))
	}
	if only == "" {
		var names []string
		for _, c := range rel.Columns {
			names = append(names, pgx.Identifier{c.Name}.Sanitize())
		}
		only = strings.Join(names, ", ")
	}
	delimiter := ","
	if d := rel.Format.Delimiter; d != "" {
		delimiter = d
	}
	var want bytes.Buffer
	sql := fmt.Sprintf("COPY (SELECT %s FROM r ORDER BY n) TO STDOUT (FORMAT csv, DELIMITER '%s')", only, delimiter)
	if _, err := db.PgConn().CopyTo(context.Background(), &want, sql); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		g, w := strings.Split(got.String(), "\n"), strings.Split(want.String(), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("delimiter %q, line %d:\n got %q\nwant %q", delimiter, i, g[i], w[i])
			}
		}
		t.Fatalf("delimiter %q: %d lines, want %d", delimiter, len(g), len(w))
	}
}
