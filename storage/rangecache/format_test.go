package rangecache_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/tributary-db/tributary/storage/rangecache"
)

var update = flag.Bool("update", false, "write testdata/1.pack")

// TestGolden: a pack is the bytes that docs/formats/range-cache.md describes, in every version of the server.
func TestGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		c := run(t, rangecache.Config{Dir: dir, Limit: 1 << 20})
		c.Put("log/1f/1-1-2-0123456789abcdef.strm", -65536, []byte("an index"))
		c.Put("log/1f/1-1-2-0123456789abcdef.strm", 16, []byte("records"))
		synctest.Wait()
		c.stop()
		got, err := os.ReadFile(rangecache.PackPath(dir, 1))
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "1.pack")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("a pack is not the golden one any more (%v):\n%q\n%q", err, got, want)
		}
	})
}

// FuzzScan: any bytes are entries within the file, or none.
func FuzzScan(f *testing.F) {
	golden, err := os.ReadFile(filepath.Join("testdata", "1.pack"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add(golden[:20])
	f.Add([]byte("TRRC\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		err := rangecache.ScanFile(path, int64(len(data)), func(object string, _, length, at int64) {
			if at <= last || at+length > int64(len(data)) || len(object) > 1024 {
				t.Errorf("an entry of %d bytes at %d in %d", length, at, len(data))
			}
			last = at
		})
		if err != nil {
			t.Error(err)
		}
	})
}
