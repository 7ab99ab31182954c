package main

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/internal/nexmark"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
)

// command runs the program's command line and returns what it prints.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestGenerateNexmark(t *testing.T) {
	wide, err := command(t, "generate", "nexmark", "--events", "500", "--seed", "7")
	if err != nil || strings.Count(wide, "\n") != 500 {
		t.Fatalf("%d lines, %v", strings.Count(wide, "\n"), err)
	}
	again, _ := command(t, "generate", "nexmark", "--events", "500", "--seed", "7", "--table", "all")
	if again != wide {
		t.Error("the same seed gave other events")
	}
	if other, _ := command(t, "generate", "nexmark", "--events", "500", "--seed", "8"); other == wide {
		t.Error("another seed gave the same events")
	}
	// --table writes the bytes of the stream: those of the generator, the share of one kind.
	g, err := nexmark.New(nexmark.Config{Seed: 7, Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	want := map[nexmark.Table][]byte{}
	var e nexmark.Event
	for i := range int64(500) {
		g.At(i, &e)
		for _, table := range []nexmark.Table{nexmark.TablePerson, nexmark.TableAuction, nexmark.TableBid} {
			if table.Has(e.Kind) {
				want[table] = append(e.AppendFlat(want[table]), '\n')
			}
		}
	}
	for table, bytes := range want {
		got, err := command(t, "generate", "nexmark", "--events", "500", "--seed", "7", "--rate", "100", "--table", string(table))
		if err != nil || got != string(bytes) {
			t.Errorf("%s: %v, %d bytes, want %d", table, err, len(got), len(bytes))
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--table", "bids"}, {"--events", "-1"}, {"--rate", "-1"}, {"--base-time", "soon"}, {"--out-of-order", "953"}, {"more"},
	} {
		if out, err := command(t, append([]string{"generate", "nexmark"}, args...)...); err == nil || out != "" {
			t.Errorf("%v: %v, printed %q", args, err, out)
		}
	}
}

// TestGenerateReaderGone: a reader that has enough ends an endless generator without an error.
func TestGenerateReaderGone(t *testing.T) {
	o := generateOptions{table: "all", baseTime: "2015-07-15"}
	w := &limitedWriter{room: 1 << 20}
	if err := o.write(t.Context(), w); err != syscall.EPIPE {
		t.Errorf("%v", err)
	}
}

type limitedWriter struct{ room int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, syscall.EPIPE
	}
	return len(p), nil
}

func TestDebugSegment(t *testing.T) {
	files, _ := filepath.Glob("../../storage/segment/testdata/*.strm")
	if len(files) == 0 {
		t.Fatal("no golden segment found")
	}
	out, err := command(t, "debug", "segment", files[0], "--records")
	if err != nil || !strings.Contains(out, "segment version ") || !strings.Contains(out, "value ") {
		t.Errorf("%v\n%s", err, out)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.strm")
	if err := os.WriteFile(cut, whole[:len(whole)-7], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, "debug", "segment", cut); err == nil {
		t.Error("a segment without its end is printed without an error")
	}
}

func TestDebugCheckpoint(t *testing.T) {
	dir := t.TempDir()
	objects, err := objstore.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	store := checkpoint.NewStore(t.Context(), checkpoint.Config{Objects: objects, Local: true, Meta: metatest.OpenMemory(t), Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	info, err := store.Write(t.Context(), 7, func(w *checkpoint.Writer) (*checkpoint.Manifest, error) {
		parts, err := w.Parts(16384, map[string][]byte{checkpoint.PartRows: []byte("list")})
		return &checkpoint.Manifest{Boundary: 7, Tables: []checkpoint.Table{{OID: 16384, Parts: parts}}}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, checkpoint.ObjectPrefix, info.Object)
	out, err := command(t, "debug", "checkpoint", path)
	if err != nil || !strings.Contains(out, "boundary 7\n") || !strings.Contains(out, "table 16384: ") || !strings.Contains(out, "rows: list of 4 bytes") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := os.Truncate(path, 20); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, "debug", "checkpoint", path); err == nil {
		t.Error("a checkpoint without its end is printed without an error")
	}
}

func TestDebugLog(t *testing.T) {
	dir := t.TempDir()
	if _, err := command(t, "debug", "log", "--data-dir", filepath.Join(dir, "nothing")); err == nil {
		t.Error("a directory that is not there is printed")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("looking at a directory that is not there made %v, %v", entries, err)
	}
	store, err := meta.OpenPebble(filepath.Join(dir, "meta"), meta.PebbleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, "debug", "log", "--data-dir", dir); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a directory in use: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, "debug", "log", "--data-dir", dir); err != nil || out != "" {
		t.Errorf("an empty log: %v, %q", err, out)
	}
}
