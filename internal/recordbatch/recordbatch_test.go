package recordbatch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain is a record without borrowed bytes.
type plain struct {
	Key, Value string
	NullKey    bool
	NullValue  bool
	Headers    []string // "name=value", "name" = null value
	Offset     int64
	Timestamp  int64
}

var sample = []plain{
	{Key: "k0", Value: "v0", Timestamp: 1700000000000},
	{NullKey: true, Value: strings.Repeat("x", 500), Offset: 1, Timestamp: 1700000000005, Headers: []string{"trace=1", "none"}},
	{Key: "", NullValue: true, Offset: 2, Timestamp: 1699999999990},
	{Key: strings.Repeat("key", 100), Value: "", Offset: 3, Timestamp: 1700000000001},
}

// kmsgRecords encodes records with franz-go's message types, the other side's view of the format.
func kmsgRecords(recs []plain) []byte {
	var out []byte
	for i, p := range recs {
		r := kmsg.NewRecord()
		r.TimestampDelta64 = p.Timestamp - recs[0].Timestamp
		r.TimestampDelta = int32(r.TimestampDelta64)
		r.OffsetDelta = int32(i)
		if !p.NullKey {
			r.Key = []byte(p.Key)
		}
		if !p.NullValue {
			r.Value = []byte(p.Value)
		}
		for _, h := range p.Headers {
			name, value, ok := strings.Cut(h, "=")
			kh := kmsg.Header{Key: name}
			if ok {
				kh.Value = []byte(value)
			}
			r.Headers = append(r.Headers, kh)
		}
		body := r.AppendTo(nil)
		r.Length = int32(len(body) - 1) // the zero length took one byte
		out = r.AppendTo(out)
	}
	return out
}

