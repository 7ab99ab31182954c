package metatest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
)

func put(key, value string) meta.Write {
	return meta.Write{Key: []byte(key), Value: []byte(value)}
}

func commit(t *testing.T, s meta.Store, writes ...meta.Write) {
	t.Helper()
	if err := s.Commit(context.Background(), meta.Txn{Writes: writes}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s meta.Store, key string) (value string, version uint64) {
	t.Helper()
	err := s.Read(context.Background(), func(snap meta.Snapshot) error {
		v, n, err := snap.Get([]byte(key))
		value, version = string(v), n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value, version
}

func expect(t *testing.T, s meta.Store, key, want string) uint64 {
	t.Helper()
	value, version := get(t, s, key)
	if value != want || version == 0 {
		t.Fatalf("%q = %q (version %d), want %q", key, value, version, want)
	}
	return version
}

func expectAbsent(t *testing.T, s meta.Store, key string) {
	t.Helper()
	if value, version := get(t, s, key); version != 0 {
		t.Fatalf("%q = %q (version %d), want it absent", key, value, version)
	}
}

func testKeys(t *testing.T, open Opener) {
	s := open.New(t)
	expectAbsent(t, s, "a")
	commit(t, s, put("a", "1"), put("", "empty key"), put("b", ""))
	expect(t, s, "a", "1")
	expect(t, s, "", "empty key")
	expect(t, s, "b", "")
	commit(t, s, put("a", "2"), meta.Write{Key: []byte("b")})
	expect(t, s, "a", "2")
	expectAbsent(t, s, "b")
}

func testScan(t *testing.T, open Opener) {
	s := open.New(t)
	for i := range 20 {
		commit(t, s, put(fmt.Sprintf("k%02d", i), fmt.Sprint(i)))
	}
	commit(t, s, put("z\xff\xff", "last"))
	scan := func(from, to []byte, limit int) (keys []string) {
		err := s.Read(context.Background(), func(snap meta.Snapshot) error {
			return snap.Scan(from, to, func(key, _ []byte, version uint64) bool {
				if version == 0 {
					t.Errorf("%q has version 0", key)
				}
				keys = append(keys, string(key))
				return len(keys) < limit
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	for _, c := range []struct {
		from, to []byte
		limit    int
		want     string
	}{
		{[]byte("k05"), []byte("k08"), 99, "[k05 k06 k07]"},
		{[]byte("k05"), nil, 2, "[k05 k06]"},
		{[]byte("k19"), nil, 99, "[k19 z\xff\xff]"},
		{nil, []byte("k01"), 99, "[k00]"},
		{[]byte("{"), nil, 99, "[]"},
	} {
		if got := fmt.Sprint(scan(c.from, c.to, c.limit)); got != c.want {
			t.Errorf("scan [%q, %q) = %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

func testChecks(t *testing.T, open Opener) {
	s := open.New(t)
	ctx := context.Background()
	absent := meta.Check{Key: []byte("a")}
	txn := meta.Txn{Checks: []meta.Check{absent}, Writes: []meta.Write{put("a", "1"), put("b", "1")}}
	if err := s.Commit(ctx, txn); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(ctx, txn); !errors.Is(err, meta.ErrConflict) {
		t.Fatalf("got %v, want ErrConflict", err)
	}
	version := expect(t, s, "a", "1")
	for _, c := range []struct {
		version uint64
		ok      bool
	}{{version + 1, false}, {0, false}, {version, true}} {
		err := s.Commit(ctx, meta.Txn{
			Checks: []meta.Check{{Key: []byte("a"), Version: c.version}},
			Writes: []meta.Write{put("b", fmt.Sprint(c.version))},
		})
		if c.ok != (err == nil) || (!c.ok && !errors.Is(err, meta.ErrConflict)) {
			t.Fatalf("check of version %d: %v", c.version, err)
		}
	}
	expect(t, s, "b", fmt.Sprint(version))
	onlyChecks := meta.Txn{Checks: []meta.Check{{Key: []byte("a"), Version: version}}}
	if err := s.Commit(ctx, onlyChecks); err != nil {
		t.Fatal(err)
	}
}

func testVersions(t *testing.T, open Opener) {
	s := open.New(t)
	seen := map[uint64]bool{}
	for range 3 {
		commit(t, s, put("a", "x"))
		version := expect(t, s, "a", "x")
		if seen[version] {
			t.Fatalf("version %d was used twice", version)
		}
		seen[version] = true
		commit(t, s, meta.Write{Key: []byte("a")})
		s = open.Reopen(t, s)
	}
}

func testIdentity(t *testing.T, open Opener) {
	s := open.New(t)
	ctx := context.Background()
	txn := meta.Txn{
		Identity: []byte("once"),
		Checks:   []meta.Check{{Key: []byte("a")}},
		Writes:   []meta.Write{put("a", "1")},
	}
	for range 2 {
		if err := s.Commit(ctx, txn); err != nil {
			t.Fatal(err)
		}
		s = open.Reopen(t, s)
	}
	other := txn
	other.Identity = []byte("other")
	if err := s.Commit(ctx, other); !errors.Is(err, meta.ErrConflict) {
		t.Fatalf("got %v, want ErrConflict", err)
	}
	failed := meta.Txn{Identity: []byte("other"), Writes: []meta.Write{put("b", "2")}}
	if err := s.Commit(ctx, failed); err != nil { // a refused identity is not used up
		t.Fatal(err)
	}
	expect(t, s, "b", "2")
}

func testReadIsOneState(t *testing.T, open Opener) {
	s := open.New(t)
	ctx := context.Background()
	commit(t, s, put("a", "1"), put("b", "1"))
	err := s.Read(ctx, func(snap meta.Snapshot) error {
		a, _, err := snap.Get([]byte("a"))
		if err != nil {
			return err
		}
		commit(t, s, put("a", "2"), put("b", "2"))
		b, _, err := snap.Get([]byte("b"))
		if string(a) != "1" || string(b) != "1" {
			t.Errorf("read a = %q, then b = %q: two states", a, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wanted := errors.New("from fn")
	if err := s.Read(ctx, func(meta.Snapshot) error { return wanted }); !errors.Is(err, wanted) {
		t.Fatalf("got %v, want fn's error", err)
	}
}
