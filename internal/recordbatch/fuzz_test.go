package recordbatch

import (
	"errors"
	"testing"
)

// FuzzRecordBatch: any bytes give records or one of the package's errors. The CRC is made right,
// so that what lies behind it is reached.
func FuzzRecordBatch(f *testing.F) {
	for codec := CodecNone; codec <= CodecZstd; codec++ {
		f.Add(sampleBatch(f, codec, false))
	}
	f.Add(sampleBatch(f, CodecSnappy, true))
	f.Add(build(f, NewBuilder(0), sample))
	f.Fuzz(func(t *testing.T, src []byte) {
		if h, err := ParseHeader(src); err == nil && h.Size() <= len(src) {
			setCRC(src[:h.Size()])
		}
		if h, err := VerifyProduced(src, Rules{}); err == nil && h.Size() != len(src) {
			t.Errorf("verified %d bytes of %d", h.Size(), len(src))
		}
		for rest := src; len(rest) > 0; {
			_, raw, next, err := Verify(rest)
			if err != nil {
				known(t, err)
				break
			}
			recs, err := readAll(raw, 1<<20)
			if err != nil {
				known(t, err)
			} else if h, _ := ParseHeader(raw); len(recs) != int(h.RecordCount) {
				t.Errorf("%d records read, %d in the header", len(recs), h.RecordCount)
			}
			rest = next
		}
	})
}

func known(t *testing.T, err error) {
	for _, want := range []error{ErrCorrupt, ErrTooLarge, ErrUnsupportedMagic, ErrUnsupportedCodec} {
		if errors.Is(err, want) {
			return
		}
	}
	t.Errorf("unknown error %v", err)
}
