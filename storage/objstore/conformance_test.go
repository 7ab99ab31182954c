package objstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeS3 starts an S3 server in this process and returns its store URL.
func fakeS3(t testing.TB) string {
	backend := s3mem.New()
	if err := backend.CreateBucket("tributary"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	return "s3://tributary/some/prefix?region=us-east-1&path_style=true&endpoint=" + url.QueryEscape(server.URL)
}

func open(t testing.TB, rawURL string) Store {
	s, err := Open(t.Context(), rawURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Close(s); err != nil {
			t.Error(err)
		}
	})
	return s
}

// stores runs fn over every implementation, each empty.
func stores(t *testing.T, fn func(t *testing.T, s Store)) {
	t.Run("file", func(t *testing.T) { fn(t, open(t, "file://"+t.TempDir()+"/new/objects")) })
	t.Run("mem", func(t *testing.T) { fn(t, open(t, "mem://")) })
	t.Run("s3", func(t *testing.T) { fn(t, open(t, fakeS3(t))) })
	t.Run("wrapped", func(t *testing.T) {
		s, err := WithPrefix(NewCounting(NewMem()), "a/b")
		if err != nil {
			t.Fatal(err)
		}
		fn(t, s)
	})
	t.Run("real-s3", func(t *testing.T) {
		base := os.Getenv("TRIBUTARY_TEST_S3")
		if base == "" {
			t.Skip("TRIBUTARY_TEST_S3 is not set (an s3:// URL of a bucket to write to)")
		}
		var random [8]byte
		_, _ = rand.Read(random[:])
		whole := open(t, base)
		s, err := WithPrefix(whole, "test-"+hex.EncodeToString(random[:]))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { // leave nothing behind
			if err := s.Delete(context.WithoutCancel(t.Context()), keys(t, s, "", "")...); err != nil {
				t.Error(err)
			}
		}()
		fn(t, s)
	})
}

func put(t *testing.T, s Store, key, value string) ObjectInfo {
	t.Helper()
	info, err := s.Put(t.Context(), key, [][]byte{[]byte(value)}, Condition{})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func get(t *testing.T, s Store, key string) string {
	t.Helper()
	data, _, err := ReadObject(t.Context(), s, key, 1<<26)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func keys(t *testing.T, s Store, prefix, after string) []string {
	t.Helper()
	var found []string
	for info, err := range s.List(context.WithoutCancel(t.Context()), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, info.Key)
	}
	return found
}

func TestPutAndRead(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		parts := [][]byte{[]byte("0123"), nil, []byte("4567"), []byte("89")}
		info, err := s.Put(t.Context(), "log/ab/1-2.strm", parts, Condition{})
		if err != nil || info.Size != 10 || info.Key != "log/ab/1-2.strm" || info.ETag == "" {
			t.Fatalf("%+v, %v", info, err)
		}
		stat, err := s.Stat(t.Context(), "log/ab/1-2.strm")
		if err != nil || stat.Size != 10 || stat.ETag != info.ETag || stat.Key != info.Key {
			t.Errorf("stat %+v, put %+v, %v", stat, info, err)
		}
		put(t, s, "empty", "")
		for _, tt := range []struct {
			key  string
			off  int64
			size int
			want string
			err  error
		}{
			{"log/ab/1-2.strm", 0, 4, "0123", nil},
			{"log/ab/1-2.strm", 3, 4, "3456", nil},
			{"log/ab/1-2.strm", 8, 4, "89", nil},
			{"log/ab/1-2.strm", 9, 1, "9", nil},
			{"log/ab/1-2.strm", -3, 3, "789", nil},
			{"log/ab/1-2.strm", -3, 2, "78", nil},
			{"log/ab/1-2.strm", -3, 9, "789", nil},
			{"log/ab/1-2.strm", -10, 10, "0123456789", nil},
			{"log/ab/1-2.strm", -32, 32, "0123456789", nil},
			{"log/ab/1-2.strm", 0, 100, "0123456789", nil},
			{"log/ab/1-2.strm", 10, 1, "", ErrRange},
			{"log/ab/1-2.strm", 11, 1, "", ErrRange},
			{"log/ab/1-2.strm", 1 << 40, 1, "", ErrRange},
			{"log/ab/1-2.strm", 5, 0, "", nil},
			{"log/ab/1-2.strm", 10, 0, "", ErrRange},
			{"empty", 0, 1, "", ErrRange},
			{"empty", -1, 1, "", ErrRange},
			{"absent", 0, 1, "", ErrNotFound},
			{"absent", -1, 1, "", ErrNotFound},
			{"log/ab", 0, 1, "", ErrNotFound},
			{"log/ab/1-2.strm.more", 0, 1, "", ErrNotFound},
		} {
			dst := make([]byte, tt.size)
			n, err := s.GetRange(t.Context(), tt.key, tt.off, dst)
			if string(dst[:n]) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("GetRange(%s, %d, %d) = %q, %v", tt.key, tt.off, tt.size, dst[:n], err)
			}
		}
		for _, key := range []string{"absent", "log", "log/ab"} {
			if _, err := s.Stat(t.Context(), key); !errors.Is(err, ErrNotFound) {
				t.Errorf("stat %s: %v", key, err)
			}
		}
	})
}

