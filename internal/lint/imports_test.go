// Package lint holds the rules of the house that a compiler does not: which package may
// import which, and how long a file may grow. It reads the sources itself, so that the test
// cache sees every file it depends on.
package lint

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tributary-db/tributary/"

// rank orders the layers; a package may import lower ranks only, and its own folder.
var rank = map[string]int{
	"internal": 0, "api": 0, "storage": 1, "catalog": 2, "planner": 3, "exec": 4, "session": 6,
	"pgwire": 7, "kafka": 7, "server": 8, "cmd": 9, "sqllogictest": 9, "test": 9, "bench": 9,
}

// forbidden pairs inside what the ranks allow: importer prefix -> imported prefix.
var forbidden = [][2]string{
	{"kafka", "exec"}, {"kafka", "planner"}, {"kafka", "session"},
	{"pgwire", "exec"}, {"pgwire", "planner"}, {"pgwire", "catalog"}, {"pgwire", "storage"}, {"pgwire", "session"},
	{"exec", "planner/parse"}, {"exec", "planner/bind"}, {"exec", "planner/rewrite"},
	{"internal", "storage"}, {"internal", "api"}, {"api", "internal"},
	// What an RPC needs of Kafka and of sessions stands in its own interfaces.
	{"server/rpc", "kafka"}, {"server/rpc", "pgwire"}, {"server/rpc", "session"}, {"server/rpc", "exec"}, {"server/rpc", "planner"},
	{"server/rpc", "catalog"}, {"server/rpc", "server/httpd"}, {"server/rpc", "server/flight"}, {"server/httpd", "server/rpc"}, {"server/flight", "server/rpc"},
}

// owners are the only packages that may import a third party's package (tests are free).
var owners = map[string][]string{
	"github.com/pganalyze/pg_query_go":  {"planner/parse", "planner/bind"},
	"github.com/cockroachdb/pebble":     {"storage/meta"},
	"github.com/apache/arrow/":          {"internal/columnar", "server/flight"},
	"github.com/aws/":                   {"storage/objstore"},
	"github.com/jackc/pgx/v5/pgproto3":  {"pgwire"},
	"github.com/twmb/franz-go/pkg/kmsg": {"kafka"},
	"github.com/twmb/franz-go/pkg/kerr": {"kafka"},
	"google.golang.org/grpc":            {"server/flight"},
	"connectrpc.com/":                   {"server/rpc", "api"},
	"google.golang.org/protobuf":        {"server/rpc", "api", "planner/parse", "planner/bind"},
	"github.com/xdg-go/":                {"internal/auth"},
	"github.com/pierrec/lz4":            {"internal/columnar/parquet", "internal/recordbatch", "storage/segment", "storage/state"},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	fset := token.NewFileSet()
	eachGoFile(t, root, func(path string) {
		rel, _ := filepath.Rel(root, path)
		pkg := filepath.ToSlash(filepath.Dir(rel))
		top, _, _ := strings.Cut(pkg, "/")
		file, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s: %v", rel, err)
			return
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			checkImport(t, rel, pkg, top, imported)
		}
	})
}

func checkImport(t *testing.T, rel, pkg, top, imported string) {
	isTest := strings.HasSuffix(rel, "_test.go")
	if own, ok := strings.CutPrefix(imported, module); ok {
		other, _, _ := strings.Cut(own, "/")
		if isTest {
			return
		}
		if testOnly(own) && !testOnly(pkg) && rank[top] != 9 {
			t.Errorf("%s: only tests may import %s", rel, own)
		}
		if rank[other] > rank[top] || (rank[other] == rank[top] && other != top) {
			t.Errorf("%s: %s may not import %s: imports run one way", rel, pkg, own)
		}
		for _, f := range forbidden {
			if under(pkg, f[0]) && under(own, f[1]) {
				t.Errorf("%s: %s may not import %s", rel, f[0], own)
			}
		}
		return
	}
	for prefix, pkgs := range owners {
		if !strings.HasPrefix(imported, prefix) || isTest || rank[top] == 9 {
			continue
		}
		allowed := false
		for _, p := range pkgs {
			allowed = allowed || under(pkg, p)
		}
		if !allowed {
			t.Errorf("%s: only %v may import %s", rel, pkgs, imported)
		}
	}
}

// testOnly packages are named for what they test: logtest, metatest.
func testOnly(pkg string) bool {
	name := pkg[strings.LastIndexByte(pkg, '/')+1:]
	return strings.HasSuffix(name, "test") && name != "test"
}

func under(pkg, prefix string) bool { return pkg == prefix || strings.HasPrefix(pkg, prefix+"/") }

func TestFileSizes(t *testing.T) {
	root := filepath.Join("..", "..")
	eachGoFile(t, root, func(path string) {
		if strings.HasSuffix(path, "_gen.go") || strings.HasSuffix(path, ".pb.go") || strings.HasSuffix(path, ".connect.go") {
			return
		}
		limit := 800
		if strings.HasSuffix(path, "_test.go") {
			limit = 1500
		}
		if n := countLines(t, path); n > limit {
			t.Errorf("%s has %d lines, limit %d: split it along a seam", path, n, limit)
		}
	})
}

func countLines(t *testing.T, path string) int {
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(src, []byte{'\n'})
}

func eachGoFile(t *testing.T, root string, visit func(path string)) {
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin") && d.Name() != ".." {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".go") {
			seen++
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 10 {
		t.Fatalf("only %d Go files found under %s: the walk is broken", seen, root)
	}
}
