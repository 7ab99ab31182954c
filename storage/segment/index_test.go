package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/objstore"
)

func TestIndexFacts(t *testing.T) {
	b, object := mustBuild(t, Options{Placed: true}, placedRuns(t))
	run := &b.Runs[0]
	if run.OffsetSpan != 11 || run.NextOffset() != 111 || run.RecordCount != 6 || run.RecordBatchCount != 3 ||
		run.MinTimestamp != 1700000000000 || run.MaxTimestamp != 1700000009001 || run.MaxTimestampOffset != 3 {
		t.Errorf("%+v", run)
	}
	for i, want := range []uint64{41, 57, 57, 0} {
		if got := run.VisibleOf(i); got.VisibleAt != want {
			t.Errorf("record batch %d visible at %d, want %d", i, got.VisibleAt, want)
		}
	}
	r, err := openBytes(object)
	if err != nil {
		t.Fatal(err)
	}
	if ms, run, relative := r.MaxTimestamp(); ms != 1700000009001 || run.Partition != 3 || relative != 3 {
		t.Errorf("largest timestamp %d, %+v, %d", ms, run, relative)
	}
	none, _ := mustBuild(t, Options{}, []Run{{RecordBatches: [][]byte{batchOf(t, 0, 1, -1, "x")}}})
	if r := none.Runs[0]; r.MinTimestamp != -1 || r.MaxTimestamp != -1 || r.ChunkAtTime(0) != -1 {
		t.Errorf("%+v", r)
	}
}

// bigRun has chunks enough to look things up in: 300 record batches, timestamps that go up and down.
func bigRun(t testing.TB, placed bool) Run {
	run := Run{Topic: topicA, Partition: 5}
	base := int64(0)
	if placed {
		base = 1000
		run.FirstOffset = base
	}
	random := rand.New(rand.NewPCG(1, 2)) // incompressible and the same each time
	value := make([]byte, 600)
	for i := range 300 {
		raw := batchOf(t, 0, 1+i%3, 1700000000000+int64(i*1000)+int64(i%7)*-3000, "short")
		for k := range value {
			value[k] = byte(random.Uint32())
		}
		raw = append(raw, batchOf(t, 0, 1, 1, string(value))...)
		for rest := raw; len(rest) > 0; {
			h, one, next, err := recordbatch.Next(rest)
			if err != nil {
				t.Fatal(err)
			}
			if placed {
				recordbatch.Patch(one, base, 0)
				base = h.BaseOffset + base + int64(h.LastOffsetDelta) + 1
				if i == 150 {
					base += 1000 // compaction left a gap
				}
			}
			rest = next
		}
		run.RecordBatches = append(run.RecordBatches, raw)
	}
	if placed {
		run.Visible = []Visibility{{599, 9, 9}, {1, 12, 10}}
	}
	return run
}

func TestLookups(t *testing.T) {
	for _, placed := range []bool{false, true} {
		run := bigRun(t, placed)
		_, object := mustBuild(t, Options{Placed: placed}, []Run{run})
		counting := objstore.NewCounting(objstore.NewMem())
		if _, err := counting.Put(t.Context(), "seg", [][]byte{object}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), counting, "seg")
		if err != nil {
			t.Fatal(err)
		}
		info, _ := r.Find(run.Topic, run.Partition)
		if len(info.Chunks) < 4 {
			t.Fatalf("%d chunks of %d bytes: too few to test with", len(info.Chunks), info.Length)
		}
		checkLookups(t, r, info, bytes.Join(run.RecordBatches, nil), placed)
		before := counting.Counts().Get.Requests
		if _, err := Open(t.Context(), counting, "seg"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadChunks(t.Context(), info, 1, 3, nil); err != nil {
			t.Fatal(err)
		}
		if got := counting.Counts().Get.Requests - before; got != 2 {
			t.Errorf("open and a look-up took %d reads, want a tail read and a ranged read", got)
		}
	}
}

// checkLookups compares the sparse index with a walk over all record batches.
func checkLookups(t *testing.T, r *Reader, info *RunInfo, data []byte, placed bool) {
	t.Helper()
	first := map[int64]int{} // timestamp -> first chunk that reaches it
	relative, at := int64(0), int64(0)
	for rest := data; len(rest) > 0; {
		h, raw, next, err := recordbatch.Next(rest)
		if err != nil {
			t.Fatal(err)
		}
		if placed {
			relative = h.BaseOffset - info.FirstOffset
		}
		for _, offset := range []int64{relative, relative + int64(h.LastOffsetDelta)} {
			k := info.ChunkOf(offset)
			c := info.Chunks[k]
			if at < c.Position || at >= c.Position+c.Length {
				t.Fatalf("offset %d at byte %d: chunk %d covers %d to %d", offset, at, k, c.Position, c.Position+c.Length)
			}
		}
		first[h.MaxTimestamp] = 0
		relative += int64(h.LastOffsetDelta) + 1
		at, rest = at+int64(len(raw)), next
	}
	for ms := range first {
		k := info.ChunkAtTime(ms)
		for j := range k + 1 {
			got, err := r.ReadChunks(t.Context(), info, j, j+1, nil)
			if err != nil {
				t.Fatal(err)
			}
			if reaches := chunkReaches(t, got, ms); reaches != (j == k) {
				t.Errorf("timestamp %d: chunk %d found, chunk %d reaches it: %t", ms, k, j, reaches)
			}
		}
	}
	if info.ChunkOf(-1) != -1 || info.ChunkOf(info.OffsetSpan) != -1 || info.ChunkAtTime(info.MaxTimestamp+1) != -1 {
		t.Error("found what is not in the run")
	}
	if info.ChunkAtTime(math.MinInt64) != 0 {
		t.Error("the first chunk is at or after any early time")
	}
}