func TestConditions(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		try := func(value string, cond Condition, want error) ObjectInfo {
			t.Helper()
			info, err := s.Put(t.Context(), "manifest", [][]byte{[]byte(value)}, cond)
			if !errors.Is(err, want) {
				t.Fatalf("put %s with %+v: %v, want %v", value, cond, err, want)
			}
			return info
		}
		try("never", Condition{IfMatch: `"0123"`}, ErrPrecondition)
		one := try("one", Condition{IfAbsent: true}, nil)
		try("never", Condition{IfAbsent: true}, ErrPrecondition)
		two := try("two", Condition{IfMatch: one.ETag}, nil)
		if one.ETag == two.ETag {
			t.Error("the ETag did not change")
		}
		try("never", Condition{IfMatch: one.ETag}, ErrPrecondition)
		if got := get(t, s, "manifest"); got != "two" {
			t.Errorf("content %q", got)
		}
		// One byte longer or not, at once or not: each replacement has an ETag of its own.
		seen := map[string]bool{one.ETag: true, two.ETag: true}
		for i := range 20 {
			two = try(fmt.Sprintf("%03d", i), Condition{IfMatch: two.ETag}, nil)
			if seen[two.ETag] {
				t.Fatal("an ETag came back")
			}
			seen[two.ETag] = true
		}
		if _, err := s.Put(t.Context(), "manifest", nil, Condition{IfAbsent: true, IfMatch: "x"}); err == nil {
			t.Error("both conditions at once were taken")
		}
	})
}

func TestConditionsRace(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		start := put(t, s, "counter", "0")
		for name, cond := range map[string]Condition{"fresh": {IfAbsent: true}, "counter": {IfMatch: start.ETag}} {
			var wg sync.WaitGroup
			results := make([]error, 8)
			for i := range results {
				wg.Go(func() {
					_, results[i] = s.Put(t.Context(), name, [][]byte{fmt.Appendf(nil, "writer %d", i)}, cond)
				})
			}
			wg.Wait()
			winner := -1
			for i, err := range results {
				switch {
				case err == nil && winner >= 0:
					t.Errorf("%s: writers %d and %d both won", name, winner, i)
				case err == nil:
					winner = i
				case !errors.Is(err, ErrPrecondition):
					t.Errorf("%s: %v", name, err)
				}
			}
			if got := get(t, s, name); winner < 0 || got != fmt.Sprintf("writer %d", winner) {
				t.Errorf("%s: winner %d, content %q", name, winner, got)
			}
		}
	})
}

