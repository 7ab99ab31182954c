package ballast

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBallast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ballast")
	free := int64(10 << 20)
	cfg := Config{Path: path, Size: 2 << 20, Keep: 8 << 20, Free: func() (int64, error) { return free, nil }}
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			return -1
		}
		return info.Size()
	}
	f, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Restore(); err != nil || size() != cfg.Size {
		t.Fatalf("%v, %d bytes", err, size())
	}
	if !f.Release() || size() != -1 {
		t.Fatal("released nothing")
	}
	if f.Release() {
		t.Fatal("released twice")
	}
	free--
	if err := f.Restore(); err != nil || size() != -1 {
		t.Fatalf("made without room: %v, %d bytes", err, size())
	}
	free++
	if err := f.Restore(); err != nil || size() != cfg.Size {
		t.Fatalf("%v, %d bytes", err, size())
	}
	if f, err = Open(cfg); err != nil || !f.Release() { // one that is there is taken over
		t.Fatalf("%v", err)
	}
	if err := f.Restore(); err != nil {
		t.Fatal(err)
	}
	cfg.Size = 0
	if _, err := Open(cfg); err != nil || size() != -1 {
		t.Fatalf("%v, %d bytes of a ballast that is not wanted", err, size())
	}
}

func TestNoFollowing(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "ballast")
	if err := os.WriteFile(target, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: path, Size: 1 << 20, Free: func() (int64, error) { return 1 << 40, nil }}); err == nil {
		t.Fatal("a link was taken for the ballast")
	}
}
