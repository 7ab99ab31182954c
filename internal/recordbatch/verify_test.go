package recordbatch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// edited returns the sample with fn applied and the CRC made right again.
func edited(t *testing.T, fn func(raw []byte)) []byte {
	raw := sampleBatch(t, CodecNone, false)
	fn(raw)
	setCRC(raw)
	return raw
}

func TestVerifyProduced(t *testing.T) {
	be := binary.BigEndian
	good := sampleBatch(t, CodecNone, false)
	put16 := func(at int, v uint16) []byte {
		return edited(t, func(raw []byte) { be.PutUint16(raw[at:], v) })
	}
	put32 := func(at int, v uint32) []byte {
		return edited(t, func(raw []byte) { be.PutUint32(raw[at:], v) })
	}
	put64 := func(at int, v uint64) []byte {
		return edited(t, func(raw []byte) { be.PutUint64(raw[at:], v) })
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	magic1 := bytes.Clone(good)
	magic1[16] = 1
	ts := Rules{MinTimestamp: 1700000000000, MaxTimestamp: 1700000000005}
	tests := []struct {
		name  string
		raw   []byte
		rules Rules
		want  error
	}{
		{"good", good, Rules{}, nil},
		{"at the limit", good, Rules{MaxBytes: len(good)}, nil},
		{"over the limit", good, Rules{MaxBytes: len(good) - 1}, ErrTooLarge},
		{"empty", nil, Rules{}, ErrCorrupt},
		{"header cut", good[:60], Rules{}, ErrCorrupt},
		{"records cut", good[:len(good)-1], Rules{}, ErrCorrupt},
		{"flipped bit", flipped, Rules{}, ErrCorrupt},
		{"old magic", magic1, Rules{}, ErrUnsupportedMagic},
		{"old magic, short", magic1[:20], Rules{}, ErrUnsupportedMagic},
		{"two record batches", append(bytes.Clone(good), good...), Rules{}, ErrInvalidRecord},
		{"length negative", put32(8, math.MaxUint32), Rules{}, ErrCorrupt},
		{"length 2 GB", put32(8, math.MaxInt32), Rules{}, ErrCorrupt},
		{"length too short", put32(8, 48), Rules{}, ErrCorrupt},
		{"base offset", put64(0, 1), Rules{}, ErrInvalidRecord},
		{"count zero", put32(57, 0), Rules{}, ErrInvalidRecord},
		{"count negative", put32(57, math.MaxUint32), Rules{}, ErrInvalidRecord},
		{"count and delta apart", put32(23, 4), Rules{}, ErrInvalidRecord},
		{"count huge", edited(t, func(raw []byte) {
			be.PutUint32(raw[23:], math.MaxInt32-1)
			be.PutUint32(raw[57:], math.MaxInt32)
		}), Rules{}, ErrInvalidRecord},
		{"codec 5", put16(21, 5), Rules{}, ErrUnsupportedCodec},
		{"control", put16(21, uint16(AttrControl)), Rules{}, ErrInvalidRecord},
		{"transactional without producer", put16(21, uint16(AttrTransactional)), Rules{}, ErrInvalidRecord},
		{"log append time", put16(21, uint16(AttrLogAppendTime)), Rules{}, ErrInvalidTimestamp},
		{"producer without sequence", put64(43, 7), Rules{}, ErrInvalidRecord},
		{"producer id -2", put64(43, math.MaxUint64-1), Rules{}, ErrInvalidRecord},
		{"idempotent", edited(t, func(raw []byte) {
			be.PutUint64(raw[43:], 7)
			be.PutUint16(raw[51:], 0)
			be.PutUint32(raw[53:], 0)
		}), Rules{}, nil},
		{"in time", good, ts, nil},
		{"too early", good, Rules{MinTimestamp: 1700000000001}, ErrInvalidTimestamp},
		{"too late", good, Rules{MaxTimestamp: 1700000000004}, ErrInvalidTimestamp},
		{"times do not matter", good, Rules{MaxTimestamp: 1, LogAppendTime: true}, nil},
		{"negative time", put64(27, math.MaxUint64-5), Rules{}, ErrInvalidTimestamp},
		{"no time", edited(t, func(raw []byte) {
			be.PutUint64(raw[27:], math.MaxUint64)
			be.PutUint64(raw[35:], math.MaxUint64)
		}), ts, nil},
	}
	for _, tt := range tests {
		if _, err := VerifyProduced(tt.raw, tt.rules); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestCheckRecords(t *testing.T) {
	good := sampleBatch(t, CodecLZ4, false)
	be := binary.BigEndian
	refused, err := CheckRecords(good, Rules{RequireKeys: true})
	if !errors.Is(err, ErrInvalidRecord) || len(refused) != 1 || refused[0].Index != 1 {
		t.Errorf("keys: %v, %v", refused, err)
	}
	refused, err = CheckRecords(good, Rules{MinTimestamp: 1700000000000})
	if !errors.Is(err, ErrInvalidTimestamp) || len(refused) != 1 || refused[0].Index != 2 {
		t.Errorf("timestamps: %v, %v", refused, err)
	}
	// A compressed record batch may claim any count in its header; only the walk tells.
	for _, count := range []uint32{3, 5} {
		lie := bytes.Clone(good)
		be.PutUint32(lie[23:], count-1)
		be.PutUint32(lie[57:], count)
		setCRC(lie)
		if _, err := VerifyProduced(lie, Rules{}); err != nil {
			t.Fatal(err)
		}
		if _, err := CheckRecords(lie, Rules{}); !errors.Is(err, ErrInvalidRecord) {
			t.Errorf("%d records claimed: %v", count, err)
		}
	}
	// A wrong maximum timestamp, too low or too high, is put right.
	for _, wrong := range []uint64{1700000000004, 1800000000000} {
		lie := bytes.Clone(good)
		be.PutUint64(lie[35:], wrong)
		setCRC(lie)
		if _, err := CheckRecords(lie, Rules{}); err != nil || !bytes.Equal(lie, good) {
			t.Errorf("maximum timestamp %d: %v", wrong, err)
		}
	}
}

func TestDecodedLimit(t *testing.T) {
	recs := append([]plain(nil), sample...)
	big := make([]byte, 3<<20)
	recs[0].Value = string(big)
	payload := kmsgRecords(recs)
	for codec := CodecGzip; codec <= CodecZstd; codec++ {
		for _, xerial := range []bool{false, true} {
			raw := kmsgBatch(codec, pack(t, codec, payload, xerial), len(recs), sample[0].Timestamp, 1700000000005)
			if _, err := readAll(raw, len(payload)-1); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s: %v, want too large", codec, err)
			}
			if got, err := readAll(raw, len(payload)); err != nil || len(got) != len(recs) {
				t.Errorf("%s at the limit: %d records, %v", codec, len(got), err)
			}
		}
	}
}

func TestNextAndPatch(t *testing.T) {
	one := sampleBatch(t, CodecZstd, false)
	src := append(bytes.Clone(one), build(t, NewBuilder(0), sample[:2])...)
	offset := int64(41)
	for rest := src; len(rest) > 0; {
		h, raw, r, err := Next(rest)
		if err != nil {
			t.Fatal(err)
		}
		Patch(raw, offset, 9)
		offset += int64(h.LastOffsetDelta) + 1
		rest = r
	}
	h, _, rest, err := Verify(src)
	if err != nil || h.BaseOffset != 41 || h.PartitionLeaderEpoch != 9 || h.LastOffset() != 44 {
		t.Fatalf("%+v, %v", h, err)
	}
	h, raw, rest, err := Verify(rest)
	if err != nil || h.BaseOffset != 45 || len(rest) != 0 {
		t.Fatalf("%+v, %v", h, err)
	}
	SetLogAppendTime(raw, 1800000000000)
	got, err := readAll(raw, 0)
	if err != nil || len(got) != 2 || got[0].Timestamp != 1800000000000 || got[1].Timestamp != 1800000000000 || got[1].Offset != 46 {
		t.Errorf("%+v, %v", got, err)
	}
	if h, _, _, err := Verify(raw); err != nil || !h.LogAppendTime() {
		t.Errorf("%+v, %v", h, err)
	}
	if _, _, _, err := Next(src[:len(one)-1]); !errors.Is(err, ErrCorrupt) {
		t.Errorf("cut: %v", err)
	}
}

func TestLastSequenceWraps(t *testing.T) {
	for _, tt := range []struct{ base, delta, want int32 }{
		{-1, 3, -1}, {0, 3, 3}, {math.MaxInt32, 0, math.MaxInt32}, {math.MaxInt32 - 1, 3, 1}, {math.MaxInt32, 1, 0},
	} {
		h := Header{BaseSequence: tt.base, LastOffsetDelta: tt.delta}
		if got := h.LastSequence(); got != tt.want {
			t.Errorf("base %d, delta %d: %d, want %d", tt.base, tt.delta, got, tt.want)
		}
	}
}
