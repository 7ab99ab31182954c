package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

var (
	topicA = [16]byte{0xaa, 15: 1}
	topicB = [16]byte{0xbb, 15: 2}
)

// batchOf builds a record batch of count records at base with timestamps from ms on.
func batchOf(t testing.TB, base int64, count int, ms int64, value string) []byte {
	b := recordbatch.NewBuilder(0)
	for i := range count {
		if err := b.Add(fmt.Appendf(nil, "k%d", i), []byte(value), nil, ms+int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	raw := b.AppendTo(nil)
	recordbatch.Patch(raw, base, 0)
	return raw
}

func mixedRuns(t testing.TB) []Run {
	return []Run{
		{Topic: topicB, Partition: 0, RecordBatches: [][]byte{batchOf(t, 0, 2, 1700000000000, "b0")}},
		{Topic: topicA, Partition: 1, RecordBatches: [][]byte{
			append(batchOf(t, 0, 3, 1700000005000, "a1"), batchOf(t, 0, 1, 1700000001000, "a1 again")...),
			batchOf(t, 0, 1, recordbatch.NoTimestamp, "no time"),
		}},
		{Topic: topicA, Partition: 0, RecordBatches: [][]byte{batchOf(t, 0, 1, 1700000002000, "a0")}},
	}
}

func placedRuns(t testing.TB) []Run {
	return []Run{
		{
			Topic: topicA, Partition: 3, FirstOffset: 100,
			RecordBatches: [][]byte{batchOf(t, 100, 3, 1700000000000, "x"), batchOf(t, 103, 2, 1700000009000, "y"), batchOf(t, 110, 1, 1700000004000, "after a gap")},
			Visible:       []Visibility{{1, 41, 1700000010000}, {2, 57, 1700000020000}},
			Transactions:  []Transaction{{7, 100, 103, 60, 1700000030000}, {8, 103, 104, 0, 1700000031000}},
		},
		{
			Topic: topicB, Partition: 0, FirstOffset: 0,
			RecordBatches: [][]byte{batchOf(t, 0, 1, 1700000000500, "z")},
			Visible:       []Visibility{{1, 40, 1700000009500}},
		},
	}
}

func mustBuild(t testing.TB, opts Options, runs []Run) (*Built, []byte) {
	t.Helper()
	b, err := Build(opts, runs)
	if err != nil {
		t.Fatal(err)
	}
	object := bytes.Join(b.Parts, nil)
	if int64(len(object)) != b.Size {
		t.Fatalf("%d bytes, Size says %d", len(object), b.Size)
	}
	return b, object
}

func openBytes(object []byte) (*Reader, error) {
	return Open(context.Background(), readerAt{bytes.NewReader(object), int64(len(object))}, "test")
}

func dumpString(object []byte, opts DumpOptions) (string, error) {
	var out strings.Builder
	err := Dump(&out, bytes.NewReader(object), int64(len(object)), opts)
	return out.String(), err
}

func TestGolden(t *testing.T) {
	section := func(runs []RunInfo) []byte { return fmt.Appendf(nil, "commit of %d runs", len(runs)) }
	for _, tt := range []struct {
		name string
		opts Options
		runs []Run
	}{
		{"unplaced", Options{CreatedMillis: 1700000030000, Proof: Proof{Timeline: 2, Newest: 77, CRC: 0xfeed}}, mixedRuns(t)},
		{"placed", Options{Placed: true, CreatedMillis: 1700000030000, CommitSection: section}, placedRuns(t)},
		{"compacted", Options{Placed: true, Compacted: true, CreatedMillis: 1700000030000}, placedRuns(t)[:1]},
		{"empty", Options{CreatedMillis: 1700000030000}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, object := mustBuild(t, tt.opts, tt.runs)
			dump, err := dumpString(object, DumpOptions{Records: true})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tt.name+".strm", object)
			golden(t, tt.name+".txt", []byte(dump))
		})
	}
}