// kmsgBatch wraps a payload into a record batch with franz-go's message type.
func kmsgBatch(codec Codec, payload []byte, count int, base, maxTS int64) []byte {
	b := kmsg.NewRecordBatch()
	b.PartitionLeaderEpoch = -1
	b.Magic = 2
	b.Attributes = int16(codec)
	b.LastOffsetDelta = int32(count) - 1
	b.FirstTimestamp, b.MaxTimestamp = base, maxTS
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	b.NumRecords = int32(count)
	b.Records = payload
	b.Length = int32(HeaderSize - 12 + len(payload))
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func pack(t testing.TB, codec Codec, plain []byte, xerial bool) []byte {
	var buf bytes.Buffer
	var err error
	switch codec {
	case CodecNone:
		return plain
	case CodecGzip:
		w := gzip.NewWriter(&buf)
		_, err = w.Write(plain)
		err = errors.Join(err, w.Close())
	case CodecSnappy:
		if !xerial {
			return s2.EncodeSnappy(nil, plain)
		}
		buf.WriteString("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01")
		for len(plain) > 0 {
			n := min(len(plain), 100)
			block := s2.EncodeSnappy(nil, plain[:n])
			_ = binary.Write(&buf, binary.BigEndian, int32(len(block)))
			buf.Write(block)
			plain = plain[n:]
		}
	case CodecLZ4:
		w := lz4.NewWriter(&buf)
		_, err = w.Write(plain)
		err = errors.Join(err, w.Close())
	case CodecZstd:
		var w *zstd.Encoder
		w, err = zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1))
		if err == nil {
			_, err = w.Write(plain)
			err = errors.Join(err, w.Close())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func readAll(raw []byte, limit int) ([]plain, error) {
	var r Reader
	defer r.Release()
	if err := r.Reset(raw, limit); err != nil {
		return nil, err
	}
	var out []plain
	for r.Next() {
		rec := r.Record()
		p := plain{Key: string(rec.Key), NullKey: rec.Key == nil, Value: string(rec.Value), NullValue: rec.Value == nil,
			Offset: rec.Offset, Timestamp: rec.Timestamp}
		for _, h := range rec.Headers(nil) {
			s := string(h.Key)
			if h.Value != nil {
				s += "=" + string(h.Value)
			}
			p.Headers = append(p.Headers, s)
		}
		out = append(out, p)
	}
	return out, r.Err()
}

func sampleBatch(t testing.TB, codec Codec, xerial bool) []byte {
	return kmsgBatch(codec, pack(t, codec, kmsgRecords(sample), xerial), len(sample), sample[0].Timestamp, 1700000000005)
}

func TestReadsWhatFranzGoWrites(t *testing.T) {
	for codec := CodecNone; codec <= CodecZstd; codec++ {
		for _, xerial := range []bool{false, true} {
			if xerial && codec != CodecSnappy {
				continue
			}
			t.Run(fmt.Sprintf("%s/%t", codec, xerial), func(t *testing.T) {
				raw := sampleBatch(t, codec, xerial)
				h, err := VerifyProduced(raw, Rules{MaxBytes: len(raw), MinTimestamp: 1, MaxTimestamp: 1700000000005})
				if err != nil {
					t.Fatal(err)
				}
				if h.Codec() != codec || h.LastOffset() != 3 || h.Size() != len(raw) {
					t.Errorf("header %+v", h)
				}
				if refused, err := CheckRecords(raw, Rules{}); err != nil || refused != nil {
					t.Errorf("CheckRecords: %v, %v", refused, err)
				}
				got, err := readAll(raw, 0)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(sample, got); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

func build(t testing.TB, b *Builder, recs []plain) []byte {
	for _, p := range recs {
		var key, value []byte
		if !p.NullKey {
			key = []byte(p.Key)
		}
		if !p.NullValue {
			value = []byte(p.Value)
		}
		var headers []RecordHeader
		for _, h := range p.Headers {
			name, v, ok := strings.Cut(h, "=")
			rh := RecordHeader{Key: []byte(name)}
			if ok {
				rh.Value = []byte(v)
			}
			headers = append(headers, rh)
		}
		if err := b.Add(key, value, headers, p.Timestamp); err != nil {
			t.Fatal(err)
		}
	}
	bound := b.Size()
	raw := b.AppendTo(nil)
	if len(raw) > bound {
		t.Errorf("%d bytes, Size said at most %d", len(raw), bound)
	}
	return raw
}

func TestBuilderIsReadByFranzGo(t *testing.T) {
	for _, n := range []int{1, len(sample)} {
		raw := build(t, NewBuilder(0), sample[:n])
		var kb kmsg.RecordBatch
		if err := kb.ReadFrom(raw); err != nil {
			t.Fatal(err)
		}
		if int(kb.NumRecords) != n || kb.Magic != 2 || kb.ProducerID != -1 || int(kb.LastOffsetDelta) != n-1 {
			t.Errorf("franz-go read %+v", kb)
		}
		payload := kb.Records
		if kb.Attributes == int16(CodecLZ4) {
			var out bytes.Buffer
			if _, err := out.ReadFrom(lz4.NewReader(bytes.NewReader(payload))); err != nil {
				t.Fatal(err)
			}
			payload = out.Bytes()
		} else if n > 1 {
			t.Errorf("%d records of %d bytes are not compressed", n, len(raw))
		}
		if want := kmsgRecords(sample[:n]); !bytes.Equal(payload, want) {
			t.Errorf("records differ from franz-go's encoding:\n%x\n%x", payload, want)
		}
		if _, err := VerifyProduced(raw, Rules{}); err != nil {
			t.Error(err)
		}
	}
}

func TestGolden(t *testing.T) {
	for name, recs := range map[string][]plain{"one": sample[:1], "four": sample} {
		raw := build(t, NewBuilder(0), recs)
		path := filepath.Join("testdata", name+".recordbatch")
		if *rewrite {
			if err := os.WriteFile(path, raw, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := Verify(want); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		got, err := readAll(want, 0)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(recs, got); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		if name == "one" && !bytes.Equal(raw, want) { // uncompressed: the bytes are ours alone
			t.Errorf("encoding changed:\n%x\n%x", raw, want)
		}
	}
}

func TestBuilderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBuilder(rapid.IntRange(100, 5000).Draw(t, "max"))
		var want, got []plain
		take := func() {
			raw := b.AppendTo(nil)
			if len(raw) > b.maxBytes {
				t.Fatalf("%d bytes, limit %d", len(raw), b.maxBytes)
			}
			if _, err := VerifyProduced(raw, Rules{}); err != nil {
				t.Fatal(err)
			}
			recs, err := readAll(raw, 0)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, recs...)
		}
		for range rapid.IntRange(1, 50).Draw(t, "n") {
			p := plain{
				NullKey:   rapid.Bool().Draw(t, "nullKey"),
				Value:     strings.Repeat(rapid.StringN(0, 5, 20).Draw(t, "v"), rapid.IntRange(0, 20).Draw(t, "times")),
				Timestamp: rapid.Int64Range(0, math.MaxInt64).Draw(t, "ts"),
			}
			var key []byte
			if !p.NullKey {
				p.Key = rapid.StringN(0, 5, 20).Draw(t, "k")
				key = []byte(p.Key)
			}
			err := b.Add(key, []byte(p.Value), nil, p.Timestamp)
			if errors.Is(err, ErrFull) {
				take()
				err = b.Add(key, []byte(p.Value), nil, p.Timestamp)
			}
			if errors.Is(err, ErrTooLarge) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, p)
		}
		if b.Count() > 0 {
			take()
		}
		for i := range got {
			got[i].Offset = 0
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}
