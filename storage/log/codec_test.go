package log

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// goldenRecord has one change of each kind.
func goldenRecord(t testing.TB) []byte {
	t.Helper()
	topicID := TopicID{0xab, 15: 0xcd}
	run := runPayload{
		Partition: Partition{Topic: topicID, Index: 3}, Base: 1000, Span: 7, Count: 6, Position: 0, Length: 5,
		MinTime: -1, MaxTime: 1_700_000_000_000, MaxTimeRel: 2,
		Producers: []producerPayload{{ProducerID: 42, Epoch: 1, BaseSequence: 10, LastSequence: 16, Relative: 0}},
	}
	inline := appendPayload{Runs: []runPayload{run}, Data: []byte("bytes")}
	run.Position, run.Relative, run.Base = 4096, 2, 1007
	object := appendPayload{Key: "log/7f/1-2-3-0011223344556677.strm", Size: 8192, Runs: []runPayload{run}}
	run.Producers, run.Relative = nil, 0
	swap := swapPayload{
		Out: []inlineID{{Seq: 5, Index: 1}, {Seq: 6, Index: 0}},
		In: []swapObject{{Key: "seg/default/01/1-2-6-8899aabbccddeeff.strm", Size: 9000, Class: rolledClass, Runs: []swapRun{
			{runPayload: run, First: 5, Last: 6, FirstMillis: 1_700_000_000_001, LastMillis: 1_700_000_000_009},
		}}},
	}
	rec, err := encodeRecord(
		recordHeader{Seq: 7, TimeMillis: 1_700_000_000_123, Writer: 1, Fence: 2, Timeline: 4, LastSeal: 3},
		[]Change{
			CreateTopicChange(Topic{ID: topicID, Name: "orders", Partitions: 4, Internal: true, Configs: map[string]string{"a": "1", "b": ""}}),
			DeleteTopicChange(TopicID{1}),
			ProgressChange("sink", 6, -7),
			DropProgressChange("old"),
			writerChange(writerPayload{Writer: 1, Fence: 9, Level: 1}),
			producerIDsChange(producerIDsPayload{First: 1, Count: 1000}),
			{Kind: KindCatalog, Payload: []byte("opaque")},
			{Kind: KindAppend, Payload: inline.appendTo(nil)},
			{Kind: KindAppend, Payload: object.appendTo(nil)},
			{Kind: KindSwap, Payload: swap.appendTo(nil)},
		})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestGoldenRecord: the bytes of format version 2 never change.
func TestGoldenRecord(t *testing.T) {
	rec := goldenRecord(t)
	var dump strings.Builder
	if err := dumpRecord(&dump, meta.Record{Seq: 7, Bytes: rec}); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/commit.rec", rec)
	golden(t, "testdata/commit.txt", []byte(dump.String()))
}

// TestGoldenChanges: so are the bytes of each kind, op and flag that came after it.
func TestGoldenChanges(t *testing.T) {
	id := TopicID{0xab, 15: 0xcd}
	for _, c := range []struct {
		name   string
		change Change
	}{
		{"topic-partitions", GrowTopicChange(id, 12)},
		{"topic-configs", ConfigTopicChange(id, []TopicConfig{{Name: "retention.ms", Value: "1000"}, {Name: "segment.ms", Delete: true}})},
		{"txn-init", (&txnPayload{Op: txnInit, Producer: ProducerIdentity{7, 3}, Name: "tx", TimeoutMillis: 60_000, Previous: ProducerIdentity{7, 2}}).change()},
		{"txn-add", (&txnPayload{Op: txnAdd, Producer: ProducerIdentity{7, 3}, Partitions: []Partition{{id, 0}, {id, 9}}, Groups: []string{"g"}}).change()},
		{"txn-offsets", (&txnPayload{Op: txnOffsets, Producer: ProducerIdentity{7, 3}, Group: "g", Offsets: []GroupOffset{{Partition{id, 2}, 1 << 40, -1, "m"}}}).change()},
		{"end-txn", (&endTxnPayload{Producer: ProducerIdentity{7, 3}, Next: ProducerIdentity{7, 4}, Number: 5, Commit: true, Cause: EndByClient, Markers: 2, Sum: 0x01020304,
			Groups: []groupOffsets{{"g", []GroupOffset{{Partition{id, 2}, 9, 0, ""}}}}}).change()},
		{"append-txn", Change{KindAppend, (&appendPayload{Runs: []runPayload{{Partition: Partition{id, 3}, Base: 10, Span: 1, Count: 1, Length: 5, MinTime: -1, MaxTime: -1,
			Producers: []producerPayload{{ProducerID: 7, Epoch: 3, Transactional: true}}}}, Data: []byte("bytes")}).appendTo(nil)}},
		{"swap-txn", Change{KindSwap, (&swapPayload{Out: []inlineID{{Seq: 5}}, In: []swapObject{{Key: "seg/k", Size: 100, Class: rolledClass, Runs: []swapRun{{
			runPayload: runPayload{Partition: Partition{id, 3}, Base: 10, Span: 2, Count: 2, Position: 32, Length: 60, MinTime: -1, MaxTime: -1},
			First:      5, Last: 6, FirstMillis: 7, LastMillis: 8, Transactional: true, LateFirst: 6, LateLast: 9, Aborts: true}}}}}).appendTo(nil)}},
		{"swap-level", Change{KindSwap, (&swapPayload{Level: true, In: []swapObject{{Key: "seg/h8/k", Size: 100, Level: 1, Class: "h8", Runs: []swapRun{{
			runPayload: runPayload{Partition: Partition{id, 3}, Base: 10, Span: 2, Count: 2, Position: 32, Length: 60, MinTime: 9, MaxTime: 9},
			First:      5, Last: 6, FirstMillis: 7, LastMillis: 8, Replaces: 0x01020304}}}}}).appendTo(nil)}},
		{"swap-clean", Change{KindSwap, cleanSample(id).appendTo(nil)}},
		{"truncate", TruncateChange(TruncateRecords, []LogStart{{Partition{id, 0}, 5}, {Partition{id, 7}, 1 << 40}})},
	} {
		rec, err := encodeRecord(recordHeader{Seq: 7, TimeMillis: 1_700_000_000_123, Writer: 1, Fence: 2, Timeline: 1}, []Change{c.change})
		if err != nil {
			t.Fatal(err)
		}
		var dump strings.Builder
		if err := dumpRecord(&dump, meta.Record{Seq: 7, Bytes: rec}); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/"+c.name+".rec", rec)
		golden(t, "testdata/"+c.name+".txt", []byte(dump.String()))
	}
}

func cleanSample(id TopicID) *cleanPayload {
	return &cleanPayload{Key: "seg/forever/k", Size: 100, Level: 1, Class: "forever",
		Pieces: []cleanPiece{
			{Partition: Partition{id, 3}, From: 10, Next: 40, Below: 40, Replaces: 0x01020304, Lost: 6, Left: &swapRun{
				runPayload: runPayload{Partition: Partition{id, 3}, Base: 12, Span: 20, Count: 2, Position: 32, Length: 60, MinTime: 9, MaxTime: 9},
				First:      5, Last: 6, FirstMillis: 7, LastMillis: 8}},
			{Partition: Partition{id, 3}, From: 40, Next: 50, Below: 44, Replaces: 0x05060708},
		},
		Marks: []cleanMark{{Partition{id, 3}, 44}}}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s differs:\n got %q\nwant %q", path, got, want)
	}
}

