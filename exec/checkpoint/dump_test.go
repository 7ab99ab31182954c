package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// object reads an object whole.
func (o *opened) object(t *testing.T, name string) []byte {
	t.Helper()
	info, err := o.cfg.Objects.Stat(t.Context(), ObjectPrefix+name)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, info.Size)
	if _, err := o.cfg.Objects.GetRange(t.Context(), ObjectPrefix+name, 0, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDump: the second of two checkpoints names what lies in the first one's object; damage is told, and
// what can be read is printed all the same.
func TestDump(t *testing.T) {
	o := open(t)
	first := o.write(t, 10, "a long enough piece", "another piece")
	second := o.write(t, 20, "a long enough piece", "another piece", "new")
	objects := map[string][]byte{first.Object: o.object(t, first.Object), second.Object: o.object(t, second.Object)}
	dump := func() (string, error) {
		var out strings.Builder
		b := objects[second.Object]
		err := Dump(&out, bytes.NewReader(b), int64(len(b)), func(o piece.Object) (io.ReaderAt, error) {
			b, ok := objects[o.String()]
			if !ok {
				return nil, objstore.ErrNotFound
			}
			return bytes.NewReader(b), nil
		})
		return out.String(), err
	}
	out, err := dump()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("checkpoint object, format 4, %d bytes\nengine 1, boundary 20\n", len(objects[second.Object])),
		"table 16384: readable from 2, next row id 9\n  list: ", "pieces: 32 bytes in " + first.Object, "pieces: 3 bytes in " + second.Object,
		"  rows: list of ", "member 16386: at 20, readable from 0, changed at 3, late 1, no time 2, reads []\n", "member 16387: ", "  stands: without state\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	b := objects[second.Object]
	b[o.at(t, 20).Tables[0].Parts.Place.At] ^= 1
	if out, err := dump(); !errors.Is(err, ErrCorrupt) || !strings.Contains(out, "cannot be read: ") || !strings.Contains(out, "member 16387: ") {
		t.Errorf("a damaged list: %v\n%s", err, out)
	}
	for _, bad := range [][]byte{nil, b[:len(b)-1], bytes.Repeat([]byte{1}, 100)} {
		if err := Dump(io.Discard, bytes.NewReader(bad), int64(len(bad)), nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	empty := appendTrailer(appendHeader(nil), nil)
	var text strings.Builder
	if err := Dump(&text, bytes.NewReader(empty), int64(len(empty)), nil); err != nil || !strings.Contains(text.String(), "no root") {
		t.Errorf("an object without a root: %v, %s", err, text.String())
	}
}
