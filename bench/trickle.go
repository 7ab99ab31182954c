package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// benchTrickle prints what few records cost on object storage, by the settings that bound it: objects a second, and
// how long an ack takes. The store answers after 20 ms.
func benchTrickle(ctx context.Context, o options, t *table) error {
	dir, err := os.MkdirTemp("", "tributary-bench-s3-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s3, err := startFakeS3(dir)
	if err != nil {
		return err
	}
	defer s3.stop()
	for i, flags := range [][]string{
		nil, {"--flush-quiet=0"}, {"--flush-cost=4"}, {"--flush-cost=0"}, {"--flush-cost=0", "--flush-interval=250ms"},
		{"--durability=object"}, {"--durability=object", "--flush-quiet=0"}, {"--durability=object", "--flush-cost=4"}, {"--durability=object", "--flush-cost=0"},
	} {
		s3.latency.Store(0)
		s, err := start(ctx, o, append([]string{"--object-store", s3.under(fmt.Sprint("t", i)), "--checkpoint-interval=0"}, flags...)...)
		if err != nil {
			return err
		}
		s3.latency.Store(int64(20 * time.Millisecond))
		name := "defaults"
		if len(flags) > 0 {
			name = fmt.Sprint(flags)
		}
		for _, every := range []time.Duration{time.Second / 23, 0} {
			if err := s.trickle(ctx, t, s3, name, every, max(o.duration(), 10*time.Second)); err != nil {
				s.stop()
				return err
			}
		}
		s.stop()
	}
	return nil
}

// trickle sends a record of 1 KB each so often, or each when the one before is acknowledged.
func (s *server) trickle(ctx context.Context, t *table, s3 *fakeS3, settings string, every, d time.Duration) error {
	c, err := s.client(kgo.DefaultProduceTopic("trickle"), kgo.AllowAutoTopicCreation(), kgo.ProducerLinger(0))
	if err != nil {
		return err
	}
	defer c.Close()
	value := payload()
	if err := c.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil { // the topic is made here
		return err
	}
	time.Sleep(2 * time.Second)
	r := result{what: "ack of 1 KB, 23 a second: " + settings}
	if every == 0 {
		r.what = "ack of 1 KB, one after the other: " + settings
	}
	var mu sync.Mutex
	var failed error
	puts, cpu, began := s3.puts.Load(), s.cpu(), time.Now()
	for time.Since(began) < d && ctx.Err() == nil {
		sent := time.Now()
		answered := make(chan struct{})
		c.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			defer close(answered)
			r.samples = append(r.samples, time.Since(sent))
			if err != nil {
				failed = err
			}
		})
		if every == 0 {
			<-answered
			continue
		}
		time.Sleep(every)
	}
	if err := c.Flush(ctx); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	r.count, r.wall, r.cpu = int64(len(r.samples)), time.Since(began), s.cpu()-cpu
	t.add(r)
	fmt.Fprintf(t.w, "    %.2f PUTs a second\n", float64(s3.puts.Load()-puts)/r.wall.Seconds())
	return failed
}
