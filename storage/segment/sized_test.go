package segment

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/objstore"
)

// TestOpenSized: with the object's size known an index is one request, or two if it is a large part of the object; a
// size that is not the object's, and a footer that lies, are ErrCorrupt.
func TestOpenSized(t *testing.T) {
	for _, c := range []struct {
		runs, bytes int
		most        int64
	}{
		{1, 10, 1}, {1000, 8000, 1}, {1000, 100, 2}, {3, 500_000, 1},
	} {
		batch := batchOf(t, 0, 1, 1, strings.Repeat("x", c.bytes))
		runs := make([]Run, c.runs)
		for i := range runs {
			binary.BigEndian.PutUint64(runs[i].Topic[:], uint64(i)*0x9e3779b97f4a7c15)
			runs[i].RecordBatches = [][]byte{batch}
		}
		b, object := mustBuild(t, Options{}, runs)
		store := objstore.NewCounting(objstore.NewMem())
		if _, err := store.Put(t.Context(), "seg", [][]byte{object}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		r, err := OpenSized(t.Context(), store, "seg", b.Size)
		if err != nil {
			t.Fatal(err)
		}
		if gets := store.Counts().Get.Requests; gets > c.most {
			t.Errorf("%d requests for the index of %d runs in %d bytes", gets, c.runs, b.Size)
		}
		for i := range runs {
			if _, ok := r.Find(runs[i].Topic, 0); !ok {
				t.Fatalf("run %d of %d is not there", i, c.runs)
			}
		}
		other := objstore.NewMem() // nothing is asked of the one it was opened on
		if _, err := r.On(other).ReadRun(t.Context(), &r.Runs()[0], nil); !errors.Is(err, objstore.ErrNotFound) {
			t.Errorf("read of another store: %v", err)
		}
		for _, size := range []int64{b.Size - 1, b.Size + 1, 1, b.Size / 2} {
			if _, err := OpenSized(t.Context(), store, "seg", size); !errors.Is(err, ErrCorrupt) {
				t.Errorf("opened as %d bytes, has %d: %v", size, b.Size, err)
			}
		}
		lie := slices.Clone(object)
		offset := binary.LittleEndian.Uint64(lie[len(lie)-FooterSize:])
		length := binary.LittleEndian.Uint32(lie[len(lie)-FooterSize+8:])
		binary.LittleEndian.PutUint64(lie[len(lie)-FooterSize:], HeaderSize)
		binary.LittleEndian.PutUint32(lie[len(lie)-FooterSize+8:], length+uint32(offset)-HeaderSize)
		if _, err := store.Put(t.Context(), "lie", [][]byte{lie}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSized(t.Context(), store, "lie", b.Size); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a footer that lies: %v", err)
		}
	}
}
