package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
)

// sequenced makes a copy of raw that an idempotent producer sends.
func sequenced(raw []byte, producerID int64, epoch int16, sequence int32) []byte {
	raw = bytes.Clone(raw)
	be := binary.BigEndian
	be.PutUint64(raw[43:], uint64(producerID))
	be.PutUint16(raw[51:], uint16(epoch))
	be.PutUint32(raw[53:], uint32(sequence))
	be.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func TestIdempotence(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 1, nil)
	w := b.dial(t)
	init := kmsg.NewPtrInitProducerIDRequest()
	init.Version = 4
	got := ask[*kmsg.InitProducerIDResponse](w, init)
	if got.ErrorCode != 0 || got.ProducerID < 1 || got.ProducerEpoch != 0 {
		t.Fatalf("init: %+v", got)
	}
	if again := ask[*kmsg.InitProducerIDResponse](w, init); again.ProducerID == got.ProducerID {
		t.Error("a producer id was given out twice")
	}
	two := recordBatch(t, []byte("k"), []byte("l"))
	for _, c := range []struct {
		what     string
		epoch    int16
		sequence int32
		code     *kerr.Error
		offset   int64
	}{
		{"first", 0, 0, nil, 0},
		{"second", 0, 2, nil, 2},
		{"first again", 0, 0, nil, 0},
		{"second again", 0, 2, nil, 2},
		{"gap", 0, 6, kerr.OutOfOrderSequenceNumber, -1},
		{"third", 0, 4, nil, 4},
		{"next epoch", 1, 0, nil, 6},
		{"old epoch", 0, 6, kerr.InvalidProducerEpoch, -1},
	} {
		p := ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, sequenced(two, got.ProducerID, c.epoch, c.sequence))).Topics[0].Partitions[0]
		code := int16(0)
		if c.code != nil {
			code = c.code.Code
		}
		if p.ErrorCode != code || p.BaseOffset != c.offset {
			t.Errorf("%s: %v at %d, want %v at %d", c.what, kerr.ErrorForCode(p.ErrorCode), p.BaseOffset, c.code, c.offset)
		}
	}
	invented := ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, sequenced(two, 1<<40, 0, 7))).Topics[0].Partitions[0]
	if invented.ErrorCode != kerr.UnknownProducerID.Code {
		t.Errorf("an invented producer id: %v", kerr.ErrorForCode(invented.ErrorCode))
	}
	// Five in flight, the fourth broken: what is behind it fails too, and nothing else.
	reqs := make([]*kmsg.ProduceRequest, 5)
	for i := range reqs {
		raw := sequenced(two, got.ProducerID, 1, int32(2+2*i))
		if i == 3 {
			raw[len(raw)-1] ^= 1
		}
		reqs[i] = produceRequest(9, "a", 0, raw)
		w.send(reqs[i])
	}
	first := w.id - 4
	for i, want := range []int16{0, 0, 0, kerr.CorruptMessage.Code, kerr.OutOfOrderSequenceNumber.Code} {
		if p := w.receive(reqs[i], first+int32(i)).(*kmsg.ProduceResponse).Topics[0].Partitions[0]; p.ErrorCode != want {
			t.Errorf("in flight %d: %v, want %v", i, kerr.ErrorForCode(p.ErrorCode), kerr.ErrorForCode(want))
		}
	}
}

// TestProducerOutlivesTheServer: an idempotent producer goes on over restarts of server and log;
// every record that was acknowledged is there once, in order.
func TestProducerOutlivesTheServer(t *testing.T) {
	store, objects := newMeta(t), objstore.NewMem()
	ctx := testContext(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	run := func(ln net.Listener, seed uint64) (stop func()) {
		db, err := log.Open(ctx, log.Config{Objects: objects, Meta: store, Rand: logtest.Rand(seed)})
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{Log: db, Topics: newLogTopics(db, logtest.Rand(seed+100)), Meta: store, Auth: trusting(t), Credentials: &passwords{}, ClusterID: "AAAAAAAAAAAAAAAAAAAAAA", AutoCreateTopics: true})
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, ln) }()
		return func() {
			now, cancel := context.WithCancel(ctx)
			cancel() // cut: some answers get lost, which is what the sequence numbers are for
			_ = s.Shutdown(now)
			<-served
			if err := db.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop := run(ln, 1)
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.AllowAutoTopicCreation(), kgo.DefaultProduceTopic("p"), kgo.ProducerBatchMaxBytes(2000),
		kgo.ConsumeTopics("p"), kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }), kgo.MaxBufferedRecords(500), kgo.RecordRetries(1000))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	const n = 6000
	produced, restart := make(chan error, 1), make(chan struct{})
	go func() {
		for i := range n {
			if i%1000 == 999 {
				restart <- struct{}{} // with up to 500 records under way
			}
			cl.Produce(ctx, &kgo.Record{Value: fmt.Appendf(nil, "%d", i)}, nil)
		}
		produced <- cl.Flush(ctx)
	}()
	restarts := 0
	for done := false; !done; {
		select {
		case err := <-produced:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		case <-restart:
			restarts++
			stop()
			if ln, err = net.Listen("tcp", addr); err != nil {
				t.Fatal(err)
			}
			stop = run(ln, uint64(restarts+1))
		}
	}
	for next := 0; next < n; {
		fs := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("read %d of %d records", next, n)
		}
		fs.EachRecord(func(r *kgo.Record) {
			if string(r.Value) != fmt.Sprint(next) || r.Offset != int64(next) {
				t.Fatalf("record %d is %s at offset %d", next, r.Value, r.Offset)
			}
			next++
		})
	}
	if restarts != n/1000 {
		t.Errorf("%d restarts", restarts)
	}
	stop()
}
