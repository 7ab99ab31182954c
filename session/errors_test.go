package session

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// Packages whose sentinels can reach a session.
var sentinelPackages = []string{
	"storage/log", "storage/meta", "storage/objstore", "storage/segment", "storage/state",
	"internal/recordbatch", "internal/delta", "catalog",
}

// neverLeave are sentinels that their own package or its caller always handles.
var neverLeave = map[string]string{
	"recordbatch.ErrFull":      "the builder's caller starts the next record batch",
	"objstore.ErrDamaged":      "ends the start",
	"objstore.ErrOtherCluster": "ends the start",
}

// TestSentinelsAreMapped reads the sources: a sentinel that errors.go does not name would reach
// the user as an internal error.
func TestSentinelsAreMapped(t *testing.T) {
	table, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, dir := range sentinelPackages {
		for _, name := range sentinelsIn(t, filepath.Join("..", dir)) {
			found++
			if neverLeave[name] == "" && !strings.Contains(string(table), "{"+name+",") {
				t.Errorf("%s is not mapped to an SQLSTATE in session/errors.go", name)
			}
		}
	}
	if found < 30 {
		t.Fatalf("found only %d sentinels: the search is broken", found)
	}
}

func sentinelsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, name := range spec.Names {
				if i < len(spec.Values) && strings.HasPrefix(name.Name, "Err") && isErrorsNew(spec.Values[i]) {
					out = append(out, file.Name.Name+"."+name.Name)
				}
			}
			return true
		})
	}
	return out
}

func isErrorsNew(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "New" && fmt.Sprint(sel.X) == "errors"
}

func TestUserError(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		err  error
		code sqlerr.Code
	}{
		{sqlerr.New(sqlerr.UniqueViolation, "x"), sqlerr.UniqueViolation},
		{fmt.Errorf("deep: %w", log.ErrTooLarge), sqlerr.ProgramLimitExceeded},
		{errors.New("nobody knows"), sqlerr.InternalError},
	} {
		if got := sqlerr.CodeOf(userError(c.err, quiet)); got != c.code {
			t.Errorf("%v: code %s, want %s", c.err, got, c.code)
		}
	}
}

// TestFullSaysFigures: what is refused for want of room says how much there is and how much is wanted.
func TestFullSaysFigures(t *testing.T) {
	err := userError(fmt.Errorf("write: %w", &log.FullError{Free: 3 << 20, Reserve: 256 << 20}), slog.New(slog.DiscardHandler))
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Code != sqlerr.DiskFull || e.Detail != "3 MB of the disk are free, and disk_reserve is 256 MB." {
		t.Errorf("%+v", err)
	}
}
