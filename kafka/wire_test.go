package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// recordBatch of n records with the given keys (nil = all have one).
func recordBatch(t testing.TB, keys ...[]byte) []byte {
	b := recordbatch.NewBuilder(1 << 20)
	for _, k := range keys {
		if err := b.Add(k, []byte("value"), nil, time.Now().UnixMilli()); err != nil {
			t.Fatal(err)
		}
	}
	return b.AppendTo(nil)
}

func produceRequest(version int16, topic string, partition int32, records []byte) *kmsg.ProduceRequest {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, records
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis, req.Topics = version, -1, 1000, append(req.Topics, t)
	return req
}

func fetchOf(version int16, t log.Topic, partition int32, offset int64) *kmsg.FetchRequest {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, 1<<20
	ft := kmsg.NewFetchRequestTopic()
	ft.Topic, ft.TopicID, ft.Partitions = t.Name, t.ID, append(ft.Partitions, p)
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxWaitMillis, req.MinBytes, req.MaxBytes = version, 10_000, 1, 1<<20
	req.Topics = append(req.Topics, ft)
	return req
}

// TestOldProduce: a Produce of record formats that are not taken is told so, in its own version, and the connection
// goes on.
func TestOldProduce(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 1, nil)
	w := b.dial(t)
	for version := range int16(minProduce) {
		p := ask[*kmsg.ProduceResponse](w, produceRequest(version, "a", 0, recordBatch(t, []byte("k"), []byte("v")))).Topics[0].Partitions[0]
		if p.ErrorCode != kerr.UnsupportedVersion.Code || p.BaseOffset != -1 {
			t.Errorf("version %d: %+v", version, p)
		}
	}
	if p := ask[*kmsg.ProduceResponse](w, produceRequest(minProduce, "a", 0, recordBatch(t, []byte("k"), []byte("v")))).Topics[0].Partitions[0]; p.ErrorCode != 0 || p.BaseOffset != 0 {
		t.Errorf("the first one that is taken: %+v", p)
	}
}

func TestApiVersions(t *testing.T) {
	b := start(t, nil)
	w := b.dial(t)
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "a-b", "1.0"
	for req.Version = 0; req.Version <= 5; req.Version++ {
		resp := ask[*kmsg.ApiVersionsResponse](w, req)
		if resp.ErrorCode != 0 || len(resp.ApiKeys) < 20 || resp.ApiKeys[0].MinVersion != 0 || resp.ApiKeys[0].MaxVersion != 13 {
			t.Errorf("version %d: %+v", req.Version, resp)
		}
		if req.Version >= 3 && (len(resp.FinalizedFeatures) != 1 || resp.FinalizedFeatures[0].MaxVersionLevel != 2) {
			t.Errorf("version %d: features %+v", req.Version, resp.FinalizedFeatures)
		}
	}
	// A version that does not exist is answered in version 0, with the list.
	req.Version = 77
	w.send(req)
	resp := w.receive(&kmsg.ApiVersionsRequest{}, w.id).(*kmsg.ApiVersionsResponse)
	if resp.ErrorCode != kerr.UnsupportedVersion.Code || len(resp.ApiKeys) < 20 {
		t.Errorf("unsupported version: %+v", resp)
	}
	req.Version, req.ClientSoftwareName = 3, "-bad-"
	if resp := ask[*kmsg.ApiVersionsResponse](w, req); resp.ErrorCode != kerr.InvalidRequest.Code {
		t.Errorf("bad software name: %d", resp.ErrorCode)
	}
	req.Version, req.ClientSoftwareName, req.ClusterID, req.NodeID = 5, "a", kmsg.StringPtr("other"), 1
	if resp := ask[*kmsg.ApiVersionsResponse](w, req); resp.ErrorCode != kerr.RebootstrapRequired.Code {
		t.Errorf("another cluster: %d", resp.ErrorCode)
	}
}

