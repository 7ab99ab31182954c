package server_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/storage/objstore"
)

// tree is what a directory holds; lock files and what only names a process are left out.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" || d.Name() == "+lock" {
			return err
		}
		b, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// same fails when a directory is not as it was.
func same(t *testing.T, what, dir string, before map[string]string) {
	t.Helper()
	after := tree(t, dir)
	for path, b := range before {
		if a, ok := after[path]; !ok || a != b {
			t.Errorf("%s: %s has changed", what, path)
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s: %s is new", what, path)
		}
	}
}

// filled starts a server, inserts rows from id from on into table t, and stops it.
func filled(t *testing.T, cfg *config.Settings, from, to int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	defer db.Close(ctx)
	exec(t, ctx, db, "CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, v text)")
	for id := from; id < to; id++ {
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO t VALUES (%d, 'v')", id))
	}
}

// counted is the number of rows in t.
func counted(t *testing.T, s *server.Server) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	defer db.Close(ctx)
	if err := db.QueryRow(ctx, "SELECT count(*) FROM t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wants(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in: %s", w, text)
		}
	}
}

// flagIn is the value that a refusal tells to give a flag.
func flagIn(t *testing.T, text, flag string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, flag+" ")
	if !ok {
		t.Fatalf("no %s in: %s", flag, text)
	}
	return strings.Fields(rest)[0]
}

// TestUsedPrefix: a second server does not get into a store that another has, and changes nothing
// there; the way on that it prints works, once.
func TestUsedPrefix(t *testing.T) {
	a, b := settings(t.TempDir()), settings(t.TempDir())
	a.InlineBytes = 0
	filled(t, a, 0, 30)
	b.ObjectStore = a.ObjectStore

	running := start(t, t.Context(), a)
	wants(t, refused(t, b), "in use by another server")
	stop(t, running)

	before := tree(t, a.DataDir)
	text := refused(t, b)
	wants(t, text, "belongs to cluster", "metadata", "is new")
	owner := flagIn(t, text, "--take-over")
	same(t, "a refused second server", a.DataDir, before)

	// With a database of its own.
	c := settings(t.TempDir())
	filled(t, c, 0, 3)
	c.ObjectStore = a.ObjectStore
	wants(t, refused(t, c), "belongs to cluster", "of its own")
	c.ObjectStore = "file://" + t.TempDir() + "/empty"
	wants(t, refused(t, c), "is empty", "is object_store right?")
	same(t, "a refused third server", a.DataDir, before)

	filled(t, a, 30, 31) // the first goes on

	b.TakeOver = "somebodyelse"
	wants(t, refused(t, b), "--take-over "+owner)
	b.TakeOver = owner
	filled(t, b, 100, 110)
	wants(t, refused(t, b), "take_over "+owner+" does not fit")
	b.TakeOver = ""
	filled(t, b, 110, 120)
	s := start(t, t.Context(), b)
	if n := counted(t, s); n != 20 {
		t.Errorf("%d rows after the take-over", n)
	}
	stop(t, s)
	wants(t, refused(t, a), "is written by metadata", "--take-over")
}

// TestFirstStartRepeated: a first start that dies anywhere in between can be repeated.
func TestFirstStartRepeated(t *testing.T) {
	for what, damage := range map[string]func(dir string) error{
		"nothing but cluster.json": func(dir string) error {
			return errors.Join(os.RemoveAll(dir+"/meta"), os.Remove(dir+"/meta.proof"), keepOnly(dir+"/objects", "cluster.json"))
		},
		"no writer.json":  func(dir string) error { return os.Remove(dir + "/objects/writer.json") },
		"no cluster.json": func(dir string) error { return os.Remove(dir + "/objects/cluster.json") },
	} {
		cfg := settings(t.TempDir())
		stop(t, start(t, t.Context(), cfg))
		if err := damage(cfg.DataDir); err != nil {
			t.Fatal(err)
		}
		t.Log(what)
		filled(t, cfg, 0, 5)
		s := start(t, t.Context(), cfg)
		if n := counted(t, s); n != 5 {
			t.Errorf("%s: %d rows", what, n)
		}
		stop(t, s)
	}
}

