package chain

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

var update = flag.Bool("update", false, "write the golden files")

func sample() *Link {
	return &Link{Position: Position{Number: 7}, Flags: TakenOver, Timeline: 3, Before: 0x01020304, Newest: 41, TimeMillis: 1_700_000_000_000, Random: 99,
		Batch: meta.Batch{Seq: 41, Record: []byte("record"), Writes: []meta.Write{{Key: []byte("set"), Value: []byte("v")}, {Key: []byte("empty"), Value: []byte{}}, {Key: []byte("gone")}},
			Identities: [][]byte{[]byte("once")}}}
}

// golden holds bytes to the file of this name, in hexadecimal.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(hex.Dump(got)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != hex.Dump(got) {
		t.Errorf("%s is now\n%s", name, hex.Dump(got))
	}
}

// TestGolden: links and bases are written as they always were, and read back.
func TestGolden(t *testing.T) {
	l := sample()
	data := l.encode()
	golden(t, "link.golden", data)
	got, err := decodeLink(data)
	if err != nil || !reflect.DeepEqual(&got, l) {
		t.Errorf("read back: %+v, %v; wrote %+v", got, err, l)
	}
	objects := objstore.NewMem()
	m := &Mark{Position: Position{Number: 7, Sum: 0x0a0b0c0d}, Timeline: 3, Newest: 41, TimeMillis: 1_700_000_000_000}
	golden(t, "mark.golden", m.encode())
	if got, err := decodeMark(m.encode()); err != nil || got != *m {
		t.Errorf("read back: %+v, %v; wrote %+v", got, err, m)
	}
	data = writeSample(t, objects)
	golden(t, "base.golden", data)
	n := 0
	info, err := ReadBase(t.Context(), objects, "base", func(_, _ []byte) error { n++; return nil })
	if err != nil || n != 2 || info.Number != 9 || info.Timeline != 2 {
		t.Errorf("read back: %+v, %d entries, %v", info, n, err)
	}
}

// writeSample puts a base of two entries, in frames of one.
func writeSample(t testing.TB, objects objstore.Store) []byte {
	t.Helper()
	info := BaseInfo{Position: Position{Number: 9, Sum: 0x0a0b0c0d}, Timeline: 2, Floor: 3, Newest: 40, TimeMillis: 1_700_000_000_000}
	var b bytes.Buffer
	w := baseWriter{to: &b}
	err := w.write(info.header())
	for _, k := range []string{"a", "b"} {
		w.frame = appendBytes(appendBytes(w.frame, []byte(k)), []byte(strings.Repeat(k, 3)))
		w.entries++
		err = errors.Join(err, w.flush())
	}
	if err = errors.Join(err, w.end()); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.Put(context.Background(), "base", [][]byte{b.Bytes()}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestNewer: what a later version wrote is no damage.
func TestNewer(t *testing.T) {
	l := sample()
	l.Flags |= 1 << 9
	if _, err := decodeLink(l.encode()); !errors.Is(err, ErrVersion) {
		t.Errorf("a flag that is not known: %v", err)
	}
}

func FuzzLink(f *testing.F) {
	f.Add(sample().encode())
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) >= linkHeaderSize { // what is behind the checksum is to be reached
			src = resum(src)
		}
		l, err := decodeLink(src)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Error(err)
			}
			return
		}
		again, err := decodeLink(l.encode())
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Errorf("%+v is %+v when it is written again: %v", l, again, err)
		}
	})
}

// resum gives a link the length and the checksum that it should have.
func resum(src []byte) []byte {
	src = bytes.Clone(src)
	n := len(src) - linkHeaderSize
	for i := range 8 {
		src[48+i] = byte(n >> (8 * i))
	}
	sum := sumAround(src, linkSumAt)
	for i := range 4 {
		src[linkSumAt+i] = byte(sum >> (8 * i))
	}
	return src
}

func FuzzBase(f *testing.F) {
	f.Add(writeSample(f, objstore.NewMem()))
	f.Fuzz(func(t *testing.T, src []byte) {
		objects := objstore.NewMem()
		if _, err := objects.Put(t.Context(), "base", [][]byte{src}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		_, err := ReadBase(t.Context(), objects, "base", func(_, _ []byte) error { return nil })
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Error(err)
		}
	})
}
