package kafka

import (
	"bytes"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// BenchmarkProduce sends record batches of 512 records of 1 KB over one connection, eight in
// flight; the log commits at once, so that this is the listener's own cost.
func BenchmarkProduce(b *testing.B) {
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression()} {
		b.Run(name, func(b *testing.B) {
			br := start(b, nil)
			br.createTopic(b, "a", 1, nil)
			raw := captureRecordBatch(b, br, codec)
			w := br.dial(b)
			_ = w.nc.SetDeadline(noDeadline)
			h, err := recordbatch.ParseHeader(raw)
			if err != nil {
				b.Fatal(err)
			}
			req := produceRequest(9, "a", 0, raw)
			frame := w.f.AppendRequest(nil, req, 1)
			b.SetBytes(int64(h.RecordCount) * 1024)
			b.ReportAllocs()
			b.ResetTimer()
			sent, received := 0, 0
			for received < b.N {
				for ; sent < b.N && sent-received < 8; sent++ {
					if _, err := w.nc.Write(frame); err != nil {
						b.Fatal(err)
					}
				}
				if p := w.receive(req, 1).(*kmsg.ProduceResponse).Topics[0].Partitions[0]; p.ErrorCode != 0 {
					b.Fatalf("%+v", p)
				}
				received++
				br.log.trim()
			}
			b.ReportMetric(float64(b.N)*float64(h.RecordCount)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// captureRecordBatch lets a client build a record batch of 512 records of 1 KB.
func captureRecordBatch(b *testing.B, br *broker, codec kgo.CompressionCodec) []byte {
	br.createTopic(b, "capture", 1, nil)
	cl := br.client(b, kgo.ProducerBatchCompression(codec), kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(1e9))
	var records []*kgo.Record
	for i := range 512 {
		value := bytes.Repeat([]byte{byte(i), byte(i * 7), byte(i * 31), 'x'}, 256)
		records = append(records, &kgo.Record{Topic: "capture", Value: value})
	}
	if err := cl.ProduceSync(testContext(b), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
	br.log.mu.Lock()
	defer br.log.mu.Unlock()
	var largest []byte
	for _, p := range br.log.parts {
		for _, raw := range p.batches {
			if len(raw) > len(largest) {
				largest = bytes.Clone(raw)
			}
		}
	}
	recordbatch.Patch(largest, 0, 0)
	return largest
}
