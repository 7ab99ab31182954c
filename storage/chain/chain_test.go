package chain_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(inner *meta.PebbleStore, objects objstore.Store) chain.Config {
	return chain.Config{Inner: inner, Objects: objects, Timeline: 1, Rand: rand.Reader, AttemptTimeout: time.Minute, BaseLinks: 7, MarkEvery: time.Millisecond}
}

func open(t *testing.T, opts meta.PebbleOptions, path string, objects objstore.Store) *chain.Store {
	t.Helper()
	s, err := tryOpen(t.Context(), opts, path, objects)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a second Close is harmless
	return s
}

func tryOpen(ctx context.Context, opts meta.PebbleOptions, path string, objects objstore.Store) (*chain.Store, error) {
	inner, err := meta.OpenPebble(path, opts)
	if err != nil {
		return nil, err
	}
	s, err := chain.Open(ctx, config(inner, objects))
	if err != nil {
		_ = inner.Close()
	}
	return s, err
}

// TestConformance: the chain keeps what meta.Store promises.
func TestConformance(t *testing.T) {
	type placed struct {
		opts    meta.PebbleOptions
		path    string
		objects objstore.Store
	}
	at := map[meta.Store]placed{}
	opened := func(t *testing.T, p placed) meta.Store {
		s := open(t, p.opts, p.path, p.objects)
		at[s] = p
		return s
	}
	metatest.Run(t, metatest.Opener{
		New: func(t *testing.T) meta.Store {
			return opened(t, placed{metatest.InMemory(), "meta", objstore.NewMem()})
		},
		Reopen: func(t *testing.T, old meta.Store) meta.Store {
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return opened(t, at[old])
		},
	})
}

