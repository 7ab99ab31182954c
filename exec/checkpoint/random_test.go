package checkpoint

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// TestRandomStore: checkpoints of what changes at random, with writes to the store that fail or whose
// outcome is not known, starts at any moment, objects that go and pieces that are read on. Whatever
// happened, the newest checkpoint that was told to be durable, or a newer one, has everything; so has the
// one before it; and nothing is left that neither names, once a start has looked.
func TestRandomStore(t *testing.T) {
	seeds := uint64(500)
	if text := os.Getenv("TRIBUTARY_TEST_SEEDS"); text != "" {
		seeds, _ = strconv.ParseUint(text, 10, 64)
	}
	defer func(n int64) { objectBytes = n }(objectBytes)
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 11))
		objectBytes = []int64{300, 2000, 1 << 20}[r.IntN(3)]
		w := &storeWalk{t: t, r: r, seed: seed, opened: open(t), at: map[log.CommitSeq][]string{}}
		w.store = objstoretest.NewFaulty(objstore.NewMem())
		w.opened.again(t, w.store)
		for range 40 {
			w.step()
		}
		w.store.Heal()
		w.start()
		w.wantClean()
	}
}

type storeWalk struct {
	*opened
	t     *testing.T
	r     *rand.Rand
	seed  uint64
	store *objstoretest.Faulty

	texts   []string
	at      map[log.CommitSeq][]string // what each checkpoint that was begun has
	last    log.CommitSeq
	durable log.CommitSeq // newest that is certain
	held    []heldPiece
}

type heldPiece struct {
	piece.Source
	text string
}

func (w *storeWalk) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
}

func (w *storeWalk) step() {
	switch w.r.IntN(8) {
	case 0, 1:
		w.change()
	case 2, 3, 4:
		w.checkpoint()
	case 5:
		if w.r.IntN(3) == 0 {
			w.start()
		}
	case 6:
		w.hold()
	case 7:
		w.store.Heal()
		if w.r.IntN(2) == 0 {
			op := []objstoretest.Op{objstoretest.OpCreate, objstoretest.OpWrite, objstoretest.OpCommit, objstoretest.OpDelete}[w.r.IntN(4)]
			w.store.Inject(objstoretest.Fault{Op: op, Skip: w.r.IntN(3), Times: 1 + w.r.IntN(2), Err: objstore.ErrUnknown, Ambiguous: w.r.IntN(2) == 0})
		}
	}
	for _, h := range w.held {
		b := make([]byte, len(h.text))
		if err := h.ReadAt(b, 0); err != nil || string(b) != h.text {
			w.fatalf("a piece that is still read: %q, %v", b, err)
		}
	}
}

func (w *storeWalk) change() {
	w.texts = slices.Clone(w.texts)
	for range 1 + w.r.IntN(5) {
		text := fmt.Sprintf("%d %0*d", w.r.IntN(1000), 1+w.r.IntN(100), 7)
		if len(w.texts) > 0 && w.r.IntN(3) > 0 {
			w.texts[w.r.IntN(len(w.texts))] = text
		} else {
			w.texts = append(w.texts, text)
		}
	}
	if w.r.IntN(10) == 0 {
		w.texts = w.texts[:w.r.IntN(len(w.texts))]
	}
}

func (w *storeWalk) checkpoint() {
	w.last += 1 + log.CommitSeq(w.r.IntN(2))
	w.last = max(w.last, 2)
	w.at[w.last] = w.texts
	if _, err := w.Write(w.t.Context(), w.last, w.table(w.last, w.texts...)); err == nil {
		w.durable = w.last
	}
}

// start is a start of another process, which has only what is durable.
func (w *storeWalk) start() {
	w.store.Heal()
	for _, h := range w.held {
		h.Release()
	}
	w.held = nil
	w.again(w.t, w.store)
	if err := w.Sweep(w.t.Context()); err != nil {
		w.fatalf("sweep: %v", err)
	}
	l, err := w.Newest(w.t.Context(), 1<<40)
	if err != nil {
		w.fatalf("newest: %v", err)
	}
	switch {
	case l == nil && w.durable == 0:
		return
	case l == nil || l.Boundary < w.durable:
		w.fatalf("a start has %+v, %d was durable", l, w.durable)
	}
	w.durable = l.Boundary
	w.has(l)
	if p, _, _ := w.readPointer(w.t.Context()); p.Previous != nil {
		before, err := w.candidate(w.t.Context(), *p.Previous, 1<<40)
		if err != nil {
			w.fatalf("the one before %d: %v", l.Boundary, err)
		}
		w.has(before)
	}
	w.texts = slices.Clone(w.at[l.Boundary])
	// Places are known from the list alone.
	places := map[string]piece.Place{}
	for _, text := range w.texts {
		places[text] = w.places[text]
	}
	maps.DeleteFunc(w.places, func(text string, _ piece.Place) bool { _, ok := places[text]; return !ok })
}

func (w *storeWalk) has(l *Loaded) {
	w.t.Helper()
	got, err := tryRead(w.t.Context(), l)
	if err != nil || !slices.Equal(got, w.at[l.Boundary]) {
		w.fatalf("checkpoint %d has %q, want %q, %v", l.Boundary, got, w.at[l.Boundary], err)
	}
}

// hold keeps a piece of the newest checkpoint open, or lets one go.
func (w *storeWalk) hold() {
	if len(w.held) > 0 && w.r.IntN(2) == 0 {
		w.held[0].Release()
		w.held = w.held[1:]
		return
	}
	l := w.Latest()
	if l == nil || len(w.at[l.Boundary]) == 0 {
		return
	}
	w.store.Heal()
	lists, err := l.Lists(w.t.Context(), &l.Tables[0].Parts)
	if err != nil {
		w.fatalf("lists of the newest: %v", err)
	}
	d := piece.NewDecoder(lists[PartRows])
	d.Count(1)
	s, err := l.Pieces().Open(d.Place())
	if err != nil {
		w.fatalf("a piece of the newest: %v", err)
	}
	w.held = append(w.held, heldPiece{s, w.at[l.Boundary][0]})
}

// wantClean: what is there is what the two kept checkpoints name.
func (w *storeWalk) wantClean() {
	named := map[string]bool{}
	p, version, err := w.readPointer(w.t.Context())
	if err != nil {
		w.fatalf("pointer: %v", err)
	}
	for _, info := range []*Info{&p.Newest, p.Previous} {
		if info == nil || version == 0 {
			continue
		}
		l, err := w.candidate(w.t.Context(), *info, 1<<40)
		if err != nil {
			w.fatalf("%s: %v", info.Object, err)
		}
		for _, u := range l.uses {
			named[key(u.name)] = true
		}
	}
	for _, k := range w.keys(w.t) {
		if !named[k] {
			w.fatalf("%s is left", k)
		}
	}
}