func TestListAndDelete(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		// "-" and "." sort before "/", letters after it.
		all := []string{"a-b/1", "a.b", "a/1", "a/2", "a/b/c/1", "a/b/c/2", "a/b0", "aa", "b", "c/x"}
		for i := range all {
			put(t, s, all[len(all)-1-i], "x")
		}
		for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/c/", "aa", "b", "z", "a/1"} {
			for _, after := range []string{"", "a", "a-b/0", "a-b/1", "a/", "a/1", "a/b/c", "a/b/c/1", "a/b/d", "c", "zz"} {
				var want []string
				for _, k := range all {
					if strings.HasPrefix(k, prefix) && k > after {
						want = append(want, k)
					}
				}
				if d := cmp.Diff(want, keys(t, s, prefix, after)); d != "" {
					t.Errorf("List(%q, %q): %s", prefix, after, d)
				}
			}
		}
		for info, err := range s.List(t.Context(), "", "") { // stops when told to
			stat, statErr := s.Stat(t.Context(), info.Key)
			if err != nil || statErr != nil || info.Size != 1 || info.ETag != stat.ETag {
				t.Errorf("%+v, stat %+v: %v, %v", info, stat, err, statErr)
			}
			break
		}
		if err := s.Delete(t.Context(), "a/1", "absent", "c/x"); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), "a/1"); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), "a/b"); err != nil { // a folder is no object
			t.Fatal(err)
		}
		if err := s.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"a/2", "a/b/c/1", "a/b/c/2", "a/b0"}, keys(t, s, "a/", "")); d != "" {
			t.Error(d)
		}
	})
}

func TestUpload(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		big := make([]byte, 17<<20)
		_, _ = rand.Read(big)
		for name, content := range map[string][]byte{"u/empty": nil, "u/small": []byte("small"), "u/big": big} {
			u, err := s.Create(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			for rest := content; len(rest) > 0; {
				n := min(len(rest), 3<<20)
				if w, err := u.Write(rest[:n]); err != nil || w != n {
					t.Fatal(w, err)
				}
				rest = rest[n:]
			}
			if _, err := s.Stat(t.Context(), name); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s is there before Commit: %v", name, err)
			}
			info, err := u.Commit()
			if err != nil || info.Size != int64(len(content)) || info.Key != name {
				t.Fatalf("%+v, %v", info, err)
			}
			if got := get(t, s, name); got != string(content) {
				t.Errorf("%s: %d bytes came back", name, len(got))
			}
			if _, err := u.Commit(); err == nil {
				t.Error("committed twice")
			}
			if err := u.Abort(); err != nil {
				t.Error(err)
			}
		}
		u, err := s.Create(t.Context(), "u/aborted")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := u.Write(big); err != nil {
			t.Fatal(err)
		}
		if err := u.Abort(); err != nil {
			t.Fatal(err)
		}
		if _, err := u.Write(nil); err == nil {
			t.Error("write after abort")
		}
		if d := cmp.Diff([]string{"u/big", "u/empty", "u/small"}, keys(t, s, "u/", "")); d != "" {
			t.Error(d)
		}
		tail := make([]byte, 1000)
		if n, err := s.GetRange(t.Context(), "u/big", -1000, tail); n != 1000 || err != nil || !bytes.Equal(tail, big[len(big)-1000:]) {
			t.Error(n, err)
		}
	})
}

func TestKeysAreChecked(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../x", "a b", "a+b", "ä", "a\x00", "+tmp/1", strings.Repeat("a", 251), strings.Repeat("a/", 500) + "a"} {
			_, e1 := s.Put(t.Context(), key, nil, Condition{})
			_, e2 := s.Create(t.Context(), key)
			_, e3 := s.GetRange(t.Context(), key, 0, make([]byte, 1))
			_, e4 := s.Stat(t.Context(), key)
			e5 := s.Delete(t.Context(), "fine", key)
			for i, err := range []error{e1, e2, e3, e4, e5} {
				if !errors.Is(err, ErrInvalidKey) {
					t.Errorf("%q, call %d: %v", key, i, err)
				}
			}
		}
	})
}

func TestCancelledContext(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		put(t, s, "a", "x")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, e1 := s.Put(ctx, "b", nil, Condition{})
		_, e2 := s.GetRange(ctx, "a", 0, make([]byte, 1))
		_, e3 := s.Stat(ctx, "a")
		var e4 error
		for _, e4 = range s.List(ctx, "", "") {
		}
		for i, err := range []error{e1, e2, e3, e4} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		if _, err := s.Stat(t.Context(), "b"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}
