package bootstrap

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestGenerated runs the generator again and compares what does not depend on the build of PostgreSQL.
func TestGenerated(t *testing.T) {
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed: skipped")
	}
	dsn := pgoracle.DSN(t)
	version := ""
	if err := pgoracle.Connect(t, dsn).QueryRow(t.Context(), "SHOW server_version_num").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version, "15") {
		t.Skipf("the catalogs are those of PostgreSQL 15, the server is %s: skipped", version)
	}
	out := t.TempDir()
	if msg, err := exec.Command("go", "run", "gen.go", "-dsn", dsn, "-out", out).CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, msg)
	}
	for _, name := range []string{"pg_cast", "pg_operator", "pg_proc", "pg_am", "pg_amop"} {
		want, err := os.ReadFile(filepath.Join(out, "rows", name+".tsv"))
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(filepath.Join("rows", name+".tsv"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, have) {
			t.Errorf("rows/%s.tsv is stale: go generate ./catalog/bootstrap", name)
		}
	}
}

// TestRows: each row has as many fields as its relation has columns.
func TestRows(t *testing.T) {
	seen := 0
	for _, r := range Relations() {
		if len(r.Columns) == 0 || r.OID == 0 || r.RowType == 0 {
			t.Errorf("%s: %+v", r.Name, r)
		}
		for _, row := range Rows(r.Name) {
			seen++
			if len(row) != len(r.Columns) {
				t.Fatalf("%s: %d fields for %d columns: %q", r.Name, len(row), len(r.Columns), row)
			}
		}
	}
	if seen < 5000 {
		t.Errorf("%d rows", seen)
	}
	if row := ByOID("pg_type", 23); row[1] != "int4" {
		t.Errorf("%q", row)
	}
	if rows := Named("pg_proc", "abs"); len(rows) != 6 {
		t.Errorf("%d functions abs", len(rows))
	}
}
