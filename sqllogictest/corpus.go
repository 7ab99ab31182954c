package sqllogictest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoCorpus says that the shared corpus, or a program to unpack it, is not here.
var ErrNoCorpus = errors.New("no sqllogictest corpus")

// Unpack unpacks the shared corpus's archive into dir and returns the folder that its file
// names are relative to.
func Unpack(ctx context.Context, archive, dir string) (string, error) {
	if _, err := os.Stat(archive); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCorpus, err)
	}
	tar, err := exec.LookPath("tar")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCorpus, err)
	}
	if _, err := exec.LookPath("xz"); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCorpus, err)
	}
	if out, err := exec.CommandContext(ctx, tar, "-xJf", archive, "-C", dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack %s: %w: %s", archive, err, out)
	}
	return filepath.Join(dir, "test"), nil
}

// Smoke is a file of the corpus that every change is held to, and how many of its records
// PostgreSQL passes, in every mode: the floor for a server that supports all of them.
type Smoke struct {
	File   string
	Passes int
}

// SmokeFiles together have 40,945 queries that apply. slt_lang_aggfunc halts, for every
// engine but SQLite, before its queries.
var SmokeFiles = []Smoke{
	{"random/groupby/slt_good_0.test", 9050},
	{"random/select/slt_good_12.test", 9072},
	{"random/expr/slt_good_29.test", 10009},
	{"random/aggregates/slt_good_56.test", 9084},
	{"index/random/1000/slt_good_4.test", 1032},
	{"index/delete/1/slt_good_0.test", 10907},
	{"evidence/slt_lang_aggfunc.test", 5},
	{"evidence/slt_lang_update.test", 24},
}

// Suites lists the .slt files under dir, as paths relative to it.
func Suites(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".slt") {
			rel, relErr := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(rel))
			return relErr
		}
		return err
	})
	return out, err
}
