package checkpoint

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/storage/state/piece"
)

// encodeLists makes the list of a relation: the objects that it uses, with so many bytes of each, and
// what its parts are made of.
func encodeLists(use map[piece.Object]int64, lists map[string][]byte) []byte {
	e := &piece.Encoder{}
	e.Uint(uint64(len(use)))
	byName := func(a, b piece.Object) int { return strings.Compare(a.String(), b.String()) }
	for _, o := range slices.SortedFunc(maps.Keys(use), byName) {
		e.Place(piece.Place{Object: o, Size: use[o]})
	}
	e.Uint(uint64(len(lists)))
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		e.Bytes([]byte(name))
		e.Bytes(lists[name])
	}
	return e.Finish()
}

func decodeLists(b []byte) (use map[piece.Object]int64, lists map[string][]byte, err error) {
	d := piece.NewDecoder(b)
	use, lists = map[piece.Object]int64{}, map[string][]byte{}
	for range d.Count(3) {
		p := d.Place()
		use[p.Object] = p.Size
	}
	for range d.Count(2) {
		name := string(d.Bytes())
		lists[name] = d.Bytes()
	}
	if err := d.Close(); err != nil {
		return nil, nil, corrupt("list of a relation: %v", err)
	}
	return use, lists, nil
}

// maxList bounds what is allocated for the list of a relation.
const maxList = 1 << 30

// lists reads and checks the list of a relation.
func (o *objects) lists(ctx context.Context, p *Parts) (map[piece.Object]int64, map[string][]byte, error) {
	if p.Place.Size > maxList {
		return nil, nil, corrupt("list of %d bytes", p.Place.Size)
	}
	list := make([]byte, p.Place.Size)
	if err := o.read(ctx, p.Place.Object, p.Place.At, list); err != nil {
		return nil, nil, err
	}
	if sumOf(list) != p.Sum {
		return nil, nil, corrupt("checksum of a list")
	}
	return decodeLists(list)
}

// Loaded is a checkpoint whose root was read and verified. Safe for concurrent use.
type Loaded struct {
	Manifest
	Object  piece.Object
	objects *objects
	uses    []objectUse
}

// Pieces opens what the lists name.
func (l *Loaded) Pieces() piece.Reader { return l.objects }

// Lists are what the parts of a relation are made of, by name.
func (l *Loaded) Lists(ctx context.Context, p *Parts) (map[string][]byte, error) {
	_, lists, err := l.objects.lists(ctx, p)
	return lists, err
}

// States are the lists of a flow's states among those of a member, by name of the state.
func States(lists map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, list := range lists {
		if state, ok := strings.CutPrefix(name, prefixState); ok {
			out[state] = list
		}
	}
	return out
}

// load reads the root at the end of an object.
func (s *Store) load(ctx context.Context, name piece.Object) (*Loaded, error) {
	info, err := s.cfg.Objects.Stat(ctx, key(name))
	if err != nil {
		return nil, err
	}
	end := make([]byte, trailerSize)
	if err := s.objects.read(ctx, name, max(info.Size-trailerSize, 0), end); err != nil {
		return nil, err
	}
	t, err := decodeTrailer(end, info.Size)
	if err != nil {
		return nil, err
	}
	text := make([]byte, t.size)
	if err := s.objects.read(ctx, name, info.Size-trailerSize-int64(t.size), text); err != nil {
		return nil, err
	}
	r, err := decodeRoot(text, t)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.objects, func(u objectUse) bool { return u.name == name }) {
		return nil, fmt.Errorf("%w: root of another object", ErrCorrupt)
	}
	return &Loaded{Manifest: r.Manifest, Object: name, objects: s.objects, uses: r.objects}, nil
}
