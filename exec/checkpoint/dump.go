package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/storage/state/piece"
)

// Dump prints what the object f of size bytes holds: its root and, of each relation, where its list
// lies and what is in it. beside opens another object of the checkpoint. What cannot be
// read is said where it stands, and again as the error.
func Dump(w io.Writer, f io.ReaderAt, size int64, beside func(o piece.Object) (io.ReaderAt, error)) error {
	d := &dumper{w: w, beside: beside}
	r, err := readRoot(f, size)
	if err != nil {
		return err
	}
	if r == nil {
		d.printf("checkpoint object, format %d, %d bytes: no root; the newest object of its checkpoint has it\n", formatVersion, size)
		return d.err
	}
	d.printf("checkpoint object, format %d, %d bytes\nengine %d, boundary %d\n", formatVersion, size, r.Engine, r.Boundary)
	for _, o := range r.objects {
		d.printf("object %s: %d bytes, %d in use\n", o.name, o.size, o.alive)
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		d.printf("table %d: readable from %d, next row id %d\n", t.OID, t.Horizon, t.NextRowID)
		d.parts(&t.Parts)
	}
	for i := range r.Members {
		m := &r.Members[i]
		d.printf("member %d: at %d, readable from %d, changed at %d, late %d, no time %d, reads %v\n", m.OID, m.Frontier, m.Horizon, m.Changed, m.Late, m.NoTime, m.Reads)
		if m.Stands() {
			d.printf("  stands: without state\n")
			continue
		}
		d.parts(m.Parts)
	}
	return errors.Join(d.damage, d.err)
}

// readRoot reads the root of an object, nil in one without.
func readRoot(f io.ReaderAt, size int64) (*root, error) {
	end := make([]byte, min(trailerSize, size))
	if err := readFull(f, end, size-int64(len(end))); err != nil {
		return nil, err
	}
	t, err := decodeTrailer(end, size)
	if err != nil || t.size == 0 {
		return nil, err
	}
	text := make([]byte, t.size)
	if err := readFull(f, text, size-trailerSize-int64(t.size)); err != nil {
		return nil, err
	}
	return decodeRoot(text, t)
}

func readFull(f io.ReaderAt, b []byte, at int64) error {
	n, err := f.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return corrupt("object ends at %d", at+int64(n))
	}
	return err
}

type dumper struct {
	w      io.Writer
	beside func(o piece.Object) (io.ReaderAt, error)
	damage error // the first that was seen
	err    error // first failed write
}

func (d *dumper) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.w, format, args...)
	}
}

// parts prints the list of a relation.
func (d *dumper) parts(p *Parts) {
	d.printf("  list: %d bytes at %d of %s\n", p.Place.Size, p.Place.At, p.Place.Object)
	use, lists, err := d.read(p)
	if err != nil {
		d.printf("  cannot be read: %v\n", err)
		if d.damage == nil {
			d.damage = err
		}
		return
	}
	for _, o := range slices.SortedFunc(maps.Keys(use), func(a, b piece.Object) int { return strings.Compare(a.String(), b.String()) }) {
		d.printf("  pieces: %d bytes in %s\n", use[o], o)
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		d.printf("  %s: list of %d bytes\n", name, len(lists[name]))
	}
}

func (d *dumper) read(p *Parts) (map[piece.Object]int64, map[string][]byte, error) {
	if p.Place.Size > maxList {
		return nil, nil, corrupt("list of %d bytes", p.Place.Size)
	}
	f, err := d.beside(p.Place.Object)
	if err != nil {
		return nil, nil, err
	}
	list := make([]byte, p.Place.Size)
	if err := readFull(f, list, p.Place.At); err != nil {
		return nil, nil, err
	}
	if sumOf(list) != p.Sum {
		return nil, nil, corrupt("checksum of a list")
	}
	return decodeLists(list)
}