func chunkReaches(t *testing.T, data []byte, ms int64) bool {
	for len(data) > 0 {
		h, _, rest, err := recordbatch.Next(data)
		if err != nil {
			t.Fatal(err)
		}
		if h.MaxTimestamp >= ms {
			return true
		}
		data = rest
	}
	return false
}

func TestBigIndex(t *testing.T) {
	batch := batchOf(t, 0, 1, 1, "x")
	runs := make([]Run, 10000)
	for i := range runs {
		binary.BigEndian.PutUint64(runs[i].Topic[:], uint64(i)*0x9e3779b97f4a7c15)
		runs[i].RecordBatches = [][]byte{batch}
	}
	b, object := mustBuild(t, Options{}, runs)
	if index := len(b.Parts[len(b.Parts)-1]); index < tailBytes+1000 {
		t.Fatalf("index of %d bytes fits the tail read", index)
	}
	r, err := openBytes(object)
	if err != nil {
		t.Fatal(err)
	}
	for i := range runs {
		if info, ok := r.Find(runs[i].Topic, 0); !ok || info.CRC != crc32.Checksum(batch, castagnoli) {
			t.Fatalf("run %d: %+v", i, info)
		}
	}
	// A footer that claims a huge index costs no memory: what it points at is asked for first.
	lie := bytes.Clone(object)
	binary.LittleEndian.PutUint32(lie[len(lie)-24:], MaxIndexBytes)
	if _, err := openBytes(lie); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

func TestRunInfoRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRunInfo(t)
		if err := want.check(); err != nil {
			t.Fatalf("drawn entry: %v", err)
		}
		got, rest, err := DecodeRunInfo(append(want.AppendTo(nil), 1, 2))
		if err != nil || len(rest) != 2 {
			t.Fatalf("%v, %v", rest, err)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}

func drawRunInfo(t *rapid.T) RunInfo {
	r := RunInfo{Partition: rapid.Int32Min(0).Draw(t, "partition"), Position: rapid.Int64Range(HeaderSize, 1<<40).Draw(t, "position"),
		MinTimestamp: rapid.Int64().Draw(t, "min"), MaxTimestamp: rapid.Int64().Draw(t, "max"), CRC: rapid.Uint32().Draw(t, "crc")}
	copy(r.Topic[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "topic"))
	for range rapid.IntRange(1, 5).Draw(t, "chunks") {
		c := Chunk{Offset: r.OffsetSpan, Position: r.Length, First: r.RecordBatchCount, MaxTimestamp: rapid.Int64().Draw(t, "ts"), CRC: rapid.Uint32().Draw(t, "crc")}
		c.Length = rapid.Int64Range(1, 1<<30).Draw(t, "length")
		c.Count = rapid.IntRange(1, 1000).Draw(t, "count")
		r.Chunks = append(r.Chunks, c)
		r.Length += c.Length
		r.RecordBatchCount += c.Count
		r.OffsetSpan += rapid.Int64Range(1, 1<<40).Draw(t, "span")
	}
	if rapid.Bool().Draw(t, "placed") {
		r.FirstOffset = rapid.Int64Range(0, 1<<50).Draw(t, "first")
		for left := r.RecordBatchCount; left > 0; {
			v := Visibility{rapid.IntRange(1, left).Draw(t, "n"), rapid.Uint64Min(1).Draw(t, "at"), rapid.Int64().Draw(t, "ms")}
			r.Visible = append(r.Visible, v)
			left -= v.Count
		}
		for range rapid.IntRange(0, 3).Draw(t, "transactions") {
			first := rapid.Int64Range(0, r.OffsetSpan-1).Draw(t, "from")
			last := rapid.Int64Range(first, r.OffsetSpan-1).Draw(t, "last")
			r.Transactions = append(r.Transactions, Transaction{rapid.Int64().Draw(t, "pid"), r.FirstOffset + first, r.FirstOffset + last,
				rapid.Uint64Max(1<<60).Draw(t, "at"), rapid.Int64().Draw(t, "ms")})
		}
	}
	return r
}