// golden compares with a file of testdata; -rewrite makes it anew.
func golden(t *testing.T, name string, got []byte) {
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".txt") {
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	} else if !bytes.Equal(want, got) {
		t.Errorf("%s: the bytes of version %d changed:\n%x\n%x", path, Version, want, got)
	}
}

func TestReadBack(t *testing.T) {
	for name, runs := range map[string][]Run{"unplaced": mixedRuns(t), "placed": placedRuns(t)} {
		placed := name == "placed"
		var laidOut []RunInfo
		b, object := mustBuild(t, Options{Placed: placed, CommitSection: func(r []RunInfo) []byte {
			laidOut = r
			return []byte("section")
		}}, runs)
		r, err := openBytes(object)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b.Runs, laidOut); d != "" {
			t.Error(d)
		}
		if section, err := r.CommitSection(t.Context()); err != nil || string(section) != "section" {
			t.Errorf("%q, %v", section, err)
		}
		if len(r.Runs()) != len(runs) || r.Size() != int64(len(object)) {
			t.Errorf("%d runs, %d bytes", len(r.Runs()), r.Size())
		}
		for i := range runs {
			info, ok := r.Find(runs[i].Topic, runs[i].Partition)
			if !ok {
				t.Fatalf("run %d is not found", i)
			}
			if d := cmp.Diff(b.Runs[i], *info); d != "" {
				t.Error(d)
			}
			want := bytes.Join(runs[i].RecordBatches, nil)
			got, err := r.ReadRun(t.Context(), info, []byte("before"))
			if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
				t.Errorf("run %d: %d bytes, %v", i, len(got), err)
			}
			if info.CRC != crc32.Checksum(want, castagnoli) || !bytes.Equal(object[info.Position:][:info.Length], want) {
				t.Errorf("run %d does not lie where its entry says", i)
			}
		}
		if _, ok := r.Find(topicB, 9); ok {
			t.Error("found a partition that is not there")
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	good := batchOf(t, 0, 2, 1, "x")
	vis := func(n int) []Visibility { return []Visibility{{n, 1, 1}} }
	for name, tt := range map[string]struct {
		opts Options
		runs []Run
	}{
		"a partition twice":   {Options{}, []Run{{RecordBatches: [][]byte{good}}, {RecordBatches: [][]byte{good}}}},
		"no record batches":   {Options{}, []Run{{}}},
		"negative partition":  {Options{}, []Run{{Partition: -1, RecordBatches: [][]byte{good}}}},
		"cut short":           {Options{}, []Run{{RecordBatches: [][]byte{good[:len(good)-1]}}}},
		"split record batch":  {Options{}, []Run{{RecordBatches: [][]byte{good[:50], good[50:]}}}},
		"offset, not placed":  {Options{}, []Run{{FirstOffset: 5, RecordBatches: [][]byte{good}}}},
		"visible, not placed": {Options{}, []Run{{Visible: vis(1), RecordBatches: [][]byte{good}}}},
		"placed, not visible": {Options{Placed: true}, []Run{{RecordBatches: [][]byte{good}}}},
		"visible short":       {Options{Placed: true}, []Run{{Visible: vis(1), RecordBatches: [][]byte{good, batchOf(t, 2, 1, 1, "y")}}}},
		"visible long":        {Options{Placed: true}, []Run{{Visible: vis(2), RecordBatches: [][]byte{good}}}},
		"visible at 0":        {Options{Placed: true}, []Run{{Visible: []Visibility{{1, 0, 1}}, RecordBatches: [][]byte{good}}}},
		"other first offset":  {Options{Placed: true}, []Run{{FirstOffset: 7, Visible: vis(1), RecordBatches: [][]byte{good}}}},
		"overlap":             {Options{Placed: true}, []Run{{Visible: vis(2), RecordBatches: [][]byte{good, batchOf(t, 1, 1, 1, "y")}}}},
		"compacted, two runs": {Options{Placed: true, Compacted: true}, placedRuns(t)},
	} {
		if _, err := Build(tt.opts, tt.runs); !errors.Is(err, ErrInvalidRun) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryBitCounts: a flipped bit anywhere is found, by Open or by reading what it is in.
func TestEveryBitCounts(t *testing.T) {
	for _, opts := range []Options{{}, {Placed: true, CommitSection: func([]RunInfo) []byte { return []byte("section") }}} {
		runs := mixedRuns(t)
		if opts.Placed {
			runs = placedRuns(t)
		}
		_, object := mustBuild(t, opts, runs)
		for i := range len(object) * 8 {
			object[i/8] ^= 1 << (i % 8)
			if _, err := dumpString(object, DumpOptions{RecordBatches: true}); err == nil {
				// Reserved bytes of the footer mean nothing and are not covered.
				if at := len(object) - i/8; at > 16 || at <= 4 {
					t.Errorf("bit %d of byte %d of %d", i%8, i/8, len(object))
				}
			}
			object[i/8] ^= 1 << (i % 8)
		}
		for n := range object {
			if _, err := openBytes(object[:n]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("cut at %d: %v", n, err)
			}
		}
	}
}

func TestBaseOffsetsAreChecked(t *testing.T) {
	b, object := mustBuild(t, Options{Placed: true}, placedRuns(t))
	run := b.Runs[0] // a copy, with checksums made to fit what follows
	data := bytes.Clone(object[run.Position:][:run.Length])
	recordbatch.Patch(data, 99, 0)
	run.Chunks = bytesClone(run.Chunks)
	run.Chunks[0].CRC = crc32.Checksum(data, castagnoli)
	if err := run.VerifyChunks(0, 1, data); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "offset 99") {
		t.Errorf("a base offset that the index does not have: %v", err)
	}
}

func bytesClone(c []Chunk) []Chunk { return append([]Chunk(nil), c...) }

func TestUnknownTrailingFields(t *testing.T) {
	b, _ := mustBuild(t, Options{Placed: true}, placedRuns(t))
	entry := b.Runs[0].AppendTo(nil)
	longer := binary.LittleEndian.AppendUint32(nil, uint32(len(entry)-4+5))
	longer = append(append(longer, entry[4:]...), "later"...)
	longer = append(longer, "rest"...)
	got, rest, err := DecodeRunInfo(longer)
	if err != nil || string(rest) != "rest" {
		t.Fatalf("%q, %v", rest, err)
	}
	if d := cmp.Diff(b.Runs[0], got); d != "" {
		t.Error(d)
	}
}

func TestUnknownVersionsAreRefused(t *testing.T) {
	h := Header{Version: Version, Flags: FlagMany}
	for _, change := range []func(*Header){func(h *Header) { h.Version = Version + 1 }, func(h *Header) { h.Flags |= 1 << 4 }} {
		other := h
		change(&other)
		if _, err := DecodeHeader(other.AppendTo(nil)); !errors.Is(err, ErrVersion) {
			t.Errorf("%+v: %v", other, err)
		}
	}
}

func TestStoreErrorsPassThrough(t *testing.T) {
	_, object := mustBuild(t, Options{}, mixedRuns(t))
	f := objstoretest.NewFaulty(objstore.NewMem())
	if _, err := Open(t.Context(), f, "none"); !errors.Is(err, objstore.ErrNotFound) {
		t.Error(err)
	}
	if _, err := f.Put(t.Context(), "seg", [][]byte{object}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), f, "seg")
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	for _, tt := range []struct {
		fault objstoretest.Fault
		want  error
	}{
		{objstoretest.Fault{Op: objstoretest.OpGet, Times: 1, Err: boom}, boom},
		{objstoretest.Fault{Op: objstoretest.OpGet, Times: 1, Truncate: 20}, ErrCorrupt},
		{objstoretest.Fault{Op: objstoretest.OpGet, Times: 1, FlipBit: true, FlipAt: 3}, ErrCorrupt},
	} {
		f.Heal()
		f.Inject(tt.fault)
		if data, err := r.ReadRun(t.Context(), &r.Runs()[0], nil); !errors.Is(err, tt.want) || len(data) > 0 {
			t.Errorf("%d bytes, %v, want %v", len(data), err, tt.want)
		}
	}
}
