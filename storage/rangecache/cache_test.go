package rangecache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/storage/rangecache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a cache whose Run is under way.
type running struct {
	*rangecache.Cache
	stop func()
}

func run(t *testing.T, cfg rangecache.Config) *running {
	t.Helper()
	c, err := rangecache.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	<-c.Loaded()
	return &running{c, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}}
}

// content is what lies at a position of an object: objects never change.
func content(object string, position int64, length int) []byte {
	rng := rand.New(rand.NewPCG(uint64(position), uint64(len(object))<<32+uint64(object[len(object)-1])))
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func lengthAt(position int64) int { return int(position*7919%12_000) + 1 }

// TestRandom puts and gets over evictions, restarts and damages of every file: what is got is what was
// put, the files stay within the limit, and what was put last is there.
func TestRandom(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { random(t, rand.New(rand.NewPCG(seed, 77))) })
		})
	}
}

func random(t *testing.T, rng *rand.Rand) {
	const limit = 512 << 10
	cfg := rangecache.Config{Dir: filepath.Join(t.TempDir(), "cache"), Limit: limit}
	c := run(t, cfg)
	defer func() { c.stop() }()
	put := map[string]bool{}
	hits, damages := 0, 0
	for range 400 {
		object := fmt.Sprintf("log/%02x/%d", rng.IntN(4), rng.IntN(6))
		position := int64(rng.IntN(40)) - 2
		want := content(object, position, max(lengthAt(position), 1))
		switch n := rng.IntN(100); {
		case n < 45:
			c.Put(object, position, want)
			put[fmt.Sprint(object, position)] = true
			synctest.Wait()
			if got := c.Get(object, position, int64(len(want))); !bytes.Equal(got, want) {
				t.Fatalf("what was just put is not there: %d bytes", len(got))
			}
		case n < 90:
			got := c.Get(object, position, int64(len(want)))
			if got != nil && (!bytes.Equal(got, want) || !put[fmt.Sprint(object, position)]) {
				t.Fatalf("%s at %d: %d bytes that nobody put", object, position, len(got))
			}
			if got != nil {
				hits++
			}
			if other := c.Get(object, position, int64(len(want))+1); other != nil {
				t.Fatal("bytes of another length were given")
			}
		case n < 95:
			c.stop()
			c = run(t, cfg)
		default:
			damages++
			c.stop()
			damage(t, rng, cfg.Dir)
			c = run(t, cfg)
		}
		synctest.Wait()
		if used := size(t, cfg.Dir); used > limit+limit/8 {
			t.Fatalf("%d bytes of files, the limit is %d", used, limit)
		}
	}
	if s := c.Stats(); hits == 0 || damages > 0 && s.Failures > 0 {
		t.Errorf("%d hits, %+v", hits, s)
	}
}

// damage changes one file: a bit, its end, or all of it.
func damage(t *testing.T, rng *rand.Rand, dir string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		return
	}
	path := filepath.Join(dir, files[rng.IntN(len(files))].Name())
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch n := rng.IntN(5); {
	case n == 0 || len(data) == 0:
		err = os.Remove(path)
	case n == 1:
		err = os.WriteFile(path, data[:rng.IntN(len(data))], 0o600)
	case n == 2:
		err = os.WriteFile(path, append(data, make([]byte, 5000)...), 0o600)
	default:
		data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, dir string) (sum int64) {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// TestDamageWhileOpen: a bit that flips under the cache is a miss, counted, and the range can be put again.
func TestDamageWhileOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := rangecache.Config{Dir: t.TempDir(), Limit: 4 << 20}
		c := run(t, cfg)
		defer func() { c.stop() }()
		want := content("a", 5, 1000)
		c.Put("a", 5, want)
		synctest.Wait()
		path := rangecache.PackPath(cfg.Dir, 1)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{want[999] ^ 4}, info.Size()-1); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if c.Get("a", 5, 1000) != nil || c.Stats().Damaged != 1 {
				t.Errorf("damaged bytes were given: %+v", c.Stats())
			}
		}
		c.Put("a", 5, want)
		synctest.Wait()
		if !bytes.Equal(c.Get("a", 5, 1000), want) {
			t.Error("it cannot be put again")
		}
	})
}

