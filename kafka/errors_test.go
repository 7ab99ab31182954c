package kafka

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/storage/log"
)

// TestEverySentinelIsMapped reads the sources of the packages whose errors reach clients and
// looks up every exported Err… variable in the source of errorCodes.
func TestEverySentinelIsMapped(t *testing.T) {
	table, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dir, qualifier := range map[string]string{
		".": "", "group": "group.", "../storage/log": "log.", "../storage/meta": "meta.", "../internal/recordbatch": "recordbatch.",
	} {
		for _, name := range sentinels(t, dir) {
			seen++
			if name == "ErrServerClosed" {
				continue // of Serve's caller
			}
			if !strings.Contains(string(table), "{"+qualifier+name+", kerr.") {
				t.Errorf("%s%s has no Kafka code in errors.go", qualifier, name)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d sentinels found", seen)
	}
}

func sentinels(t *testing.T, dir string) (names []string) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(id.Name, "Err") {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

func TestCodes(t *testing.T) {
	for _, e := range errorCodes {
		if got := codeOf(fmt.Errorf("around: %w", e.sentinel)); got == 0 || got == kerr.UnknownServerError.Code {
			t.Errorf("%v: code %d", e.sentinel, got)
		}
	}
	if got := codeOf(errors.New("nobody knows")); got != -1 {
		t.Errorf("unmapped error: code %d", got)
	}
	if codeOf(nil) != 0 {
		t.Error("nil has a code")
	}
	for _, err := range []error{log.ErrUnavailable, log.ErrClosed, log.ErrPoisoned, log.ErrCorrupt} {
		if code := fetchCode(err); !kerr.ErrorForCode(code).(*kerr.Error).Retriable || code == kerr.RequestTimedOut.Code {
			t.Errorf("%v in a Fetch answer is %v", err, kerr.ErrorForCode(code))
		}
	}
}
