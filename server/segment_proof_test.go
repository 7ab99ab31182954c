package server_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/objstore"
)

// TestOlderMetadataIsRefused: the data directory comes back from a backup, and of all that was
// written since only segments are left in the store, as behind a crash: they say how far the
// log went.
func TestOlderMetadataIsRefused(t *testing.T) {
	cfg := onS3(t)
	filled(t, cfg, 0, 3)
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(cfg.DataDir)); err != nil {
		t.Fatal(err)
	}
	before := objects(t, cfg.ObjectStore)
	filled(t, cfg, 3, 20)

	store := openStore(t, cfg.ObjectStore)
	for key := range objects(t, cfg.ObjectStore) {
		if _, old := before[key]; !old && !strings.HasPrefix(key, "log/") {
			if err := store.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	for key, content := range before {
		if _, err := store.Put(t.Context(), key, [][]byte{content}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(cfg.DataDir, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := refused(t, cfg)
	wants(t, text, "log/", ".strm", "proves commit", "--accept-loss")
	cfg.AcceptLoss = flagIn(t, text, "--accept-loss")
	s := start(t, t.Context(), cfg)
	defer stop(t, s)
	if n := counted(t, s); n != 3 {
		t.Errorf("%d rows, the backup has 3", n)
	}
}

func openStore(t *testing.T, url string) objstore.Store {
	t.Helper()
	store, err := objstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// objects is everything in a store.
func objects(t *testing.T, url string) map[string][]byte {
	t.Helper()
	store, out := openStore(t, url), map[string][]byte{}
	for info, err := range store.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		content := make([]byte, info.Size)
		if _, err := store.GetRange(t.Context(), info.Key, 0, content); err != nil {
			t.Fatal(err)
		}
		out[info.Key] = bytes.Clone(content)
	}
	return out
}
