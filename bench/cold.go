package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	coldPartitions = 1000
	coldPerRound   = 8 // records of 1 KB that a partition gets in one flush
)

// benchCold prints how fast records are read that lie in an S3 server alone, how many requests that takes, and what
// a trickle of records costs to write. The store is a small one of the benchmark's own: it answers at once, then
// after the time that a real one takes.
func benchCold(ctx context.Context, o options, t *table) error {
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
	data, err := os.MkdirTemp("", "tributary-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	s, err := startIn(ctx, o, data, "--object-store", s3.under("cold"))
	if err != nil {
		return err
	}
	defer func() {
		if s != nil {
			s.stop()
		}
	}()
	if err := s.exec(ctx, fmt.Sprintf("CREATE TOPIC many WITH (partitions = %d)", coldPartitions), "CREATE TOPIC one"); err != nil {
		return err
	}
	for topic, partitions := range map[string]int32{"many": coldPartitions, "one": 1} {
		if err := s.fillCold(ctx, topic, partitions, int64(o.coldMB)<<20); err != nil {
			return err
		}
	}
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		for _, c := range []struct {
			topic string
			flags []string
			twice bool
		}{
			{"many", []string{"--disk-cache-bytes=0"}, false},
			{"one", []string{"--disk-cache-bytes=0"}, false},
			{"many", nil, true},
		} {
			s3.latency.Store(0)
			s.end()
			if s, err = startIn(ctx, o, data, append(c.flags, "--object-store", s3.under("cold"))...); err != nil {
				return err
			}
			s3.latency.Store(int64(latency))
			what := fmt.Sprintf("%s, %v a request", c.topic, latency)
			if err := s.readCold(ctx, t, s3, c.topic, "cold: "+what); err != nil {
				return err
			}
			if !c.twice {
				continue
			}
			time.Sleep(time.Second) // the disk keeps up
			s3.latency.Store(0)
			s.end()
			if s, err = startIn(ctx, o, data, "--object-store", s3.under("cold")); err != nil {
				return err
			}
			s3.latency.Store(int64(latency))
			if err := s.readCold(ctx, t, s3, c.topic, "after a restart, disk cache: "+what); err != nil {
				return err
			}
		}
	}
	return nil
}

// end ends the process in order; its directory stays.
func (s *server) end() {
	_ = s.cmd.Process.Signal(os.Interrupt) // gone already is as good
	_ = s.cmd.Wait()
}

// fillCold produces bytes to a topic, evenly.
func (s *server) fillCold(ctx context.Context, topic string, partitions int32, bytes int64) error {
	c, err := s.client(kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(40_000))
	if err != nil {
		return err
	}
	defer c.Close()
	value := payload()
	var failed atomic.Pointer[error]
	for sent := int64(0); sent < bytes; {
		for p := range partitions {
			for range coldPerRound {
				c.Produce(ctx, &kgo.Record{Partition: p, Value: value}, func(_ *kgo.Record, err error) {
					if err != nil {
						failed.Store(&err)
					}
				})
				sent += recordBytes
			}
		}
		if err := failed.Load(); err != nil {
			return *err
		}
	}
	return c.Flush(ctx)
}

// readCold reads a topic from its start with one connection, as a consumer does that has nothing else to do: records
// are counted and not looked at.
func (s *server) readCold(ctx context.Context, t *table, s3 *fakeS3, topic, what string) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	defer c.Close()
	id, offsets, ends, err := s.ends(ctx, c, topic)
	if err != nil {
		return err
	}
	gets, sent, cpu, began := s3.gets.Load(), s3.sent.Load(), s.cpu(), time.Now()
	bytes, records := int64(0), int64(0)
	first := 0
	for {
		req := kmsg.NewPtrFetchRequest()
		req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch = 500, 1, 50<<20, -1
		rt := kmsg.NewFetchRequestTopic()
		rt.Topic, rt.TopicID = topic, id
		for i := range offsets { // clients begin elsewhere each time
			p := (first + i) % len(offsets)
			if offsets[p] < ends[p] {
				rp := kmsg.NewFetchRequestTopicPartition()
				rp.Partition, rp.FetchOffset, rp.PartitionMaxBytes, rp.CurrentLeaderEpoch = int32(p), offsets[p], 1<<20, -1
				rt.Partitions = append(rt.Partitions, rp)
			}
		}
		if len(rt.Partitions) == 0 {
			break
		}
		req.Topics = append(req.Topics, rt)
		resp, err := req.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		for _, p := range resp.Topics[0].Partitions {
			if p.ErrorCode != 0 {
				return fmt.Errorf("fetch of partition %d: code %d", p.Partition, p.ErrorCode)
			}
			bytes += int64(len(p.RecordBatches))
			for b := p.RecordBatches; len(b) >= 61; b = b[12+binary.BigEndian.Uint32(b[8:]):] {
				next := int64(binary.BigEndian.Uint64(b)) + int64(binary.BigEndian.Uint32(b[23:])) + 1
				records += next - offsets[p.Partition]
				offsets[p.Partition] = next
				first = int(p.Partition) + 1
			}
		}
	}
	r := result{what: what, count: records, bytes: bytes, wall: time.Since(began), cpu: s.cpu() - cpu}
	t.add(r)
	gets, sent = s3.gets.Load()-gets, s3.sent.Load()-sent
	fmt.Fprintf(t.w, "    %.2f GETs a MB (%d), %.2f bytes asked for each that was given, server CPU %.2f s a GB\n",
		float64(gets)/(float64(bytes)/1e6), gets, float64(sent)/float64(bytes), r.cpu.Seconds()/(float64(bytes)/1e9))
	return nil
}

// ends are the id of a topic and the first and the last offsets of its partitions.
func (s *server) ends(ctx context.Context, c *kgo.Client, topic string) (id [16]byte, starts, ends []int64, err error) {
	meta := kmsg.NewPtrMetadataRequest()
	mt := kmsg.NewMetadataRequestTopic()
	mt.Topic = kmsg.StringPtr(topic)
	meta.Topics = append(meta.Topics, mt)
	m, err := meta.RequestWith(ctx, c)
	if err != nil {
		return id, nil, nil, err
	}
	var offsets [2][]int64
	for i, at := range []int64{-2, -1} {
		req := kmsg.NewPtrListOffsetsRequest()
		rt := kmsg.NewListOffsetsRequestTopic()
		rt.Topic = topic
		offsets[i] = make([]int64, len(m.Topics[0].Partitions))
		for p := range offsets[i] {
			rp := kmsg.NewListOffsetsRequestTopicPartition()
			rp.Partition, rp.Timestamp = int32(p), at
			rt.Partitions = append(rt.Partitions, rp)
		}
		req.Topics = append(req.Topics, rt)
		resp, err := req.RequestWith(ctx, c)
		if err != nil {
			return id, nil, nil, err
		}
		for _, p := range resp.Topics[0].Partitions {
			offsets[i][p.Partition] = p.Offset
		}
	}
	return m.Topics[0].TopicID, offsets[0], offsets[1], nil
}