// TestEveryVersionAnswers sends each key in each advertised version with random contents: the
// answer decodes, or the connection is closed for a reason; nothing panics (start checks).
func TestEveryVersionAnswers(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxFetchWait = time.Millisecond; c.MaxSessionTimeout = 50 * time.Millisecond })
	b.createTopic(t, "a", 2, nil)
	r := rand.New(rand.NewPCG(3, 4))
	for _, a := range b.apis {
		if a == nil || a.key == keyProduce {
			continue
		}
		for version := a.min; version <= a.max; version++ {
			w := b.dial(t)
			for range 5 {
				if a.key == keySaslHandshake || a.key == keySaslAuthenticate {
					w = b.dial(t) // rubbish in them ends the connection after its answer
				}
				req := kmsg.RequestForKey(a.key)
				fill(r, reflect.ValueOf(req).Elem())
				req.SetVersion(version)
				w.send(req)
				w.receive(req, w.id)
			}
		}
	}
}

func TestUnknownRequestsCloseTheConnection(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxRequestBytes = 1 << 20 })
	frame := func(key, version int16, rest ...byte) []byte {
		f := binary.BigEndian.AppendUint32(nil, uint32(headerBytes+len(rest)))
		f = binary.BigEndian.AppendUint16(f, uint16(key))
		f = binary.BigEndian.AppendUint16(f, uint16(version))
		return append(append(f, 0, 0, 0, 1), rest...)
	}
	tooBig := frame(3, 9, make([]byte, 2<<20)...)
	for name, sent := range map[string][]byte{
		"http":             []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"tls":              {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01},
		"2 GB":             {0x7f, 0xff, 0xff, 0xff, 0, 0},
		"negative":         {0xff, 0xff, 0xff, 0xff, 0, 0},
		"too short":        {0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0},
		"over the cap":     tooBig[:4096],
		"broker's key":     frame(4, 0, 0, 0, 0, 0),
		"unknown key":      frame(999, 0, 0, 0),
		"negative key":     frame(-1, 0, 0, 0),
		"version too new":  frame(3, 99, 0, 0),
		"version too old":  frame(1, 3, 0, 0),
		"client id's size": frame(3, 1, 0x7f, 0xff, 'a'),
		"no client id":     frame(3, 1),
		"array's size":     frame(3, 1, 0, 0, 0x7f, 0xff, 0xff, 0xff),
		"tagged fields":    frame(3, 9, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"body's tags":      frame(3, 9, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"produce, cut":     frame(0, 9, 0, 0, 0, 0, 0, 1),
		"per key cap":      frame(12, 0, make([]byte, 100<<10)...)[:4096],
	} {
		t.Run(name, func(t *testing.T) {
			w := b.dial(t)
			if _, err := w.nc.Write(sent); err != nil {
				t.Fatal(err)
			}
			w.closed()
		})
	}
	ask[*kmsg.MetadataResponse](b.dial(t), kmsg.NewPtrMetadataRequest()) // the server still answers
	if n := b.metrics.Malformed.Load() + b.metrics.Unsupported.Load(); n < 15 {
		t.Errorf("%d closed connections were counted", n)
	}
}

// TestRandomFrames: frames with a right length and random or damaged contents never crash, and
// leave a server that answers.
func TestRandomFrames(t *testing.T) {
	b := start(t, func(c *Config) {
		c.MaxFetchWait, c.MaxSessionTimeout, c.AutoCreateTopics = time.Millisecond, 20*time.Millisecond, false
	})
	b.createTopic(t, "a", 2, nil)
	r := rand.New(rand.NewPCG(5, 6))
	f := kmsg.NewRequestFormatter()
	var keys []int16
	for _, a := range b.apis {
		if a != nil {
			keys = append(keys, a.key)
		}
	}
	for i := range 2000 {
		req := kmsg.RequestForKey(keys[r.IntN(len(keys))])
		fill(r, reflect.ValueOf(req).Elem())
		a := b.apis[req.Key()]
		req.SetVersion(a.min + int16(r.IntN(int(a.max-a.min)+1)))
		frame := f.AppendRequest(nil, req, 1)
		for range 1 + r.IntN(4) {
			switch at := 12 + r.IntN(len(frame)-11); {
			case at >= len(frame):
			case r.IntN(3) == 0:
				frame = frame[:at]
			default:
				frame[at] = byte(r.IntN(256))
			}
		}
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		nc, err := net.Dial("tcp", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = nc.Write(frame)
		_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		if i%20 == 0 { // either an answer or the end; most are left alone to be quick
			var netErr net.Error
			if _, err := nc.Read(make([]byte, 4)); errors.As(err, &netErr) && netErr.Timeout() && req.Key() != keyProduce {
				t.Fatalf("frame %x: neither an answer nor an end", frame)
			}
		}
		_ = nc.Close()
	}
	ask[*kmsg.MetadataResponse](b.dial(t), kmsg.NewPtrMetadataRequest()) // the server still answers
}

func FuzzFetchDecode(f *testing.F) {
	l := newMemLog()
	s, err := New(Config{Log: l, Topics: l, Meta: newMeta(f), Auth: trusting(f), Credentials: &passwords{}, ClusterID: "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(int16(4), []byte{0, 0, 0, 0})
	f.Add(int16(13), bytes.Repeat([]byte{1}, 60))
	f.Fuzz(func(t *testing.T, version int16, body []byte) {
		a := s.apis[1]
		if !a.supports(version) {
			return
		}
		decoded, err := a.shape.preflight(body, version, a.flexible(version))
		if err != nil {
			return
		}
		if decoded > 100+200*int64(len(body)+1) {
			t.Fatalf("%d bytes from %d", decoded, len(body))
		}
		if _, err := s.decodeFetch(&request{header: header{key: 1, version: version}, api: a, body: body}); err != nil {
			t.Fatalf("preflight passed what does not decode: %v", err)
		}
	})
}

// TestProduceOrder: requests in flight are appended in order and answered in order, whatever
// commits first, and a request behind them waits its turn.
func TestProduceOrder(t *testing.T) {
	b := start(t, nil)
	b.createTopic(t, "a", 1, nil)
	b.log.hold = true
	w := b.dial(t)
	reqs := make([]*kmsg.ProduceRequest, 5)
	for i := range reqs {
		reqs[i] = produceRequest(int16(3+2*i), "a", 0, recordBatch(t, []byte("k"), []byte("l")))
		w.send(reqs[i])
	}
	metadata := kmsg.NewPtrMetadataRequest()
	w.send(metadata)
	for held := 0; held < len(reqs); {
		b.log.mu.Lock()
		held = len(b.log.held)
		b.log.mu.Unlock()
	}
	b.log.releaseHeld()
	for i, req := range reqs {
		p := w.receive(req, int32(i+1)).(*kmsg.ProduceResponse).Topics[0].Partitions[0]
		if p.ErrorCode != 0 || p.BaseOffset != int64(2*i) {
			t.Errorf("request %d: %+v", i, p)
		}
	}
	w.receive(metadata, 6)
}

func TestProduceRefusals(t *testing.T) {
	b := start(t, nil)
	b.createTopic(t, "plain", 1, nil)
	b.createTopic(t, "small", 1, map[string]string{"max.message.bytes": "100"})
	b.createTopic(t, "compacted", 1, map[string]string{"cleanup.policy": "compact"})
	b.createTopic(t, "table", 1, nil)
	for i := range b.log.topics {
		b.log.topics[i].Internal = b.log.topics[i].Name == "table"
	}
	good := recordBatch(t, []byte("k"))
	corrupt := bytes.Clone(good)
	corrupt[len(corrupt)-1] ^= 1
	oldMagic := bytes.Clone(good)
	oldMagic[16] = 1
	future := recordbatch.NewBuilder(1 << 20)
	if err := future.Add(nil, nil, nil, time.Now().Add(48*time.Hour).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	w := b.dial(t)
	for name, c := range map[string]struct {
		topic     string
		partition int32
		records   []byte
		code      *kerr.Error
	}{
		"unknown topic":     {"none", 0, good, kerr.UnknownTopicOrPartition},
		"unknown partition": {"plain", 1, good, kerr.UnknownTopicOrPartition},
		"table's topic":     {"table", 0, good, kerr.InvalidTopicException},
		"checksum":          {"plain", 0, corrupt, kerr.CorruptMessage},
		"old format":        {"plain", 0, oldMagic, kerr.UnsupportedForMessageFormat},
		"nothing":           {"plain", 0, nil, kerr.CorruptMessage},
		"two":               {"plain", 0, append(bytes.Clone(good), good...), kerr.InvalidRecord},
		"too large":         {"small", 0, recordBatch(t, []byte("a"), bytes.Repeat([]byte("b"), 100)), kerr.MessageTooLarge},
		"future":            {"plain", 0, future.AppendTo(nil), kerr.InvalidTimestamp},
	} {
		p := ask[*kmsg.ProduceResponse](w, produceRequest(9, c.topic, c.partition, c.records)).Topics[0].Partitions[0]
		if p.ErrorCode != c.code.Code || p.BaseOffset != -1 {
			t.Errorf("%s: %v, want %v (%+v)", name, kerr.ErrorForCode(p.ErrorCode), c.code, p)
		}
	}
	p := ask[*kmsg.ProduceResponse](w, produceRequest(9, "compacted", 0, recordBatch(t, []byte("a"), nil, []byte("b"), nil))).Topics[0].Partitions[0]
	if p.ErrorCode != kerr.InvalidRecord.Code || len(p.ErrorRecords) != 2 || p.ErrorRecords[0].RelativeOffset != 1 || p.ErrorRecords[1].RelativeOffset != 3 {
		t.Errorf("records without a key: %+v", p)
	}
	txn := produceRequest(9, "plain", 0, transactional(good, 1, 0, 0))
	if p := ask[*kmsg.ProduceResponse](w, txn).Topics[0].Partitions[0]; p.ErrorCode != kerr.InvalidTxnState.Code {
		t.Errorf("transactional without an id: %+v", p)
	}
	acks := produceRequest(9, "plain", 0, good)
	acks.Acks = 2
	if p := ask[*kmsg.ProduceResponse](w, acks).Topics[0].Partitions[0]; p.ErrorCode != kerr.InvalidRequiredAcks.Code {
		t.Errorf("acks 2: %+v", p)
	}
	// Without acks there is no answer, and a failure ends the connection.
	acks.Acks = 0
	w.send(acks)
	ask[*kmsg.MetadataResponse](w, kmsg.NewPtrMetadataRequest())
	none := produceRequest(9, "none", 0, good)
	none.Acks = 0
	w.send(none)
	w.closed()
	if n := b.metrics.RecordBatches.Load(); n != 1 {
		t.Errorf("%d record batches were taken, want 1", n)
	}
}

func TestFetchWaits(t *testing.T) {
	b := start(t, nil)
	b.createTopic(t, "a", 2, nil)
	topic, _ := b.log.TopicByName("a")
	w, producer := b.dial(t), b.dial(t)
	req := fetchOf(13, topic, 0, 0)
	w.send(req)
	for b.metrics.LongPollsWaiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	ask[*kmsg.ProduceResponse](producer, produceRequest(9, "a", 1, recordBatch(t, nil))) // another partition
	ask[*kmsg.ProduceResponse](producer, produceRequest(9, "a", 0, recordBatch(t, nil)))
	p := w.receive(req, w.id).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	if p.ErrorCode != 0 || len(p.RecordBatches) == 0 || p.HighWatermark != 1 {
		t.Errorf("after the produce: %+v", p)
	}
	// Time is up: nothing, but high watermark and last stable offset.
	req = fetchOf(13, topic, 0, 1)
	req.MaxWaitMillis = 20
	p = ask[*kmsg.FetchResponse](w, req).Topics[0].Partitions[0]
	if p.ErrorCode != 0 || len(p.RecordBatches) != 0 || p.HighWatermark != 1 || p.LastStableOffset != 1 {
		t.Errorf("after the wait: %+v", p)
	}
	for name, c := range map[string]struct {
		req  *kmsg.FetchRequest
		code *kerr.Error
	}{
		"out of range":      {fetchOf(11, topic, 0, 99), kerr.OffsetOutOfRange},
		"unknown topic":     {fetchOf(11, log.Topic{Name: "none"}, 0, 0), kerr.UnknownTopicOrPartition},
		"unknown topic id":  {fetchOf(13, log.Topic{ID: log.TopicID{9}}, 0, 0), kerr.UnknownTopicID},
		"unknown partition": {fetchOf(13, topic, 2, 0), kerr.UnknownTopicOrPartition},
	} {
		if p := ask[*kmsg.FetchResponse](w, c.req).Topics[0].Partitions[0]; p.ErrorCode != c.code.Code {
			t.Errorf("%s: %v", name, kerr.ErrorForCode(p.ErrorCode))
		}
	}
	session := fetchOf(13, topic, 0, 0)
	session.SessionID, session.SessionEpoch = 5, 1
	if resp := ask[*kmsg.FetchResponse](w, session); resp.ErrorCode != kerr.FetchSessionIDNotFound.Code {
		t.Errorf("unknown session: %d", resp.ErrorCode)
	}
	b.log.mu.Lock()
	b.log.failing = log.ErrUnavailable
	b.log.mu.Unlock()
	if p := ask[*kmsg.FetchResponse](w, fetchOf(13, topic, 0, 0)).Topics[0].Partitions[0]; p.ErrorCode != kerr.KafkaStorageError.Code {
		t.Errorf("the log fails: %v", kerr.ErrorForCode(p.ErrorCode))
	}
}

// TestShutdownAnswersFirst: what was read is answered, long polls at once, then the connection
// ends.
func TestShutdownAnswersFirst(t *testing.T) {
	b := start(t, nil)
	b.createTopic(t, "a", 1, nil)
	topic, _ := b.log.TopicByName("a")
	poller, producer := b.dial(t), b.dial(t)
	fetch := fetchOf(13, topic, 0, 0)
	poller.send(fetch)
	for b.metrics.LongPollsWaiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	b.log.hold = true
	produce := produceRequest(9, "a", 0, recordBatch(t, nil))
	producer.send(produce)
	for held := 0; held == 0; {
		b.log.mu.Lock()
		held = len(b.log.held)
		b.log.mu.Unlock()
	}
	done := make(chan error, 1)
	go func() { done <- b.Shutdown(testContext(t)) }()
	poller.receive(fetch, poller.id)
	poller.closed()
	select {
	case err := <-done:
		t.Fatalf("shutdown returned %v before the append was answered", err)
	default:
	}
	b.log.releaseHeld()
	if p := producer.receive(produce, producer.id).(*kmsg.ProduceResponse).Topics[0].Partitions[0]; p.ErrorCode != 0 {
		t.Errorf("produce: %+v", p)
	}
	producer.closed()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", b.addr); err == nil {
		t.Error("the server still accepts")
	}
}

// TestShutdownCuts: when the time for draining is over, connections are cut.
func TestShutdownCuts(t *testing.T) {
	b := start(t, nil)
	b.createTopic(t, "a", 1, nil)
	b.log.hold = true
	w := b.dial(t)
	w.send(produceRequest(9, "a", 0, recordBatch(t, nil)))
	for held := 0; held == 0; {
		b.log.mu.Lock()
		held = len(b.log.held)
		b.log.mu.Unlock()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v", err)
	}
	w.closed()
}
