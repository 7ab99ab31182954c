package objstore

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestOpenURLs(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want string // "" = opens
	}{
		{"mem://", ""},
		{"s3://bucket", ""},
		{"s3://bucket/p/q?region=eu-west-1&path_style=false&endpoint=https%3A%2F%2Fhost", ""},
		{"mem://x", "takes nothing more"},
		{"file://", "no directory"},
		{"/tmp/x", "want file://"},
		{"gs://bucket", "unknown scheme"},
		{"s3:///prefix", "want s3://BUCKET"},
		{"s3://key:secret@bucket", "want s3://BUCKET"},
		{"s3://bucket?path_style=maybe", "no boolean"},
		{"s3://bucket?endpoint=host:9000", "no http or https URL"},
		{"s3://bucket?endpoint=http://u:p@host:9000", "endpoint=http://****@host:9000\": an endpoint takes no user and password"},
		{"s3://bucket?retries=3", `unknown parameter "retries"`},
		{"s3://bucket/a%20b", "invalid object key"},
	} {
		s, err := Open(t.Context(), tt.url)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.url, err)
			} else if err := Close(s); err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.url, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: a secret in %v", tt.url, err)
		}
	}
}

func TestPartsReader(t *testing.T) {
	parts := [][]byte{nil, []byte("abc"), {}, []byte("defgh"), []byte("i"), nil}
	if err := iotest.TestReader(newPartsReader(parts), []byte("abcdefghi")); err != nil {
		t.Error(err)
	}
}

func TestCluster(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		if _, err := ReadCluster(t.Context(), s); !errors.Is(err, ErrNotFound) {
			t.Fatalf("an empty store: %v", err)
		}
		var wg sync.WaitGroup
		ids, errs := make([]string, 4), make([]error, 4)
		for i := range ids {
			// Each has randomness of its own; the first draw would begin with "-".
			random := io.MultiReader(bytes.NewReader(bytes.Repeat([]byte{0xf8}, 16)), bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 16)))
			var err error
			if ids[i], err = NewID(random); err != nil || len(ids[i]) != 22 || ids[i][0] == '-' {
				t.Fatal(ids[i], err)
			}
			wg.Go(func() { errs[i] = PutCluster(t.Context(), s, ids[i], false) })
		}
		wg.Wait()
		winner, err := ReadCluster(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range errs {
			if won := ids[i] == winner.ID; won && err != nil || !won && !errors.Is(err, ErrOtherCluster) {
				t.Errorf("first start %d: %v", i, err)
			}
		}
		whole := get(t, s, clusterKey)
		for _, tt := range []struct {
			content string
			want    error
		}{
			{strings.Replace(whole, `"format_version":1`, `"format_version":2`, 1), ErrFormatVersion},
			{strings.Replace(whole, `{`, `{"future":[1],`, 1), nil},
			{`{"cluster_id":"short","format_version":1}`, ErrDamaged},
			{`no json`, ErrDamaged},
			{``, ErrDamaged},
		} {
			put(t, s, clusterKey, tt.content)
			if _, err := ReadCluster(t.Context(), s); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.content, err, tt.want)
			}
			if errors.Is(tt.want, ErrFormatVersion) {
				continue
			}
			if err := PutCluster(t.Context(), s, winner.ID, false); err != nil {
				t.Errorf("put over %s: %v", tt.content, err)
			}
			if info, err := ReadCluster(t.Context(), s); err != nil || info != winner {
				t.Errorf("after %s: %+v, %v", tt.content, info, err)
			}
		}
		if err := PutCluster(t.Context(), s, ids[0], true); err != nil {
			t.Error(err)
		}
	})
}