// TestWhatIsUsedStays: ranges that are read again and again outlive a stream of others many times the limit.
func TestWhatIsUsedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := run(t, rangecache.Config{Dir: t.TempDir(), Limit: 1 << 20})
		defer func() { c.stop() }()
		used := content("used", 1, 3000)
		c.Put("used", 1, used)
		synctest.Wait()
		for i := range int64(2000) {
			c.Put("stream", i, content("stream", i, 5000))
			synctest.Wait()
			if !bytes.Equal(c.Get("used", 1, 3000), used) {
				t.Fatalf("it went after %d others", i)
			}
		}
		if c.Get("stream", 0, 5000) != nil {
			t.Error("the oldest of the stream is still there: nothing was evicted")
		}
	})
}

// TestNoRoom: with little free space nothing is written and old packs go; there being room again, writing goes on.
func TestNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := int64(1 << 40)
		dir := t.TempDir()
		c := run(t, rangecache.Config{Dir: dir, Limit: 1 << 20, Reserve: 1 << 30, Free: func() (int64, error) { return free, nil }})
		defer func() { c.stop() }()
		put := func(from, to int64) {
			for i := from; i < to; i++ {
				c.Put("a", i, content("a", i, 5000))
				synctest.Wait()
			}
		}
		put(0, 100)
		free = 1 << 30
		put(100, 200)
		if n := size(t, dir); n != 0 || c.Stats().Dropped == 0 {
			t.Errorf("%d bytes are used of a disk that is nearly full: %+v", n, c.Stats())
		}
		free = 1 << 40
		time.Sleep(time.Minute)
		put(200, 210)
		if !bytes.Equal(c.Get("a", 209, 5000), content("a", 209, 5000)) {
			t.Error("nothing is written though there is room")
		}
	})
}

// TestWriteFails: a directory that goes away costs nobody an answer.
func TestWriteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "cache")
		c := run(t, rangecache.Config{Dir: dir, Limit: 1 << 20})
		defer func() { c.stop() }()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		c.Put("a", 1, content("a", 1, 5000))
		synctest.Wait()
		if c.Get("a", 1, 5000) != nil || c.Stats().Failures != 1 {
			t.Errorf("%+v", c.Stats())
		}
	})
}

// TestPrivate: records are in the files, so that only their owner may read them.
func TestPrivate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "cache")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		c := run(t, rangecache.Config{Dir: dir, Limit: 1 << 20})
		c.Put("a", 1, []byte("x"))
		synctest.Wait()
		c.stop()
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				err = errors.New(path + " is " + info.Mode().String())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestLongRanges: of a small cache a range may be longer than a pack, which has it alone; one that would take the most of
// the cache is counted as not kept. The files stay within the limit.
func TestLongRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, long = 12 << 20, 4 << 20
		cfg := rangecache.Config{Dir: filepath.Join(t.TempDir(), "cache"), Limit: limit}
		c := run(t, cfg)
		defer func() { c.stop() }()
		put := func(object string, length int) {
			c.Put(object, 0, content(object, 0, length))
			synctest.Wait()
			if n := c.Stats().Bytes; n > limit {
				t.Fatalf("%d bytes of at most %d", n, limit)
			}
		}
		for i := range 8 {
			put(fmt.Sprint("long/", i), long)
			put(fmt.Sprint("short/", i), 1000)
		}
		put("too long", limit/2+1)
		if n := c.Stats().Dropped; n != 1 {
			t.Errorf("%d ranges counted as not kept, not 1", n)
		}
		c.stop()
		c = run(t, cfg)
		for object, length := range map[string]int{"long/7": long, "long/6": long, "short/7": 1000} {
			if got := c.Get(object, 0, int64(length)); !bytes.Equal(got, content(object, 0, length)) {
				t.Errorf("%s: %d bytes", object, len(got))
			}
		}
	})
}
