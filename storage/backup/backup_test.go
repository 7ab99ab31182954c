package backup_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

const (
	cluster = "ClusterClusterClusterC"
	metaID  = "MetaMetaMetaMetaMetaMe"
)

// database is a small one: its newest commit says how many objects it has.
type database struct {
	store   *metatest.Memory
	objects *objstore.Mem
	n       int
	hours   int
}

// laterClock is some hours ahead.
type laterClock struct{ hours int }

func (c laterClock) Now() time.Time                       { return time.Now().Add(time.Duration(c.hours) * time.Hour) }
func (laterClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

func newDatabase(t *testing.T) *database {
	return &database{store: metatest.OpenMemory(t), objects: objstore.NewMem()}
}

func objectBytes(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i >> 8), 7}, 1+i%50*100) }

// grow adds an object and a commit that names it.
func (d *database) grow(t *testing.T) {
	t.Helper()
	key := fmt.Sprintf("log/00/1-1-%d-x.strm", d.n)
	if _, err := d.objects.Put(t.Context(), key, [][]byte{objectBytes(d.n)}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	d.n++
	_, err := d.store.AppendLog(t.Context(), meta.CommitSeq(d.n-1), func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error) {
		return []byte(key), nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (d *database) backup(t *testing.T, to objstore.Store, o backup.Options) (backup.Made, error) {
	t.Helper()
	im, err := d.store.Image(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	d.hours++ // why: the newest of two points of one millisecond is either of them
	o.Clock = laterClock{d.hours}
	return backup.Make(t.Context(), backup.Source{Objects: d.objects, Image: im, Cluster: cluster, Meta: metaID, Rand: rand.Reader}, to, o)
}

// check holds each point to what it says.
func check(t *testing.T, from objstore.Store) (points int) {
	t.Helper()
	all, err := backup.Points(t.Context(), from, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		records := 0
		err := backup.ReadMeta(t.Context(), from, p, func(key, _ []byte) error {
			if _, ok := meta.CommitOf(key); ok {
				records++
			}
			return nil
		})
		if err != nil || uint64(records) != p.Commit || len(p.Objects) != records {
			t.Fatalf("point %s of commit %d: %d records, %d objects, %v", p.Name, p.Commit, records, len(p.Objects), err)
		}
		to := objstore.NewMem()
		if _, err := backup.Fetch(t.Context(), from, p.Objects, to, backup.Options{Clock: clock.Real{}}); err != nil {
			t.Fatal(err)
		}
		for i := range records {
			want := objectBytes(i)
			got := make([]byte, len(want)+1)
			n, err := to.GetRange(t.Context(), fmt.Sprintf("log/00/1-1-%d-x.strm", i), 0, got)
			if err != nil || !bytes.Equal(got[:n], want) {
				t.Fatalf("object %d: %d bytes, %v", i, n, err)
			}
		}
	}
	return len(all)
}

// TestCutOff: whatever call of the place of the backup fails, before or after it took effect, each point that is there is whole,
// and a later backup is made.
func TestCutOff(t *testing.T) {
	first, n := uint64(time.Now().UnixNano())%1e9, uint64(60)
	if v, err := strconv.ParseUint(os.Getenv("TRIBUTARY_BACKUP_SEEDS"), 10, 64); err == nil {
		n = v
	}
	cut := 0
	for seed := first; seed < first+n; seed++ {
		r := mathrand.New(mathrand.NewPCG(seed, 0))
		d := newDatabase(t)
		to := objstoretest.NewFaulty(objstore.NewMem())
		made := 0
		for range 5 {
			for range r.IntN(4) {
				d.grow(t)
			}
			op := []objstoretest.Op{objstoretest.OpPut, objstoretest.OpCreate, objstoretest.OpWrite, objstoretest.OpCommit, objstoretest.OpGet, objstoretest.OpStat, objstoretest.OpList}[r.IntN(7)]
			f := objstoretest.Fault{Op: op, Skip: r.IntN(5), Times: 1, Ambiguous: r.IntN(2) == 0}
			if !f.Ambiguous {
				f.Err = errors.New("refused")
			}
			to.Inject(f)
			if _, err := d.backup(t, to, backup.Options{}); err != nil {
				cut++
			} else {
				made++
			}
			to.Heal()
			if got := check(t, to); got < made {
				t.Fatalf("seed %d: %d points of %d", seed, got, made)
			}
		}
		d.grow(t)
		if _, err := d.backup(t, to, backup.Options{}); err != nil {
			t.Fatalf("seed %d: behind those that were cut off: %v", seed, err)
		}
		check(t, to)
	}
	t.Logf("%d of %d backups were cut off", cut, 5*n)
	if cut == 0 {
		t.Error("none was cut off")
	}
}

// TestIncremental: what is there is not copied again, and what was lost of it is.
func TestIncremental(t *testing.T) {
	d, to := newDatabase(t), objstore.NewMem()
	for i, want := range []int{3, 1, 2} {
		for range []int{3, 1, 1}[i] {
			d.grow(t)
		}
		if i == 2 {
			if err := to.Delete(t.Context(), "objects/log/00/1-1-0-x.strm"); err != nil {
				t.Fatal(err)
			}
		}
		last := backup.Progress{}
		made, err := d.backup(t, to, backup.Options{Progress: func(p backup.Progress) { last = p }})
		if err != nil || made.Copied.Objects != want || last != made.Copied || last.Objects != last.OfObjects || last.Bytes != last.OfBytes {
			t.Errorf("backup %d: copied %+v, told %+v, want %d: %v", i, made.Copied, last, want, err)
		}
	}
	check(t, to)
}

// TestRate: no more bytes a second are copied than is asked for.
func TestRate(t *testing.T) {
	d := newDatabase(t)
	total := 0
	for i := range 10 {
		d.grow(t)
		total += len(objectBytes(i))
	}
	began := time.Now()
	if _, err := d.backup(t, objstore.NewMem(), backup.Options{Rate: int64(total) * 20}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 45*time.Millisecond {
		t.Errorf("%d bytes in %v", total, took)
	}
}

func FuzzPoints(f *testing.F) {
	f.Add([]byte(`{"format_version":1,"name":"x","objects":[{"key":"a","size":1,"crc32c":2}],"crc32c":0}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		to := objstore.NewMem()
		if _, err := to.Put(t.Context(), "points/x.json", [][]byte{src}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Points(t.Context(), to, nil); err != nil && !errors.Is(err, backup.ErrCorrupt) && !strings.Contains(err.Error(), "newer version") {
			t.Error(err)
		}
	})
}