func keepOnly(dir, name string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != name {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// TestTakenOverWhileRunning: a server whose store another has claimed stops with one line before
// it deletes or replaces anything.
func TestTakenOverWhileRunning(t *testing.T) {
	cfg := settings(t.TempDir())
	filled(t, cfg, 0, 3)
	s := start(t, t.Context(), cfg)
	store := objstore.NewMem() // the claim of another, made by hand as the directory is locked
	info := objstore.WriterInfo{Cluster: strings.Repeat("C", 21) + "A", Meta: strings.Repeat("M", 21) + "A", Instance: strings.Repeat("I", 21) + "A", Writer: 1, Fence: 9}
	if _, err := objstore.Take(t.Context(), store, "", info); err != nil {
		t.Fatal(err)
	}
	b, _, err := objstore.ReadObject(t.Context(), store, "writer.json", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cfg.DataDir, "objects", "writer.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	snapshots := tree(t, filepath.Join(cfg.DataDir, "objects", "meta"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); !errors.Is(err, objstore.ErrFenced) {
		t.Errorf("stop: %v", err)
	}
	<-s.Lost()
	if err := s.LostTo(); !errors.Is(err, objstore.ErrFenced) || strings.Contains(err.Error(), "\n") {
		t.Errorf("lost to: %v", err)
	}
	same(t, "a fenced server", filepath.Join(cfg.DataDir, "objects", "meta"), snapshots)
	if after, err := os.ReadFile(path); err != nil || string(after) != string(b) {
		t.Error("the other's claim was replaced")
	}
}

// TestAcceptLoss: less metadata than was proven is refused and changes nothing; the printed
// command goes on with what is left, in a new timeline, and works once.
func TestAcceptLoss(t *testing.T) {
	for what, damage := range map[string]func(t *testing.T, dir string){
		"no metadata": func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "meta")); err != nil {
				t.Fatal(err)
			}
		},
		"a backup of before": func(t *testing.T, dir string) {
			if err := errors.Join(os.RemoveAll(dir+"/meta"), os.CopyFS(dir+"/meta", os.DirFS(dir+"/backup"))); err != nil {
				t.Fatal(err)
			}
		},
		"a damaged MANIFEST": func(t *testing.T, dir string) {
			for path := range tree(t, dir+"/meta") {
				if strings.HasPrefix(path, "/MANIFEST-") {
					if err := os.WriteFile(dir+"/meta"+path, []byte("damaged"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			cfg := settings(t.TempDir())
			cfg.InlineBytes = 0
			filled(t, cfg, 0, 20)
			if err := os.CopyFS(cfg.DataDir+"/backup", os.DirFS(cfg.DataDir+"/meta")); err != nil {
				t.Fatal(err)
			}
			filled(t, cfg, 20, 30)
			damage(t, cfg.DataDir)
			before := tree(t, cfg.DataDir)
			text := refused(t, cfg)
			t.Log(text)
			same(t, what, cfg.DataDir, before)
			cfg.AcceptLoss = "1:1"
			if got := refused(t, cfg); got != text {
				t.Errorf("with another value: %s", got)
			}
			cfg.AcceptLoss = flagIn(t, text, "--accept-loss")
			s := start(t, t.Context(), cfg)
			n := counted(t, s)
			t.Logf("%d of 30 rows", n)
			if n == 0 || n > 30 {
				t.Errorf("%d rows", n)
			}
			stop(t, s)
			wants(t, refused(t, cfg), "accept_loss", "does not fit")
			cfg.AcceptLoss = ""
			filled(t, cfg, 1000, 1005)
			filled(t, cfg, 1005, 1010)
			s = start(t, t.Context(), cfg)
			if got := counted(t, s); got != n+10 {
				t.Errorf("%d rows, then %d", n, got)
			}
			stop(t, s)
		})
	}
}

// TestDamagedTable: a table whose changelog is damaged fails alone, says so, and can be dropped.
func TestDamagedTable(t *testing.T) {
	for _, kind := range []string{"flipped", "missing"} {
		t.Run(kind, func(t *testing.T) {
			cfg := settings(t.TempDir())
			cfg.InlineBytes = 0
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s := start(t, ctx, cfg)
			db := connect(t, ctx, s)
			exec(t, ctx, db, "CREATE TABLE good (id int PRIMARY KEY)")
			exec(t, ctx, db, "INSERT INTO good VALUES (1), (2)")
			before := tree(t, cfg.DataDir+"/objects")
			whole := map[string]string{}
			exec(t, ctx, db, "CREATE TABLE bad (id int PRIMARY KEY)")
			exec(t, ctx, db, "CREATE MATERIALIZED VIEW over_bad AS SELECT count(*) AS n FROM bad")
			exec(t, ctx, db, "INSERT INTO bad VALUES (1), (2), (3)")
			for path, b := range tree(t, cfg.DataDir+"/objects") {
				if before[path] != "" || !strings.HasSuffix(path, ".strm") {
					continue
				}
				path = cfg.DataDir + "/objects" + path
				whole[path] = b
				changed := []byte(b)
				changed[len(b)/3] ^= 1
				err := os.WriteFile(path, changed, 0o600)
				if kind == "missing" {
					err = os.Remove(path)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			stop(t, s)
			// Without its checkpoints the start has to read the changelog.
			if err := os.RemoveAll(cfg.DataDir + "/objects/state"); err != nil {
				t.Fatal(err)
			}
			s = start(t, ctx, cfg)
			db = connect(t, ctx, s)
			var n int
			if err := db.QueryRow(ctx, "SELECT count(*) FROM good").Scan(&n); err != nil || n != 2 {
				t.Errorf("the good table: %d, %v", n, err)
			}
			for _, sql := range []string{"SELECT * FROM bad", "INSERT INTO bad VALUES (9)", "UPDATE bad SET id = id + 1"} {
				_, err := db.Exec(ctx, sql)
				if got := outcome(err); !strings.HasPrefix(got, "XX001") || !strings.Contains(got, `table "bad" cannot be read`) {
					t.Errorf("%s: %s", sql, got)
				}
			}
			if _, err := db.Exec(ctx, "SELECT * FROM over_bad"); err == nil {
				t.Error("the view over it answers")
			} else {
				t.Logf("the view: %v", err)
			}
			var state, code, detail string
			if err := db.QueryRow(ctx, "SELECT state, sqlstate, detail FROM tributary.tables WHERE name = 'bad'").Scan(&state, &code, &detail); err != nil || state != "failed" || code != "XX001" || detail == "" {
				t.Errorf("tributary.tables: %s %s %s, %v", state, code, detail, err)
			}
			if _, err := db.Exec(ctx, "ALTER TABLE bad REBUILD"); !strings.HasPrefix(outcome(err), "XX001") {
				t.Errorf("REBUILD of what is still damaged: %v", err)
			}
			for path, b := range whole {
				if err := os.WriteFile(path, []byte(b), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			exec(t, ctx, db, "ALTER TABLE bad REBUILD")
			exec(t, ctx, db, "INSERT INTO bad VALUES (4)")
			if err := db.QueryRow(ctx, "SELECT count(*) FROM bad").Scan(&n); err != nil || n != 4 {
				t.Errorf("the table that was rebuilt: %d, %v", n, err)
			}
			if err := db.QueryRow(ctx, "SELECT n FROM over_bad").Scan(&n); err != nil || n != 4 {
				t.Errorf("the view over it: %d, %v", n, err)
			}
			exec(t, ctx, db, "INSERT INTO good VALUES (3)")
			exec(t, ctx, db, "DROP MATERIALIZED VIEW over_bad")
			exec(t, ctx, db, "DROP TABLE bad")
			stop(t, s)
			s = start(t, ctx, cfg)
			db = connect(t, ctx, s)
			if err := db.QueryRow(ctx, "SELECT count(*) FROM good").Scan(&n); err != nil || n != 3 {
				t.Errorf("the good table after the drop: %d, %v", n, err)
			}
			exec(t, ctx, db, "CREATE TABLE bad (id int PRIMARY KEY)")
			stop(t, s)
		})
	}
}
