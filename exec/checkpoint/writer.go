package checkpoint

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Writer takes the pieces of one checkpoint in the making.
type Writer struct {
	ctx      context.Context // of Write
	store    *Store
	boundary log.CommitSeq
	may      map[piece.Object]keepable
	used     map[piece.Object]int64 // bytes named of each object
	recent   map[piece.Object]int64 // and of the relation that is written
	before   map[catalog.OID]Parts  // what the checkpoint before has

	upload objstore.Upload
	buf    *bufio.Writer
	name   piece.Object // of the object in the making
	at     int64
	made   map[piece.Object]int64 // sizes of the objects of this checkpoint, up to their roots
	bytes  int64                  // written in all
}

var _ piece.Writer = (*Writer)(nil)

// writeBytes is how much goes to the object store at once.
const writeBytes = 1 << 20

// objectBytes closes an object, so that what is no longer in use can go piece by piece; tests make it
// small.
var objectBytes = int64(256 << 20)

// Reader implements piece.Writer.
func (w *Writer) Reader() piece.Reader { return w.store.objects }

// Keep implements piece.Writer.
func (w *Writer) Keep(p piece.Place) bool {
	if o, ok := w.may[p.Object]; !ok || o.sparse || w.store.objects.isDamaged(p) {
		return false
	}
	w.use(p)
	return true
}

func (w *Writer) use(p piece.Place) {
	w.used[p.Object] += p.Size
	w.recent[p.Object] += p.Size
}

// Put implements piece.Writer.
func (w *Writer) Put(parts ...[]byte) (piece.Place, error) {
	if w.upload != nil && w.at >= objectBytes {
		w.made[w.name] = w.at
		if err := w.end(nil); err != nil {
			return piece.Place{}, err
		}
	}
	if err := w.begin(); err != nil {
		return piece.Place{}, err
	}
	p := piece.Place{Object: w.name, At: w.at}
	for _, b := range parts {
		if _, err := w.Write(b); err != nil {
			return piece.Place{}, err
		}
	}
	p.Size = w.at - p.At
	w.use(p)
	return p, nil
}

// Write implements io.Writer for the object in the making.
func (w *Writer) Write(b []byte) (int, error) {
	n, err := w.buf.Write(b)
	w.at += int64(n)
	return n, err
}

// Parts makes a relation's state durable: lists of what was put and kept since the relation before, by
// name. A list that is what it was in the checkpoint before is not written again.
func (w *Writer) Parts(oid catalog.OID, lists map[string][]byte) (Parts, error) {
	list := encodeLists(w.recent, lists)
	clear(w.recent)
	sum := sumOf(list)
	if before, ok := w.before[oid]; ok && before.Sum == sum && w.Keep(before.Place) {
		clear(w.recent)
		return before, nil
	}
	place, err := w.Put(list)
	clear(w.recent)
	return Parts{place, sum}, err
}

// Drop forgets what was put and kept since the relation before.
func (w *Writer) Drop() {
	for name, n := range w.recent {
		w.used[name] -= n
	}
	clear(w.recent)
}

// Carry names again what the checkpoint before has of a relation, with all its pieces, in however sparse
// objects; false if it cannot.
func (w *Writer) Carry(p *Parts) bool {
	use, _, err := w.store.objects.lists(w.ctx, p)
	if err != nil {
		return false
	}
	for name := range use {
		if _, ok := w.may[name]; !ok {
			return false
		}
	}
	if _, ok := w.may[p.Place.Object]; !ok {
		return false
	}
	w.used[p.Place.Object] += p.Place.Size
	for name, n := range use {
		w.used[name] += n
	}
	return true
}

func sumOf(list []byte) (s Sum) {
	full := sha256.Sum256(list)
	copy(s[:], full[:])
	return s
}

// begin opens an object, if none is open.
func (w *Writer) begin() error {
	if w.upload != nil {
		return nil
	}
	var random [8]byte
	if _, err := io.ReadFull(w.store.cfg.Rand, random[:]); err != nil {
		return err
	}
	w.name = piece.Object{Timeline: w.store.timeline(), Commit: uint64(w.boundary), Random: binary.BigEndian.Uint64(random[:])}
	var err error
	if w.upload, err = w.store.cfg.Objects.Create(w.ctx, key(w.name)); err != nil {
		return err
	}
	w.buf, w.at = bufio.NewWriterSize(w.upload, writeBytes), 0
	_, err = w.Write(appendHeader(nil))
	return err
}

// end completes the object in the making; root may be empty.
func (w *Writer) end(root []byte) error {
	if len(root) > maxRoot {
		return fmt.Errorf("root of %d bytes is larger than allowed", len(root))
	}
	if _, err := w.Write(appendTrailer(root[:len(root):len(root)], root)); err != nil {
		return err
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	if _, err := w.upload.Commit(); err != nil {
		return err
	}
	w.upload = nil
	w.bytes += w.at
	return nil
}

// finish writes the root, which ends the newest object.
func (w *Writer) finish(m *Manifest) (*root, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	r := &root{Manifest: *m}
	w.made[w.name] = w.at
	w.used[w.name] += 0 // the pointer names it in any case
	for n, alive := range w.used {
		size, ok := w.made[n]
		if !ok {
			size = w.may[n].size
		}
		r.objects = append(r.objects, objectUse{n, size, alive})
	}
	slices.SortFunc(r.objects, func(a, b objectUse) int { return strings.Compare(a.name.String(), b.name.String()) })
	return r, w.end(r.encode())
}

// abort gives up what is not complete, and removes what is.
func (w *Writer) abort() {
	if w.upload != nil {
		_ = w.upload.Abort()
	}
	for n := range w.made {
		_ = w.store.cfg.Objects.Delete(w.ctx, key(n)) // else it is removed at a start
	}
}
