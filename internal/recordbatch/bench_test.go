package recordbatch

import (
	"fmt"
	"strings"
	"testing"
)

// benchBatch is 1,000 records of 1 KB JSON-like text.
func benchBatch(b *testing.B, codec Codec) []byte {
	recs := make([]plain, 1000)
	for i := range recs {
		line := fmt.Sprintf(`{"id":%d,"customer":"c%d","amount":%d.%02d,"note":"`, i, i*7919%1000, i%500, i%100)
		recs[i] = plain{Key: fmt.Sprint(i), Value: line + strings.Repeat(fmt.Sprint(i*31, " "), 1000)[:1000-len(line)], Timestamp: int64(1700000000000 + i)}
	}
	return kmsgBatch(codec, pack(b, codec, kmsgRecords(recs), false), len(recs), recs[0].Timestamp, recs[999].Timestamp)
}

func BenchmarkVerifyProduced(b *testing.B) {
	raw := benchBatch(b, CodecNone)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := VerifyProduced(raw, Rules{MaxBytes: len(raw)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	for codec := CodecNone; codec <= CodecZstd; codec++ {
		b.Run(codec.String(), func(b *testing.B) {
			raw := benchBatch(b, codec)
			var r Reader
			defer r.Release()
			b.ReportAllocs()
			b.SetBytes(1000 * 1000)
			for b.Loop() {
				if err := r.Reset(raw, 0); err != nil {
					b.Fatal(err)
				}
				n := 0
				for r.Next() {
					n += len(r.Record().Value)
				}
				if r.Err() != nil || n < 1000*1000 {
					b.Fatal(n, r.Err())
				}
			}
		})
	}
}

func BenchmarkBuilder(b *testing.B) {
	var r Reader
	defer r.Release()
	raw := benchBatch(b, CodecNone)
	builder := NewBuilder(2 << 20)
	var dst []byte
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if err := r.Reset(raw, 0); err != nil {
			b.Fatal(err)
		}
		for r.Next() {
			if err := builder.Add(r.Record().Key, r.Record().Value, nil, r.Record().Timestamp); err != nil {
				b.Fatal(err)
			}
		}
		dst = builder.AppendTo(dst[:0])
	}
}
