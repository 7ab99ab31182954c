package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/storage/objstore"
)

// Found is what of a chain lies in an object store.
type Found struct {
	Links []uint64 // numbers, ascending
	Bases []uint64 // numbers, newest first
	Mark  *Mark    // nil = there is none, or a damaged one

	sizes map[uint64]int64 // of links
}

// Find lists the chain; of its objects only the mark is read yet.
func Find(ctx context.Context, objects objstore.Store) (*Found, error) {
	f := &Found{sizes: map[uint64]int64{}}
	var err error
	if f.Mark, err = readMark(ctx, objects); err != nil { // before the links: they may become more meanwhile
		return nil, err
	}
	for info, err := range objects.List(ctx, linkPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the chain of the metadata: %w", err)
		}
		if n, ok := parseLinkKey(info.Key); ok {
			f.Links = append(f.Links, n)
			f.sizes[n] = info.Size
		}
	}
	for info, err := range objects.List(ctx, basePrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the bases of the metadata: %w", err)
		}
		if n, ok := parseBaseKey(info.Key); ok {
			f.Bases = append(f.Bases, n)
		}
	}
	slices.Reverse(f.Bases)
	return f, nil
}

// Empty: there is none and never was.
func (f *Found) Empty() bool { return len(f.Links) == 0 && len(f.Bases) == 0 && f.Mark == nil }

// Newest number that anybody has used.
func (f *Found) Newest() uint64 {
	n := uint64(0)
	if len(f.Links) > 0 {
		n = f.Links[len(f.Links)-1]
	}
	if len(f.Bases) > 0 {
		n = max(n, f.Bases[0])
	}
	if f.Mark != nil {
		n = max(n, f.Mark.Number)
	}
	return n
}

// BaseKey is where the base of this number lies.
func BaseKey(number uint64) string { return baseKey(number) }

// Gap ends a chain before its end.
type Gap struct {
	Number uint64 // of the link that is not there, or damaged
	Key    string
	Damage error // nil = it is not there
	Behind int   // links that lie behind it
	Marked bool  // the mark says that the chain went on
	// Newest commit that a link behind the gap or the mark proves, 0 if none can be read.
	Newest uint64
}

func (g *Gap) Error() string {
	what := "is missing"
	if g.Damage != nil {
		what = fmt.Sprintf("is damaged (%v)", g.Damage)
	}
	if g.Marked && g.Behind == 0 {
		return fmt.Sprintf("object %s of the metadata's chain %s, and %s says that it was there", g.Key, what, markKey)
	}
	return fmt.Sprintf("object %s of the metadata's chain %s, %d objects of the chain lie behind it", g.Key, what, g.Behind)
}

// errForeign is the damage of a link that does not follow the one before.
var errForeign = errors.New("it does not follow the one before")

// readsAtOnce bounds the links that are read ahead.
const readsAtOnce = 16

// Follow visits the links behind at, in order, and returns the last one's position. A *Gap ends it.
func (f *Found) Follow(ctx context.Context, objects objstore.Store, at Position, visit func(*Link) error) (Position, error) {
	from, _ := slices.BinarySearch(f.Links, at.Number+1)
	todo := f.Links[from:]
	for len(todo) > 0 {
		n := min(len(todo), readsAtOnce)
		links, errs := make([]Link, n), make([]error, n)
		var g errgroup.Group
		for i := range n {
			g.Go(func() error {
				links[i], errs[i] = readLink(ctx, objects, todo[i], f.sizes[todo[i]])
				return nil
			})
		}
		_ = g.Wait() // each has its own
		for i := range n {
			l, err := &links[i], errs[i]
			switch {
			case todo[i] != at.Number+1:
				return at, f.gap(ctx, objects, at.Number+1, nil)
			case errors.Is(err, ErrCorrupt):
				return at, f.gap(ctx, objects, at.Number+1, err)
			case errors.Is(err, objstore.ErrNotFound):
				return at, f.gap(ctx, objects, at.Number+1, nil)
			case err != nil:
				return at, err
			case l.Before != at.Sum:
				return at, f.gap(ctx, objects, at.Number+1, errForeign)
			}
			if err := visit(l); err != nil {
				return at, err
			}
			at = l.Position
		}
		todo = todo[n:]
	}
	if f.goesOn(at) {
		return at, f.gap(ctx, objects, at.Number+1, nil)
	}
	return at, nil
}

