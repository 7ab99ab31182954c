package kafka

import (
	"bytes"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// timed builds a record batch of records with these timestamps and values of some size.
func timed(t testing.TB, size int, millis ...int64) []byte {
	b := recordbatch.NewBuilder(1 << 20)
	for i, ms := range millis {
		// Random enough to stay large: the builder compresses.
		value := make([]byte, size)
		for j := range value {
			value[j] = byte((i*7919 + j*j*31 + j*17) >> (j % 5))
		}
		if err := b.Add(nil, value, nil, ms); err != nil {
			t.Fatal(err)
		}
	}
	return b.AppendTo(nil)
}

// TestFetchSizes: KIP-74 over the real log.
func TestFetchSizes(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 3, nil)
	topic, _ := b.cfg.Log.TopicByName("a")
	w := b.dial(t)
	for _, partition := range []int32{1, 2, 1, 2} {
		ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", partition, timed(t, 20_000, 1000, 1001, 1002)))
	}
	req := fetchOf(13, topic, 0, 0)
	for _, p := range []int32{1, 2} {
		more := req.Topics[0].Partitions[0]
		more.Partition = p
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, more)
	}
	sizes := func() (n [3]int) {
		t.Helper()
		for i, p := range ask[*kmsg.FetchResponse](w, req).Topics[0].Partitions {
			want := int64(6)
			if i == 0 {
				want = 0
			}
			if p.ErrorCode != 0 || p.HighWatermark != want || p.LastStableOffset != want {
				t.Errorf("partition %d: %+v", i, p)
			}
			for rest := p.RecordBatches; len(rest) > 0; n[i]++ {
				h, raw, r, err := recordbatch.Verify(rest)
				if err != nil || h.BaseOffset != int64(3*n[i]) {
					t.Fatalf("partition %d: record batch %d at %d of %d bytes: %v", i, n[i], h.BaseOffset, len(raw), err)
				}
				rest = r
			}
		}
		return n
	}
	if n := sizes(); n != [3]int{0, 2, 2} {
		t.Errorf("without limits: %v", n)
	}
	req.MaxBytes = 10
	if n := sizes(); n != [3]int{0, 1, 0} {
		t.Errorf("max bytes 10: %v", n)
	}
	req.MaxBytes = 1 << 20
	for i := range req.Topics[0].Partitions {
		req.Topics[0].Partitions[i].PartitionMaxBytes = 10
	}
	if n := sizes(); n[1] != 1 || n[2] > 1 {
		t.Errorf("partition max bytes 10: %v", n)
	}
	// Less than nothing is nothing: one record batch all the same, and no slice of negative size.
	for i := range req.Topics[0].Partitions {
		req.Topics[0].Partitions[i].PartitionMaxBytes = -2_000_000_000
	}
	if n := sizes(); n[1] != 1 || n[2] > 1 {
		t.Errorf("partition max bytes below 0: %v", n)
	}
	req.MaxBytes = -1
	if n := sizes(); n != [3]int{0, 1, 0} {
		t.Errorf("max bytes below 0: %v", n)
	}
	req.MaxBytes = 1 << 20
	// An offset inside a record batch gives the record batch that contains it.
	inside := fetchOf(13, topic, 1, 4)
	p := ask[*kmsg.FetchResponse](w, inside).Topics[0].Partitions[0]
	if h, err := recordbatch.ParseHeader(p.RecordBatches); err != nil || h.BaseOffset != 3 {
		t.Errorf("offset 4 gives a record batch at %d: %v", h.BaseOffset, err)
	}
	if p := ask[*kmsg.FetchResponse](w, fetchOf(13, topic, 1, 7)).Topics[0].Partitions[0]; p.ErrorCode != kerr.OffsetOutOfRange.Code || p.HighWatermark != 6 {
		t.Errorf("beyond the end: %+v", p)
	}
}

