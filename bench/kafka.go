package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const recordBytes = 1000

// payload is text that compresses like text; clients send it uncompressed.
func payload() []byte {
	random := rand.New(rand.NewPCG(1, 1))
	out := make([]byte, recordBytes)
	for i := range out {
		out[i] = byte('a' + random.IntN(26))
	}
	return out
}

func (s *server) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.kafka), kgo.ProducerBatchCompression(kgo.NoCompression())}, opts...)...)
}

func benchLocalKafka(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, partitions := range []int{1, 10} {
		for _, clients := range []int{1, 8} {
			if err := s.benchTopic(ctx, o, t, "directory", partitions, clients); err != nil {
				return err
			}
		}
	}
	return s.benchAcks(ctx, t, "directory", 2000, o.duration())
}

// benchS3 is the same on a real S3 server, shorter.
func benchS3(ctx context.Context, o options, t *table) error {
	url := os.Getenv("TRIBUTARY_TEST_S3")
	if url == "" {
		t.skip("S3", "TRIBUTARY_TEST_S3 is not set; .ci/with-s3 COMMAND starts a server and sets it")
		return nil
	}
	base, query, _ := strings.Cut(url, "?")
	s, err := start(ctx, o, "--object-store", fmt.Sprintf("%s/bench-%d?%s", base, time.Now().UnixNano(), query))
	if err != nil {
		return err
	}
	defer s.stop()
	for _, clients := range []int{1, 8} {
		if err := s.benchTopic(ctx, o, t, "S3", 10, clients); err != nil {
			return err
		}
	}
	return s.benchAcks(ctx, t, "S3", 100, o.duration())
}

// benchTopic produces for a while, all acks, then fetches everything that was produced.
func (s *server) benchTopic(ctx context.Context, o options, t *table, store string, partitions, clients int) error {
	topic := fmt.Sprintf("bench-%d-%d", partitions, clients)
	if err := s.exec(ctx, fmt.Sprintf("CREATE TOPIC '%s' WITH (partitions = %d)", topic, partitions)); err != nil {
		return err
	}
	what := fmt.Sprintf("%s, %d partitions, %d clients", store, partitions, clients)
	produced, err := s.produce(ctx, topic, clients, o.duration())
	if err != nil {
		return err
	}
	produced.what = "produce 1 KB, acks=all: " + what
	t.add(produced)
	fetched, err := s.fetch(ctx, topic, clients, produced.count)
	if err != nil {
		return err
	}
	fetched.what = "fetch 1 KB: " + what
	t.add(fetched)
	return nil
}

func (s *server) produce(ctx context.Context, topic string, clients int, d time.Duration) (r result, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	value := payload()
	var acked atomic.Int64
	var all sync.WaitGroup
	cpu, begin := s.cpu(), time.Now()
	for range clients {
		c, err := s.client(kgo.DefaultProduceTopic(topic), kgo.MaxBufferedRecords(20_000), kgo.ProducerLinger(0))
		if err != nil {
			return r, err
		}
		all.Go(func() {
			defer c.Close()
			for time.Since(begin) < d && ctx.Err() == nil {
				c.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
					if err != nil {
						cancel(err)
						return
					}
					acked.Add(1)
				})
			}
			if err := c.Flush(ctx); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	r = result{count: acked.Load(), bytes: acked.Load() * recordBytes, wall: time.Since(begin), cpu: s.cpu() - cpu}
	return r, context.Cause(ctx)
}

// fetch reads count records with each of the clients.
func (s *server) fetch(ctx context.Context, topic string, clients int, count int64) (r result, err error) {
	var all sync.WaitGroup
	errs := make([]error, clients)
	cpu, begin := s.cpu(), time.Now()
	for i := range clients {
		c, err := s.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			return r, err
		}
		all.Go(func() {
			defer c.Close()
			for got := int64(0); got < count; {
				f := c.PollFetches(ctx)
				if errs[i] = errors.Join(f.Err(), ctx.Err()); errs[i] != nil {
					return
				}
				got += int64(f.NumRecords())
			}
		})
	}
	all.Wait()
	n := count * int64(clients)
	return result{count: n, bytes: n * recordBytes, wall: time.Since(begin), cpu: s.cpu() - cpu}, errors.Join(errs...)
}

// benchAcks measures one record at a time: the time from sending it to its ack.
func (s *server) benchAcks(ctx context.Context, t *table, store string, most int, d time.Duration) error {
	c, err := s.client(kgo.DefaultProduceTopic("bench-acks"), kgo.AllowAutoTopicCreation(), kgo.ProducerLinger(0))
	if err != nil {
		return err
	}
	defer c.Close()
	value := payload()
	if err := c.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil { // the topic is made here
		return err
	}
	r := result{what: "ack of one 1 KB record at a time: " + store}
	cpu, begin := s.cpu(), time.Now()
	for len(r.samples) < most && time.Since(begin) < d {
		sent := time.Now()
		if err := c.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil {
			return err
		}
		r.samples = append(r.samples, time.Since(sent))
	}
	r.count, r.wall, r.cpu = int64(len(r.samples)), time.Since(begin), s.cpu()-cpu
	t.add(r)
	return nil
}