// goesOn: the mark says that the chain had more than at.
func (f *Found) goesOn(at Position) bool { return f.Mark != nil && f.Mark.Number > at.Number }

func (f *Found) gap(ctx context.Context, objects objstore.Store, number uint64, damage error) error {
	g := &Gap{Number: number, Key: linkKey(number), Damage: damage}
	if g.Marked = f.Mark != nil && f.Mark.Number >= number; g.Marked {
		g.Newest = uint64(f.Mark.Newest)
	}
	from, _ := slices.BinarySearch(f.Links, number+1)
	g.Behind = len(f.Links) - from
	for i := len(f.Links) - 1; i >= from; i-- {
		if l, err := readLink(ctx, objects, f.Links[i], f.sizes[f.Links[i]]); err == nil {
			g.Newest = max(g.Newest, uint64(l.Newest))
			break
		}
	}
	return g
}

func readLink(ctx context.Context, objects objstore.Store, number uint64, size int64) (Link, error) {
	if size > maxLinkBytes || size < linkHeaderSize {
		return Link{}, fmt.Errorf("%w: %d bytes", ErrCorrupt, size)
	}
	src := make([]byte, size)
	n, err := objects.GetRange(ctx, linkKey(number), 0, src)
	if errors.Is(err, objstore.ErrRange) {
		return Link{}, fmt.Errorf("%w: it is empty", ErrCorrupt)
	}
	if err != nil {
		return Link{}, err
	}
	l, err := decodeLink(src[:n])
	if err == nil && l.Number != number {
		err = fmt.Errorf("%w: it says that it is number %d", ErrCorrupt, l.Number)
	}
	return l, err
}

// Standing is how a store with a position stands to the chain.
type Standing struct {
	// Follows: the chain goes on from the position, or ends there.
	Follows bool
	// Behind is how many links the store has still to take.
	Behind int
	Newest uint64 // commit of the chain's newest link, 0 if Behind is
	// Alone: the link of the position is gone or damaged, and nothing lies behind it. The store has all that the chain had.
	Alone bool
	Ended bool // the newest link is an End
}

// Stand reads what is needed to know whether the chain goes on from at; nothing is changed.
func (f *Found) Stand(ctx context.Context, objects objstore.Store, at Position) (Standing, error) {
	from, _ := slices.BinarySearch(f.Links, at.Number+1)
	s := Standing{Behind: len(f.Links) - from}
	if s.Behind == 0 && (f.goesOn(at) || len(f.Bases) > 0 && f.Bases[0] > at.Number) {
		return s, nil
	}
	if s.Behind == 0 {
		own, err := readLink(ctx, objects, at.Number, f.sizes[at.Number])
		switch {
		case errors.Is(err, ErrCorrupt), errors.Is(err, objstore.ErrNotFound):
			s.Follows, s.Alone = true, true
			return s, nil
		case err != nil:
			return s, err
		}
		s.Follows, s.Ended = own.Sum == at.Sum, own.Flags&End != 0
		return s, nil
	}
	next, err := readLink(ctx, objects, f.Links[from], f.sizes[f.Links[from]])
	if errors.Is(err, ErrCorrupt) || errors.Is(err, objstore.ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if s.Follows = next.Number == at.Number+1 && next.Before == at.Sum; !s.Follows {
		return s, nil
	}
	n := f.Links[len(f.Links)-1]
	last, err := readLink(ctx, objects, n, f.sizes[n])
	if errors.Is(err, ErrCorrupt) || errors.Is(err, objstore.ErrNotFound) {
		return s, nil // taking the links will say so
	}
	s.Newest, s.Ended = uint64(last.Newest), last.Flags&End != 0
	return s, err
}