// TestFetchShrinks: when too many bytes are on their way out, an answer still makes progress.
func TestFetchShrinks(t *testing.T) {
	b := startReal(t, func(c *Config) { c.MaxFetchHeld = 1 })
	b.createTopic(t, "a", 1, nil)
	topic, _ := b.cfg.Log.TopicByName("a")
	w := b.dial(t)
	for range 3 {
		ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, timed(t, 100_000, 1000)))
	}
	p := ask[*kmsg.FetchResponse](w, fetchOf(13, topic, 0, 0)).Topics[0].Partitions[0]
	h, _, rest, err := recordbatch.Verify(p.RecordBatches)
	if err != nil || h.BaseOffset != 0 || len(rest) > 0 || b.metrics.FetchesShrunk.Load() != 1 {
		t.Errorf("%+v, %d bytes more, %v, %d shrunk", h, len(rest), err, b.metrics.FetchesShrunk.Load())
	}
}

// TestFetchCut: where the log gives less than there is, the answer does not wait for min_bytes, which the client gets by asking
// again.
func TestFetchCut(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxFetchWait = time.Hour })
	b.log.cut = true
	b.createTopic(t, "a", 1, nil)
	topic, _ := b.log.TopicByName("a")
	w := b.dial(t)
	ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, timed(t, 100, 1000)))
	req := fetchOf(13, topic, 0, 0)
	req.MinBytes, req.MaxWaitMillis = 1<<20, 3_600_000
	if p := ask[*kmsg.FetchResponse](w, req).Topics[0].Partitions[0]; len(p.RecordBatches) == 0 {
		t.Error("nothing is given")
	}
}

func TestListOffsets(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 2, nil)
	w := b.dial(t)
	ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, timed(t, 10, 1000, 3000, 2000)))
	ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, timed(t, 10, 2500, 2600)))
	for _, c := range []struct {
		partition    int32
		at           int64
		offset, time int64
		code         *kerr.Error
	}{
		{0, timeLatest, 5, -1, nil},
		{0, timeEarliest, 0, -1, nil},
		{0, timeEarliestLocal, 0, -1, nil},
		{0, timeMax, 1, 3000, nil},
		{0, timeLatestTiered, -1, -1, nil},
		{0, 0, 0, 1000, nil},
		{0, 1000, 0, 1000, nil},
		{0, 1001, 1, 3000, nil},
		{0, 3001, -1, -1, nil},
		{1, timeLatest, 0, -1, nil},
		{1, timeMax, -1, -1, nil},
		{1, 5, -1, -1, nil},
		{2, timeLatest, 0, 0, kerr.UnknownTopicOrPartition},
		{0, -7, -1, -1, kerr.InvalidRequest},
	} {
		for _, version := range []int16{1, 5, 7, 11} {
			req := kmsg.NewPtrListOffsetsRequest()
			rp := kmsg.NewListOffsetsRequestTopicPartition()
			rp.Partition, rp.Timestamp = c.partition, c.at
			req.Version, req.ReplicaID = version, -1
			req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: "a", Partitions: []kmsg.ListOffsetsRequestTopicPartition{rp}}}
			p := ask[*kmsg.ListOffsetsResponse](w, req).Topics[0].Partitions[0]
			if c.code != nil {
				if p.ErrorCode != c.code.Code {
					t.Errorf("partition %d at %d version %d: %v", c.partition, c.at, version, kerr.ErrorForCode(p.ErrorCode))
				}
				continue
			}
			if p.ErrorCode != 0 || p.Offset != c.offset || p.Timestamp != c.time {
				t.Errorf("partition %d at %d version %d: offset %d, timestamp %d, %v", c.partition, c.at, version, p.Offset, p.Timestamp, kerr.ErrorForCode(p.ErrorCode))
			}
		}
	}
}

// TestLogAppendTime: the broker's time is in the answer and in the records.
func TestLogAppendTime(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	topic, _ := b.cfg.Log.TopicByName("a")
	w := b.dial(t)
	sent := timed(t, 10, 1000, 2000)
	p := ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, bytes.Clone(sent))).Topics[0].Partitions[0]
	if p.ErrorCode != 0 || p.LogAppendTime < 1_600_000_000_000 {
		t.Fatalf("%+v", p)
	}
	got := ask[*kmsg.FetchResponse](w, fetchOf(13, topic, 0, 0)).Topics[0].Partitions[0]
	h, _, _, err := recordbatch.Verify(got.RecordBatches)
	if err != nil || !h.LogAppendTime() || h.MaxTimestamp != p.LogAppendTime {
		t.Errorf("stored: %+v, %v", h, err)
	}
}
