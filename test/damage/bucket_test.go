package damage

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// inBucket is what the names of objects that lie in a bucket begin with.
const inBucket = "bucket/"

// bucket is one of an S3 server in this process.
type bucket struct{ name string }

var s3 struct {
	once    sync.Once
	backend *s3mem.Backend
	url     string
	made    atomic.Int64
}

func makeBucket(t *testing.T) *bucket {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	s3.once.Do(func() { // it lives as long as the process does
		s3.backend = s3mem.New()
		s3.url = httptest.NewServer(gofakes3.New(s3.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()).URL
	})
	b := &bucket{fmt.Sprint("damaged", s3.made.Add(1))}
	if err := s3.backend.CreateBucket(b.name); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bucket) url() string {
	return "s3://" + b.name + "/prefix?region=us-east-1&path_style=true&endpoint=" + s3.url
}

func (b *bucket) drop(t *testing.T) {
	if err := s3.backend.ForceDeleteBucket(b.name); err != nil {
		t.Error(err)
	}
}

func (b *bucket) put(t *testing.T, key string, data []byte) {
	t.Helper()
	_, err := s3.backend.PutObject(b.name, key, map[string]string{}, bytes.NewReader(data), int64(len(data)), nil)
	if err != nil {
		t.Fatal(err)
	}
}

// read adds all objects to files.
func (b *bucket) read(t *testing.T, files map[string][]byte) {
	t.Helper()
	list, err := s3.backend.ListBucket(b.name, &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		object, err := s3.backend.GetObject(b.name, o.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(object.Contents)
		if closeErr := object.Contents.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			t.Fatal(err)
		}
		files[inBucket+o.Key] = data
	}
}

// remote: the objects of the state lie in a bucket.
func (s *state) remote() bool {
	return slices.ContainsFunc(s.names(), func(n string) bool { return strings.HasPrefix(n, inBucket) })
}

// objects of a state by their kind, which is the first part of their key or its name.
func (s *state) objects() map[string][]string {
	kinds := map[string][]string{}
	for _, name := range s.names() {
		if key, ok := strings.CutPrefix(name, inBucket+"prefix/"); ok {
			kind, _, _ := strings.Cut(key, "/")
			kinds[kind] = append(kinds[kind], name)
		}
	}
	return kinds
}

// TestBucketDamage is TestDamage for the objects of an S3 server: each kind in every way, then
// objects, ways and bits that are drawn.
func TestBucketDamage(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server a hundred times")
	}
	seed := uint64(number(t, "TRIBUTARY_TEST_SEED", int(time.Now().UnixNano()%1_000_000)))
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	left := number(t, "TRIBUTARY_TEST_BUCKET_DAMAGES", 150)
	outcomes := map[string]int{}
	var states []*state
	for _, killed := range []bool{false, true} {
		st := leave(t, killed, makeBucket(t))
		states = append(states, st)
		if got := st.try(t, "", "nothing", nil); got != "served" {
			t.Fatalf("%s, undamaged: %s", st.name, got)
		}
		kinds := st.objects()
		for _, kind := range []string{"log", "meta", "state", "writer.json", "cluster.json"} {
			names := kinds[kind]
			if len(names) == 0 {
				t.Fatalf("%s: no object of kind %q", st.name, kind)
			}
			for how, changed := range whole(st.files[names[len(names)-1]]) {
				outcomes[st.try(t, names[len(names)-1], how, changed)]++
				left--
			}
		}
	}
	for ; left > 0 && !t.Failed(); left-- {
		st := states[rng.IntN(len(states))]
		kinds := st.objects()
		names := kinds[slices.Sorted(maps.Keys(kinds))[rng.IntN(len(kinds))]]
		name := names[rng.IntN(len(names))]
		b := slices.Clone(st.files[name])
		how, changed := "missing", []byte(nil)
		switch n := rng.IntN(8); {
		case n == 0 || len(b) == 0:
		case n == 1:
			how, changed = "empty", []byte{}
		case n == 2:
			at := rng.IntN(len(b))
			how, changed = fmt.Sprint("cut at byte ", at), b[:at]
		default:
			bit := rng.IntN(8 * len(b))
			b[bit/8] ^= 1 << (bit % 8)
			how, changed = fmt.Sprintf("bit %d of byte %d flipped", bit%8, bit/8), b
		}
		outcomes[st.try(t, name, how, changed)]++
	}
	t.Logf("%v", outcomes)
}
