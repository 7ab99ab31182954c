package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// objects are those that a kept checkpoint names, or that somebody still reads. Safe for concurrent use.
type objects struct {
	bg    context.Context // of reads that nobody waits for with a context of his own
	store objstore.Store
	local bool
	cache windows
	// onDamage is told of a piece that cannot be read; set before anything is.
	onDamage func()
	mu       struct {
		sync.Mutex
		all map[piece.Object]*object
	}
}

// object is one of them. Guarded by objects.mu.
type object struct {
	size    int64 // up to its root
	alive   int64 // bytes that the newest checkpoint names
	readers int
	named   bool // by a kept checkpoint
	// damaged are where pieces begin that could not be read, so that nobody names them again.
	damaged map[int64]bool
}

var _ piece.Reader = (*objects)(nil)

func key(o piece.Object) string { return ObjectPrefix + o.String() }

// Local implements piece.Reader.
func (o *objects) Local() bool { return o.local }

// Open implements piece.Reader.
func (o *objects) Open(p piece.Place) (piece.Source, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	of, ok := o.mu.all[p.Object]
	if !ok || p.At < headerSize || p.Size > of.size || p.At > of.size-p.Size {
		return nil, fmt.Errorf("%w: %s", piece.ErrGone, p.Object)
	}
	of.readers++
	return &source{o, p}, nil
}

// source is an open piece.
type source struct {
	of    *objects
	place piece.Place
}

// ReadAt implements piece.Source.
func (s *source) ReadAt(b []byte, at int64) error {
	if at < 0 || int64(len(b)) > s.place.Size-at {
		return corrupt("%d bytes at %d of a piece of %d", len(b), at, s.place.Size)
	}
	return s.of.read(s.of.bg, s.place.Object, s.place.At+at, b)
}

// Damaged implements piece.Source.
func (s *source) Damaged() {
	s.of.mu.Lock()
	of := s.of.mu.all[s.place.Object]
	if of.damaged == nil {
		of.damaged = map[int64]bool{}
	}
	of.damaged[s.place.At] = true
	told := s.of.onDamage
	s.of.mu.Unlock()
	if told != nil {
		told()
	}
}

// isDamaged: somebody could not read the piece.
func (o *objects) isDamaged(p piece.Place) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	of := o.mu.all[p.Object]
	return of != nil && of.damaged[p.At]
}

// Release implements piece.Source.
func (s *source) Release() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.mu.all[s.place.Object].readers--
}

// read fills b from an object. What is small and distant comes with what lies beside it.
func (o *objects) read(ctx context.Context, name piece.Object, at int64, b []byte) error {
	get := func(at int64, b []byte) (int, error) { return o.store.GetRange(ctx, key(name), at, b) }
	var n int
	var err error
	if o.local || len(b) > windowBytes/8 {
		n, err = get(at, b)
	} else {
		n, err = o.cache.read(name, at, b, get)
	}
	if err == nil && n < len(b) {
		err = corrupt("object ends at %d", at+int64(n))
	}
	if errors.Is(err, ErrCorrupt) || errors.Is(err, objstore.ErrRange) || errors.Is(err, objstore.ErrNotFound) {
		// Cut or gone is damage, as a wrong checksum is, and no error of the disk.
		return fmt.Errorf("read checkpoint %s: %w: %w", name, state.ErrCorrupt, err)
	}
	if err != nil {
		return fmt.Errorf("read checkpoint %s: %w", name, err)
	}
	return nil
}

// windows keeps what was read last of distant objects, whose pieces are small and many.
type windows struct {
	mu   sync.Mutex
	last []window // newest last
}

const (
	windowBytes = 1 << 20
	maxWindows  = 8
)

type window struct {
	of    piece.Object
	at    int64
	bytes []byte
}

func (w *windows) read(of piece.Object, at int64, b []byte, get func(int64, []byte) (int, error)) (int, error) {
	if n := w.find(of, at, b); n == len(b) {
		return n, nil
	}
	bytes := make([]byte, windowBytes)
	n, err := get(at, bytes)
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.last) == maxWindows {
		w.last = append(w.last[:0], w.last[1:]...)
	}
	w.last = append(w.last, window{of, at, bytes[:n]})
	return copy(b, bytes[:n]), nil
}

func (w *windows) find(of piece.Object, at int64, b []byte) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, have := range w.last {
		if have.of == of && at >= have.at && at+int64(len(b)) <= have.at+int64(len(have.bytes)) {
			return copy(b, have.bytes[at-have.at:])
		}
	}
	return 0
}

// adopt makes the objects of the kept checkpoints those that are named; alive are the newest's. It gives
// those that nobody names and nobody reads, which are forgotten.
func (o *objects) adopt(newest, previous []objectUse) (gone []piece.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, of := range o.mu.all {
		of.named, of.alive = false, 0
	}
	name := func(u objectUse) *object {
		of := o.mu.all[u.name]
		if of == nil {
			of = &object{size: u.size}
			o.mu.all[u.name] = of
		}
		of.named = true
		return of
	}
	for _, u := range previous {
		name(u)
	}
	for _, u := range newest {
		name(u).alive = u.alive
	}
	for n, of := range o.mu.all {
		if !of.named && of.readers == 0 {
			delete(o.mu.all, n)
			gone = append(gone, n)
		}
	}
	return gone
}

// Past manyObjects the pieces of those that are smaller than smallObject are written anew.
const (
	manyObjects = 32
	smallObject = 64 << 10
)

// keepable is an object that a checkpoint may name again.
type keepable struct {
	size int64
	// sparse: it is better to write anew what is in use.
	sparse bool
}

// keepable are the objects that kept checkpoints name.
func (o *objects) keepable() map[piece.Object]keepable {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[piece.Object]keepable{}
	for n, of := range o.mu.all {
		if of.named {
			out[n] = keepable{of.size, of.alive < of.size/2 || len(o.mu.all) > manyObjects && of.size < smallObject}
		}
	}
	return out
}
