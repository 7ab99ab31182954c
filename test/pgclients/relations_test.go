package pgclients

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// internalTypes are columns that nothing fills, whose type is told as another one.
var internalTypes = []string{"pg_catalog.pg_stats_ext", "pg_catalog.pg_statistic_ext_data"}

// TestEveryRelation reads every relation of pg_catalog and information_schema whole, and compares its columns with
// those of PostgreSQL.
func TestEveryRelation(t *testing.T) {
	ctx := t.Context()
	oracleOIDs(t)
	oracle := pgoracle.Start(t)
	s := harness.Start(t, t.TempDir())
	dsn := fmt.Sprintf("host=%s port=%s user=tributary dbname=tributary sslmode=disable", s.PGHost, s.PGPort)
	fixture(t, ctx, dsn)
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	names, err := pgx.CollectRows(must(oracle.Query(ctx, `SELECT nspname || '.' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname IN ('pg_catalog', 'information_schema') AND relkind IN ('r', 'v') AND c.oid < 16384 ORDER BY 1`)), pgx.RowTo[string])
	if err != nil || len(names) < 200 {
		t.Fatalf("%d relations: %v", len(names), err)
	}
	for _, name := range names {
		want, err := oracle.PgConn().Prepare(ctx, "", "SELECT * FROM "+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		have := conn.PgConn().ExecParams(ctx, "SELECT * FROM "+name, nil, nil, nil, nil).Read()
		if have.Err != nil {
			t.Errorf("%s: %v", name, have.Err)
			continue
		}
		described, err := conn.PgConn().Prepare(ctx, "", "SELECT * FROM "+name, nil)
		if err != nil || len(described.Fields) != len(want.Fields) {
			t.Errorf("%s: %v: %d columns, want %d", name, err, len(described.Fields), len(want.Fields))
			continue
		}
		for i, w := range want.Fields {
			h := described.Fields[i]
			if h.Name != w.Name || h.DataTypeOID != w.DataTypeOID && !slices.Contains(internalTypes, name) {
				t.Errorf("%s: column %d is %s of type %d, want %s of type %d", name, i+1, h.Name, h.DataTypeOID, w.Name, w.DataTypeOID)
			}
		}
	}
}

func must(rows pgx.Rows, err error) pgx.Rows {
	if err != nil {
		panic(err)
	}
	return rows
}
