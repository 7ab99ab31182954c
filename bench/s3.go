package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync/atomic"
	"time"
)

// fakeS3 is as much of an S3 server as the broker needs, on a directory: what it costs is little beside what
// is measured, and each answer waits for as long as a real one would.
type fakeS3 struct {
	dir     string
	latency atomic.Int64 // of each request, ns
	gets    atomic.Int64
	puts    atomic.Int64
	sent    atomic.Int64 // bytes of GETs
	server  *http.Server
	addr    net.Addr
}

const fakeBucket = "bench"

func startFakeS3(dir string) (*fakeS3, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &fakeS3{dir: dir, addr: listener.Addr()}
	s.server = &http.Server{Handler: s}
	go func() { _ = s.server.Serve(listener) }() // ends with stop
	return s, errors.Join(os.Setenv("AWS_ACCESS_KEY_ID", "bench"), os.Setenv("AWS_SECRET_ACCESS_KEY", "bench"))
}

// under is the URL of a prefix, for --object-store.
func (s *fakeS3) under(prefix string) string {
	return fmt.Sprintf("s3://%s/%s?region=us-east-1&path_style=true&endpoint=http://%s", fakeBucket, prefix, s.addr)
}

func (s *fakeS3) stop() { _ = s.server.Close() }

// ServeHTTP answers GET, HEAD, PUT, DELETE of objects, and lists.
func (s *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Duration(s.latency.Load()))
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/"+fakeBucket), "/")
	path := filepath.Join(s.dir, strings.ReplaceAll(key, "/", "+"))
	switch {
	case r.Method == http.MethodGet && key == "":
		s.list(w, r)
	case r.Method == http.MethodPost && r.URL.Query().Has("delete"):
		s.deleteMany(w, r)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		s.get(w, r, path)
	case r.Method == http.MethodPut:
		s.puts.Add(1)
		s.put(w, r, path)
	case r.Method == http.MethodDelete:
		_ = os.Remove(path) // one that is not there is gone as well
		w.WriteHeader(http.StatusNoContent)
	default:
		fail(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
}

func etag(info fs.FileInfo) string {
	return fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size())
}

func (s *fakeS3) get(w http.ResponseWriter, r *http.Request, path string) {
	f, err := os.Open(path)
	if err != nil {
		fail(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError")
		return
	}
	w.Header().Set("ETag", etag(info))
	w.Header().Set("Content-Type", "application/octet-stream")
	if r.Method == http.MethodGet {
		s.gets.Add(1)
		var first, last int64
		if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); n == 2 {
			s.sent.Add(last - first + 1)
		}
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

func (s *fakeS3) put(w http.ResponseWriter, r *http.Request, path string) {
	have, err := os.Stat(path)
	match := r.Header.Get("If-Match")
	if err == nil && r.Header.Get("If-None-Match") == "*" || match != "" && (err != nil || etag(have) != match) {
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	f, err := os.CreateTemp(s.dir, ".put-*")
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError")
		return
	}
	_, err = io.Copy(f, r.Body)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil {
		fail(w, http.StatusInternalServerError, "InternalError")
		return
	}
	w.Header().Set("ETag", etag(info))
}

type listed struct {
	Key          string
	Size         int64
	ETag         string
	LastModified string
}

func (s *fakeS3) list(w http.ResponseWriter, r *http.Request) {
	prefix, after := r.URL.Query().Get("prefix"), r.URL.Query().Get("start-after")
	files, err := os.ReadDir(s.dir)
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError")
		return
	}
	var out struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []listed
	}
	for _, f := range files {
		key := strings.ReplaceAll(f.Name(), "+", "/")
		info, err := f.Info()
		if err != nil || strings.HasPrefix(key, ".") || !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		out.Contents = append(out.Contents, listed{key, info.Size(), etag(info), info.ModTime().UTC().Format(time.RFC3339)})
	}
	sort.Slice(out.Contents, func(i, k int) bool { return out.Contents[i].Key < out.Contents[k].Key })
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out) // a client that is gone needs no answer
}

func (s *fakeS3) deleteMany(w http.ResponseWriter, r *http.Request) {
	var in struct{ Object []struct{ Key string } }
	if err := xml.NewDecoder(r.Body).Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	for _, o := range in.Object {
		_ = os.Remove(filepath.Join(s.dir, strings.ReplaceAll(o.Key, "/", "+"))) // as in ServeHTTP
	}
	fmt.Fprint(w, "<DeleteResult></DeleteResult>")
}