// TestNewerVersions: a number from a later version is told as such, never as damage; so is a
// change of the header's reserved half.
func TestNewerVersions(t *testing.T) {
	id := TopicID{1}
	run := runPayload{Partition: Partition{Topic: id}, Span: 1, Count: 1, Length: 1, Producers: []producerPayload{{ProducerID: 1}}}
	inline := (&appendPayload{Runs: []runPayload{run}, Data: []byte("b")}).appendTo(nil)
	run.Producers = nil
	swap := (&swapPayload{Out: []inlineID{{1, 0}}, In: []swapObject{{Key: "k", Size: 9, Runs: []swapRun{{runPayload: run}}}}}).appendTo(nil)
	clean := cleanSample(id).appendTo(nil)
	for _, c := range []struct {
		what    string
		kind    Kind
		payload []byte
		at      int // of the number
	}{
		{"level of what was cleaned", KindSwap, clean, 16},
		{"placement", KindAppend, inline, 0},
		{"flags of an append", KindAppend, inline, 1},
		{"flags of a record batch", KindAppend, inline, len(inline) - 3}, // before the bytes and their length
		{"kind of a swap", KindSwap, swap, 0},
		{"what goes out", KindSwap, swap, 2},
		{"level", KindSwap, swap, 9},
		{"flags of a swapped run", KindSwap, swap, len(swap) - 5},
		{"version of a truncate", KindTruncate, TruncateChange(TruncateTime, nil).Payload, 0},
		{"cause of a truncate", KindTruncate, TruncateChange(TruncateTime, nil).Payload, 1},
		{"op of a topic", KindTopic, DeleteTopicChange(id).Payload, 0},
	} {
		f := newFold(nil)
		if _, err := f.decodeChange(Change{c.kind, c.payload}); err != nil {
			t.Fatalf("%s, untouched: %v", c.what, err)
		}
		later := bytes.Clone(c.payload)
		later[c.at] += 77
		if _, err := f.decodeChange(Change{c.kind, later}); !errors.Is(err, ErrUnknownKind) || errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want a newer version", c.what, err)
		}
	}
	rec, err := encodeRecord(recordHeader{Seq: 1}, []Change{{Kind: KindCatalog}})
	if err != nil {
		t.Fatal(err)
	}
	rec[recordHeaderSize+2] = 1
	binary.LittleEndian.PutUint32(rec[recordCRCAt:], recordCRC(rec))
	if _, err := decodeRecord(rec); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("reserved half of a change's header: %v, want a newer version", err)
	}
	b, err := newFold(nil).capture().encode()
	if err != nil {
		t.Fatal(err)
	}
	b[4] = 99
	if _, err := decodeSnapshot(b, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("snapshot whose format was changed to 99: %v", err)
	}
	binary.LittleEndian.PutUint32(b[snapshotCRCAt:], snapshotCRC(b))
	if _, err := decodeSnapshot(b, nil); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("snapshot of format 99: %v", err)
	}
}

