package builtin

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestGenerated runs the generator again and compares.
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
	cmd := exec.Command("go", "run", "gen.go", "-dsn", dsn, "-out", out)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, msg)
	}
	for _, name := range []string{"funcs", "operators", "casts", "types"} {
		want, err := os.ReadFile(filepath.Join(out, name+"_gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(name + "_gen.go")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, have) {
			t.Errorf("%s_gen.go is stale: go generate ./catalog/builtin", name)
		}
	}
}

func TestFunc(t *testing.T) {
	f := FuncByOID(177)
	if f == nil || f.Name != "int4pl" || f.Ret != sqltype.Int4 || !f.Strict || f.Volatile != 'i' || !f.MayFail || f.Symbol != "int4pl" {
		t.Fatalf("int4pl = %+v", f)
	}
	if f := FuncByOID(65); f.MayFail {
		t.Errorf("int4eq is said to fail")
	}
	if f := FuncByOID(3058); f.Name != "concat" || !f.Variadic || f.Strict {
		t.Errorf("concat = %+v", f)
	}
	if f := FuncByOID(3464); f.Defaults != 7 || len(f.ArgNames) != 7 || f.ArgNames[6] != "secs" || len(DefaultArgs(f)) != 7 {
		t.Errorf("make_interval = %+v", f)
	}
	if n := len(FuncsByName("abs")); n != 6 {
		t.Errorf("%d functions named abs", n)
	}
	if FuncsByName("no_such_function") != nil || FuncByOID(1) != nil {
		t.Error("found a function that is none")
	}
	for _, name := range []string{"tumble", "tumble_start", "tumble_end"} {
		if n := len(FuncsByName(name)); n != 2 {
			t.Errorf("%d functions named %s", n, name)
		}
	}
}

func TestRowsAgree(t *testing.T) {
	seen := map[uint32]bool{}
	for _, f := range Funcs() {
		if seen[f.OID] {
			t.Errorf("OID %d twice", f.OID)
		}
		seen[f.OID] = true
		if f.Variadic && len(f.Args) == 0 {
			t.Errorf("%s is variadic without arguments", f.Name)
		}
	}
	for _, o := range Operators() {
		f := FuncByOID(o.Func)
		if f == nil {
			t.Errorf("operator %d %s has no function %d", o.OID, o.Name, o.Func)
			continue
		}
		want := []sqltype.OID{o.Left, o.Right}
		if o.Left == 0 {
			want = want[1:]
		}
		if len(f.Args) != len(want) || f.Ret != o.Result {
			t.Errorf("operator %d %s does not fit function %s", o.OID, o.Name, f.Name)
		}
	}
	for _, c := range castRows {
		if c.Method == 'f' && FuncByOID(c.Func) == nil {
			t.Errorf("cast %d to %d has no function %d", c.Source, c.Target, c.Func)
		}
	}
}

func TestAggregates(t *testing.T) {
	if n := len(Aggregates("count")); n != 2 {
		t.Errorf("%d aggregates named count", n)
	}
	for _, f := range Aggregates("sum") {
		if f.AggKind != 'n' {
			t.Errorf("sum %d has kind %q", f.OID, f.AggKind)
		}
	}
	if Aggregates("lower") != nil {
		t.Error("lower is no aggregate")
	}
}

func TestBtree(t *testing.T) {
	for oid := range cmpFuncs {
		b, ok := BtreeOf(oid)
		if !ok || b.Eq == 0 || b.Ne == 0 || b.Lt == 0 || b.Le == 0 || b.Gt == 0 || b.Ge == 0 {
			t.Errorf("type %d: %+v", oid, b)
		}
		cmp := FuncByOID(b.Cmp)
		if cmp == nil || len(cmp.Args) != 2 || cmp.Args[0] != oid || cmp.Args[1] != oid || cmp.Ret != sqltype.Int4 {
			t.Errorf("type %d: comparison function %d does not fit: %+v", oid, b.Cmp, cmp)
		}
	}
	if b, ok := BtreeOf(sqltype.Varchar); !ok || b.On != sqltype.Text || b.Eq != 67 {
		t.Errorf("varchar compares by %+v", b)
	}
	if _, ok := EqualityOf(sqltype.JSON); ok {
		t.Error("json has no equality")
	}
}

func TestCast(t *testing.T) {
	if c := CastFor(sqltype.Int4, sqltype.Int8); c == nil || c.Context != 'i' || c.Method != 'f' || c.Func != 481 {
		t.Errorf("int4 to int8: %+v", c)
	}
	if c := CastFor(sqltype.Varchar, sqltype.Varchar); c == nil || c.Func != 669 {
		t.Errorf("varchar's length coercion: %+v", c)
	}
	if c := CastFor(sqltype.Varchar, sqltype.Text); c == nil || c.Method != 'b' {
		t.Errorf("varchar to text: %+v", c)
	}
	if c := CastFor(sqltype.Bool, sqltype.Date); c != nil {
		t.Errorf("bool to date: %+v", c)
	}
}

func TestType(t *testing.T) {
	if x := TypeByOID(sqltype.Text); x == nil || x.Category != 'S' || !x.Preferred || x.Array != 1009 {
		t.Errorf("text: %+v", x)
	}
	if x := TypeByName("float8"); x == nil || x.OID != sqltype.Float8 || !x.Preferred {
		t.Errorf("float8: %+v", x)
	}
}