func TestCounting(t *testing.T) {
	c := NewCounting(NewMem())
	put(t, c, "a", "12345")
	_, _ = c.Put(t.Context(), "a", [][]byte{[]byte("x")}, Condition{IfAbsent: true})
	_, _ = c.GetRange(t.Context(), "a", 1, make([]byte, 2))
	_, _ = c.GetRange(t.Context(), "a", 9, make([]byte, 2))
	_, _ = c.Stat(t.Context(), "none")
	keys(t, c, "", "")
	u, _ := c.Create(t.Context(), "b")
	_, _ = u.Write([]byte("123"))
	_, _ = u.Commit()
	_ = c.Delete(t.Context(), "..")
	want := Counts{
		Put: OpCounts{2, 0, 5}, Get: OpCounts{2, 0, 2}, Stat: OpCounts{1, 0, 0}, List: OpCounts{1, 0, 0},
		Upload: OpCounts{1, 0, 3}, Delete: OpCounts{1, 1, 0},
	}
	if d := cmp.Diff(want, c.Counts()); d != "" {
		t.Error(d)
	}
}

// TestS3AmbiguousWrites puts a proxy before the S3 server that lets a request through and loses
// the answer, or refuses before the request is through.
func TestS3AmbiguousWrites(t *testing.T) {
	rawURL := fakeS3(t)
	u, _ := url.Parse(rawURL)
	query := u.Query()
	target, _ := url.Parse(query.Get("endpoint"))
	var mode atomic.Int32
	var requests atomic.Int32
	backend := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host // Host stays: it is signed
	}}
	const pass, loseAnswer, hangUp, slowDown, internalError = 0, 1, 2, 3, 4
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			backend.ServeHTTP(w, r)
			return
		}
		requests.Add(1)
		switch mode.Load() {
		case loseAnswer:
			backend.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case hangUp:
			panic(http.ErrAbortHandler)
		case slowDown:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `<Error><Code>SlowDown</Code><Message>slow down</Message></Error>`)
		case internalError:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `<Error><Code>InternalError</Code><Message>try again</Message></Error>`)
		default:
			backend.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	query.Set("endpoint", proxy.URL)
	u.RawQuery = query.Encode()
	s := open(t, u.String())

	for _, tt := range []struct {
		name     string
		mode     int32
		unknown  bool
		present  bool
		requests int32
	}{
		{"pass", pass, false, true, 1},
		{"lose-answer", loseAnswer, true, true, 1},
		{"hang-up", hangUp, true, false, 1},
		{"internal-error", internalError, true, false, 1},
		{"slow-down", slowDown, false, false, 3},
	} {
		mode.Store(tt.mode)
		requests.Store(0)
		_, err := s.Put(t.Context(), tt.name, [][]byte{[]byte("x")}, Condition{IfAbsent: true})
		if errors.Is(err, ErrUnknown) != tt.unknown || (err == nil) != (tt.mode == pass) || errors.Is(err, ErrPrecondition) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := requests.Load(); got != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.name, got, tt.requests)
		}
		if _, err := s.Stat(t.Context(), tt.name); (err == nil) != tt.present {
			t.Errorf("%s: stat: %v", tt.name, err)
		}
	}
	proxy.Close()
	if err := Close(s); err != nil { // no connection is left over
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "no-server", nil, Condition{}); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestS3BodyBreaksOff: a read whose body ends early goes on where it broke off.
func TestS3BodyBreaksOff(t *testing.T) {
	rawURL := fakeS3(t)
	u, _ := url.Parse(rawURL)
	query := u.Query()
	target, _ := url.Parse(query.Get("endpoint"))
	var cuts atomic.Int32
	backend := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host // Host stays: it is signed
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && cuts.Add(-1) >= 0 {
			rec := httptest.NewRecorder()
			backend.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	query.Set("endpoint", proxy.URL)
	u.RawQuery = query.Encode()
	s := open(t, u.String())
	put(t, s, "x", strings.Repeat("0123456789", 1000))
	for _, off := range []int64{0, 7, -5000} {
		dst := make([]byte, 5000)
		cuts.Store(2)
		start := (off + 10000) % 10000
		n, err := s.GetRange(t.Context(), "x", off, dst)
		if err != nil || n != 5000 || string(dst) != strings.Repeat("0123456789", 501)[start%10:][:5000] {
			t.Errorf("from %d: %d bytes, %v", off, n, err)
		}
		cuts.Store(3)
		if _, err := s.GetRange(t.Context(), "x", off, dst); err == nil {
			t.Errorf("from %d: broken three times and no error", off)
		}
	}
}

// step names what a Dir asks of the file system.
type step struct{ op, path string }

func TestDirCrashOrder(t *testing.T) {
	d, steps := recordedDir(t)
	put(t, d, "log/ab/one", "x")
	want := []step{
		{"syncdir", "."}, {"syncdir", "log"}, // the new folders, in their parents
		{"syncfile", ""}, {"rename", "log/ab/one"}, {"syncdir", "log/ab"},
	}
	if diff := cmp.Diff(want, *steps, cmp.AllowUnexported(step{})); diff != "" {
		t.Error(diff)
	}
	*steps = nil
	if _, err := d.Put(t.Context(), "log/ab/two", nil, Condition{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	want = []step{{"syncfile", ""}, {"link", "log/ab/two"}, {"syncdir", "log/ab"}}
	if diff := cmp.Diff(want, *steps, cmp.AllowUnexported(step{})); diff != "" {
		t.Error(diff)
	}
}

func recordedDir(t *testing.T) (*Dir, *[]step) {
	d, err := OpenDir(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	var steps []step
	add := func(op, path string) {
		if rel, err := filepath.Rel(d.root, path); err == nil && path != "" {
			path = rel
		}
		steps = append(steps, step{op, path})
	}
	real := d.ops
	d.ops = dirOps{
		syncFile: func(f *os.File) error { add("syncfile", ""); return real.syncFile(f) },
		syncDir:  func(path string) error { add("syncdir", path); return real.syncDir(path) },
		rename:   func(from, to string) error { add("rename", to); return real.rename(from, to) },
		link:     func(from, to string) error { add("link", to); return real.link(from, to) },
	}
	return d, &steps
}

// TestDirFaults fails each step in turn: before the name is there nothing happened and nothing
// is left; a failed sync after it is unknown; no write is taken after any failed sync.
func TestDirFaults(t *testing.T) {
	boom := errors.New("boom")
	for _, cond := range []Condition{{}, {IfAbsent: true}} {
		for _, tt := range []struct {
			name     string
			fault    func(ops *dirOps)
			unknown  bool
			present  bool
			poisoned bool
		}{
			{"syncfile", func(o *dirOps) { o.syncFile = func(*os.File) error { return boom } }, false, false, true},
			{"name", func(o *dirOps) {
				o.rename = func(string, string) error { return boom }
				o.link = o.rename
			}, false, false, false},
			{"syncdir", func(o *dirOps) { o.syncDir = func(string) error { return boom } }, true, true, true},
		} {
			d, _ := recordedDir(t)
			real := d.ops
			tt.fault(&d.ops)
			_, err := d.Put(t.Context(), "x", [][]byte{[]byte("x")}, cond)
			if !errors.Is(err, boom) || errors.Is(err, ErrUnknown) != tt.unknown {
				t.Errorf("%s: %v", tt.name, err)
			}
			if _, err := d.Stat(t.Context(), "x"); (err == nil) != tt.present {
				t.Errorf("%s: stat: %v", tt.name, err)
			}
			if left, _ := os.ReadDir(filepath.Join(d.root, dirTemp)); len(left) > 0 {
				t.Errorf("%s: %d temporary files are left", tt.name, len(left))
			}
			d.ops = real
			_, err = d.Put(t.Context(), "y", nil, cond)
			if (err != nil) != tt.poisoned {
				t.Errorf("%s: the next put: %v", tt.name, err)
			}
		}
	}
}

func TestDirCleansAfterCrash(t *testing.T) {
	root := t.TempDir()
	first, err := OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(root, dirTemp, "left")
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(root); !errors.Is(err, ErrInUse) {
		t.Fatalf("a second server on the root: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third, err := OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if _, err := os.Stat(left); err != nil {
		t.Errorf("an open changed the directory: %v", err)
	}
	if _, err := third.Put(t.Context(), "k", nil, Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a temporary file outlived the crash")
	}
}