// TestTimelineDoesNotFall: a record of an older timeline cannot follow.
func TestTimelineDoesNotFall(t *testing.T) {
	f := newFold(nil)
	for i, c := range []struct {
		timeline uint32
		want     error
	}{{1, nil}, {3, nil}, {2, ErrCorrupt}, {3, nil}} {
		rec, err := encodeRecord(recordHeader{Seq: f.seq + 1, Timeline: c.timeline}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.apply(rec); !errors.Is(err, c.want) {
			t.Errorf("record %d: %v, want %v", i, err, c.want)
		}
		b, err := f.capture().encode()
		if err != nil {
			t.Fatal(err)
		}
		if f, err = decodeSnapshot(b, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecordBitFlips: no single flipped bit passes for another record.
func TestRecordBitFlips(t *testing.T) {
	rec := goldenRecord(t)
	for i := range len(rec) * 8 {
		bad := bytes.Clone(rec)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := decodeRecord(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnknownKind) {
			t.Fatalf("bit %d flipped: %v", i, err)
		}
	}
	for n := range rec {
		if _, err := decodeRecord(rec[:n]); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnknownKind) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

// TestUnknownKindStops: a record with a kind from the future changes nothing at all.
func TestUnknownKindStops(t *testing.T) {
	f := newFold(nil)
	rec, err := encodeRecord(recordHeader{Seq: 1}, []Change{
		CreateTopicChange(Topic{ID: TopicID{1}, Name: "t", Partitions: 1}), {Kind: 999}})
	if err != nil {
		t.Fatal(err)
	}
	before := encoded(t, f)
	if _, err := f.apply(rec); !errors.Is(err, ErrUnknownKind) {
		t.Fatalf("got %v, want ErrUnknownKind", err)
	}
	if !bytes.Equal(encoded(t, f), before) {
		t.Fatal("half of the record was applied")
	}
}

// FuzzRecord: any bytes give an error or a record; payloads that decode encode to themselves;
// applying them to a fold gives an error or a state, never a panic.
func FuzzRecord(f *testing.F) {
	f.Add(goldenRecord(f)[recordHeaderSize:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = decodeRecord(body) // without a checksum that fits
		count := 0
		for c := (cursor{src: body}); len(c.src) > 0; count++ {
			c.take(4)
			c.take(int(c.u32()))
		}
		rec := append(beginRecord(nil), body...)
		if err := finishRecord(rec, recordHeader{Seq: 1, TimeMillis: 1}, count); err != nil {
			t.Fatal(err)
		}
		decoded, err := decodeRecord(rec)
		if err != nil {
			return
		}
		for _, c := range decoded.Changes {
			reencode(t, c)
		}
		fold := newFold([]Part{&quietPart{}})
		fold.addTopic(Topic{ID: TopicID{0xab, 15: 0xcd}, Name: "x", Partitions: 4})
		if _, err := fold.apply(rec); err == nil {
			if _, err := fold.capture().encode(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func reencode(t *testing.T, c Change) {
	switch c.Kind {
	case KindAppend:
		if p, err := decodeAppend(c.Payload); err == nil {
			again, err := decodeAppend(p.appendTo(nil))
			if err != nil || again.describe() != p.describe() {
				t.Fatalf("append: %v", err)
			}
		}
	case KindSwap:
		if p, err := decodeSwap(c.Payload); err == nil {
			again, err := decodeSwap(p.appendTo(nil))
			if err != nil || again.describe() != p.describe() {
				t.Fatalf("swap: %v", err)
			}
		}
	case KindTopic:
		if p, err := decodeTopic(c.Payload); err == nil && p.describe() == "" {
			t.Fatal("a topic change without a description")
		}
	}
}

// quietPart takes any catalog change.
type quietPart struct{ sumPart }

func (p *quietPart) Apply(CommitSeq, Change) error { return nil }

// FuzzSnapshot: any bytes with a checksum that fits give an error or a fold.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []uint64{1, 2, 3} {
		s := newScribe(&testing.T{}, seed)
		for range 10 {
			s.commit(s.group(s.entry(), s.entry(), s.entry()))
		}
		b, err := s.f.capture().encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[snapshotHeaderSize:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = decodeSnapshot(body, []Part{&sumPart{}})
		src := append(make([]byte, snapshotHeaderSize), body...)
		fold := newFold(nil)
		fold.seq = 1000
		fold.finishSnapshot(src)
		out, err := decodeSnapshot(src, []Part{&sumPart{}})
		if err != nil {
			return
		}
		b, err := out.capture().encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeSnapshot(b, []Part{&sumPart{}}); err != nil {
			t.Fatalf("a snapshot that decodes does not decode once encoded: %v", err)
		}
	})
}

func (p *appendPayload) appendTo(dst []byte) []byte {
	dst = p.appendHead(dst)
	if p.Key == "" {
		dst = appendBytes(dst, p.Data)
	}
	return dst
}

// decodeSnapshot reads what encode wrote. Blocks that lie inline have no bytes yet.
func decodeSnapshot(src []byte, parts []Part) (*fold, error) {
	d, err := openSnapshot(src)
	if err != nil {
		return nil, err
	}
	return d.load(parts)
}