// restore makes the local store at path anew.
func restore(t testing.TB, opts meta.PebbleOptions, objects objstore.Store, path string) chain.Restored {
	t.Helper()
	r, err := chain.Restore(t.Context(), objects, path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// contents of a store: the records of its log and its keys.
func contents(t testing.TB, s meta.Store) string {
	t.Helper()
	var b bytes.Buffer
	records, err := s.ScanLog(t.Context(), 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		fmt.Fprintf(&b, "%d=%s\n", r.Seq, r.Bytes)
	}
	err = s.Read(t.Context(), func(snap meta.Snapshot) error {
		return snap.Scan(nil, nil, func(k, v []byte, _ uint64) bool {
			if !bytes.Equal(k, chain.PositionKey) {
				fmt.Fprintf(&b, "%s=%s\n", k, v)
			}
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func commitKey(ctx context.Context, s meta.Store, key, value string) error {
	return s.Commit(ctx, meta.Txn{Writes: []meta.Write{{Key: []byte(key), Value: []byte(value)}}})
}

func appendRecord(ctx context.Context, s meta.Store, text string) (meta.CommitSeq, error) {
	last, err := s.LastSeq(ctx)
	if err != nil {
		return 0, err
	}
	return s.AppendLog(ctx, last, func(next meta.CommitSeq, _ []meta.Record) ([]byte, []meta.Write, error) {
		return []byte(text), []meta.Write{{Key: []byte("newest"), Value: []byte(strconv.Itoa(int(next)))}}, nil
	})
}

func seeds(t *testing.T) (first, n uint64) {
	n = 30
	if v, err := strconv.ParseUint(os.Getenv("TRIBUTARY_CHAIN_SEEDS"), 10, 64); err == nil {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("TRIBUTARY_CHAIN_SEED"), 10, 64); err == nil {
		return v, 1
	}
	return uint64(time.Now().UnixNano()) % 1e9, n
}

// TestNothingAcknowledgedIsLost: whatever the object store does to a call, and wherever the writer stops, the
// objects alone have all that was acknowledged, nothing twice, and what was unknown or not.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	first, n := seeds(t)
	for seed := first; seed < first+n; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { loseNothing(t, seed) })
	}
}

func loseNothing(t *testing.T, seed uint64) {
	r := mathrand.New(mathrand.NewPCG(seed, 0))
	opts := metatest.InMemory()
	faulty := objstoretest.NewFaulty(objstore.NewMem())
	path := "meta"
	acked := map[string]string{}   // by key
	unknown := map[string]string{} // may be there
	records := 0
	for life := range 4 {
		var s *chain.Store
		for s == nil {
			var err error
			if s, err = tryOpen(t.Context(), opts, path, faulty); err != nil {
				faulty.Heal()
			}
		}
		for range r.IntN(30) {
			if r.IntN(4) == 0 {
				faulty.Inject(fault(r))
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if r.IntN(10) == 0 { // the writer stops while the object store does not answer
				faulty.Heal()
				faulty.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Ambiguous: r.IntN(2) == 0, Err: errors.New("away"), Prefix: "meta/chain/"})
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
			}
			key, value := fmt.Sprintf("k%d", r.IntN(8)), fmt.Sprint(r.Uint32())
			var err error
			if r.IntN(2) == 0 {
				key = fmt.Sprintf("record %d-%d", life, records)
				value = key
				records++
				_, err = appendRecord(ctx, s, key)
			} else {
				err = commitKey(ctx, s, key, value)
			}
			cancel()
			if err == nil {
				acked[key] = value
				delete(unknown, key)
				continue
			}
			unknown[key] = value
			break
		}
		_ = s.Close() // of one that stopped there is no more to say
		faulty.Heal()
		if r.IntN(2) == 0 {
			recoverFrom(t, opts, faulty, path, r)
		}
		check := open(t, opts, path, faulty)
		found := contents(t, check)
		for k, v := range acked {
			line := k + "=" + v + "\n"
			if strings.HasPrefix(k, "record") {
				line = "=" + v + "\n"
			}
			if got := strings.Count(found, line); got != 1 && unknown[k] == "" {
				t.Fatalf("life %d: %q is there %d times in\n%s", life, line, got, found)
			}
		}
		for k, v := range unknown { // it has happened or not, and stays so
			if strings.Contains(found, "="+v+"\n") {
				acked[k] = v
			}
			delete(unknown, k)
		}
		other := "other"
		restore(t, opts, faulty, other)
		inner, err := meta.OpenPebble(other, opts)
		if err != nil {
			t.Fatal(err)
		}
		if again := contents(t, inner); again != found {
			t.Fatalf("life %d: the objects have\n%s\nthe local store\n%s", life, again, found)
		}
		if err := errors.Join(inner.Close(), check.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// recoverFrom makes the local store anew and takes the chain for it, whatever the object store does; what is cut off is done again.
func recoverFrom(t *testing.T, opts meta.PebbleOptions, faulty *objstoretest.Faulty, path string, r *mathrand.Rand) {
	t.Helper()
	for try := 0; ; try++ {
		if got := restore(t, opts, faulty, path); got.Gap != nil {
			t.Fatal(got.Gap)
		}
		if try == 0 && r.IntN(2) == 0 {
			return // as a copy, that has the chain when it writes
		}
		inner, err := meta.OpenPebble(path, opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if try < 2 {
			faulty.Inject(fault(r))
			if r.IntN(3) == 0 { // killed while the object store does not answer
				faulty.Heal()
				faulty.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Ambiguous: r.IntN(2) == 0, Err: errors.New("away"), Prefix: "meta/chain/"})
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
			}
		}
		err = chain.TakeOver(ctx, config(inner, faulty), []meta.Write{{Key: []byte("owner"), Value: []byte(fmt.Sprint(try))}})
		cancel()
		if closeErr := inner.Close(); closeErr != nil {
			t.Fatal(closeErr)
		}
		faulty.Heal()
		if err == nil {
			return
		}
	}
}

// fault is one of: nothing happens, it happens and is not told, an upload breaks, a read breaks.
func fault(r *mathrand.Rand) objstoretest.Fault {
	f := objstoretest.Fault{Op: []objstoretest.Op{objstoretest.OpPut, objstoretest.OpPut, objstoretest.OpPut, objstoretest.OpCreate, objstoretest.OpWrite,
		objstoretest.OpCommit, objstoretest.OpGet, objstoretest.OpList, objstoretest.OpDelete}[r.IntN(9)], Skip: r.IntN(3), Times: 1 + r.IntN(2), Prefix: "meta/"}
	if f.Ambiguous = r.IntN(2) == 0; !f.Ambiguous {
		f.Err = errors.New("refused")
	}
	return f
}

// TestTwoWriters: of two on the same chain the one that came last has it; the other acknowledges nothing more.
func TestTwoWriters(t *testing.T) {
	opts, objects := metatest.InMemory(), objstore.NewMem()
	lost := make(chan error, 1)
	inner, err := meta.OpenPebble("a", opts)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(inner, objects)
	cfg.Lost = func(err error) { lost <- err }
	a, err := chain.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if err := commitKey(t.Context(), a, "k", "1"); err != nil {
		t.Fatal(err)
	}
	restore(t, opts, objects, "b")
	b := open(t, opts, "b", objects)
	if err := commitKey(t.Context(), b, "k", "2"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := commitKey(t.Context(), a, "k", "3"); !errors.Is(err, meta.ErrPoisoned) || !errors.Is(err, objstore.ErrFenced) {
			t.Errorf("the old writer was told: %v", err)
		}
	}
	if err := <-lost; !errors.Is(err, objstore.ErrFenced) {
		t.Errorf("lost: %v", err)
	}
	if err := commitKey(t.Context(), b, "l", "4"); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, b); got != "k=2\nl=4\n" {
		t.Errorf("contents: %s", got)
	}
	if _, err := appendRecord(t.Context(), a, "x"); err == nil {
		t.Error("the old writer goes on")
	}
}

// TestDamage: each object of the chain, missing or with a flipped bit: all is there, or it is said.
func TestDamage(t *testing.T) {
	opts, objects := metatest.InMemory(), objstore.NewMem()
	path := "meta"
	s := open(t, opts, path, objects)
	for i := range 20 {
		if _, err := appendRecord(t.Context(), s, fmt.Sprint("r", i)); err != nil {
			t.Fatal(err)
		}
	}
	want := contents(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for info, err := range objects.List(t.Context(), "meta/", "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	told, whole := 0, 0
	for _, key := range keys {
		data := make([]byte, 1<<20)
		n, err := objects.GetRange(t.Context(), key, 0, data)
		if err != nil {
			t.Fatal(err)
		}
		damages := [][]byte{nil, data[:n/2]}
		for at := 0; at < n; at += 7 {
			flipped := bytes.Clone(data[:n])
			flipped[at] ^= 1 << (at % 8)
			damages = append(damages, flipped)
		}
		for j, damaged := range damages {
			if err := objects.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if damaged != nil {
				put(t, objects, key, damaged)
			}
			r := restore(t, opts, objects, path)
			inner, err := meta.OpenPebble(path, opts)
			if err != nil {
				t.Fatal(err)
			}
			got := contents(t, inner)
			if err := inner.Close(); err != nil {
				t.Fatal(err)
			}
			switch {
			case r.Gap != nil:
				told++
			case got == want:
				whole++
			default:
				t.Fatalf("%s, damage %d: less is there and nothing is said", key, j)
			}
		}
		put(t, objects, key, data[:n])
	}
	if told == 0 || whole == 0 {
		t.Errorf("%d damages told, %d harmless", told, whole)
	}
	t.Logf("%d objects: %d damages told, %d harmless", len(keys), told, whole)
}

func put(t testing.TB, objects objstore.Store, key string, data []byte) {
	t.Helper()
	if _, err := objects.Put(t.Context(), key, [][]byte{data}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
}

// TestBound: links go once two bases have what is in them.
func TestBound(t *testing.T) {
	opts, objects := metatest.InMemory(), objstore.NewMem()
	s := open(t, opts, "meta", objects)
	for i := range 100_000 {
		if err := commitKey(t.Context(), s, "k", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if i < 200 || i%50 != 0 {
			continue
		}
		found, err := chain.Find(t.Context(), objects)
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Bases) <= 3 && uint64(len(found.Links)) < found.Newest()/2 {
			return
		}
	}
	t.Error("links are not removed")
}

// TestEnd: what is written without the chain is not in it, and a later chain begins behind.
func TestEnd(t *testing.T) {
	opts, objects := metatest.InMemory(), objstore.NewMem()
	path := "meta"
	s := open(t, opts, path, objects)
	if err := commitKey(t.Context(), s, "k", "1"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.End(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	inner, err := meta.OpenPebble(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(commitKey(t.Context(), inner, "k", "2"), inner.Close()); err != nil {
		t.Fatal(err)
	}
	if r := restore(t, opts, objects, "other"); r.Flags&chain.End == 0 {
		t.Errorf("the end is not told: %+v", r)
	}
	s = open(t, opts, path, objects)
	if got := contents(t, s); got != "k=2\n" {
		t.Errorf("contents: %s", got)
	}
	if err := errors.Join(commitKey(t.Context(), s, "l", "3"), s.Close()); err != nil {
		t.Fatal(err)
	}
	restore(t, opts, objects, "third")
	if got := contents(t, open(t, opts, "third", objects)); got != "k=2\nl=3\n" {
		t.Errorf("from the objects: %s", got)
	}
}
