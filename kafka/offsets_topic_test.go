package kafka

import (
	"context"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// offsetsReader follows __consumer_offsets as a lag exporter does.
type offsetsReader struct {
	t    *testing.T
	cl   *kgo.Client
	next map[int32]int64
}

func (b *broker) readOffsets(t *testing.T, from map[int32]int64) *offsetsReader {
	opts := []kgo.Opt{kgo.FetchMaxWait(testTimeout)}
	if from == nil {
		opts, from = append(opts, kgo.ConsumeTopics(OffsetsTopic)), map[int32]int64{}
	} else {
		at := map[int32]kgo.Offset{}
		for p := range int32(group.JournalPartitions) {
			at[p] = kgo.NewOffset().At(from[p])
		}
		opts = append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{OffsetsTopic: at}))
	}
	return &offsetsReader{t, b.client(t, opts...), from}
}

// read gives the next n records, as text.
func (r *offsetsReader) read(n int) (got []string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	for len(got) < n {
		fetches := r.cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			r.t.Fatalf("%v after %q", err, got)
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			if rec.Offset < r.next[rec.Partition] {
				r.t.Errorf("offset %d of partition %d after %d", rec.Offset, rec.Partition, r.next[rec.Partition])
			}
			r.next[rec.Partition] = rec.Offset + 1
			got = append(got, describeOffsetRecord(r.t, rec))
		})
	}
	return got
}

func describeOffsetRecord(t *testing.T, rec *kgo.Record) string {
	t.Helper()
	var key kmsg.OffsetCommitKey
	if rec.Key[1] == groupKeyVersion {
		var key kmsg.GroupMetadataKey
		var value kmsg.GroupMetadataValue
		if err := key.ReadFrom(rec.Key); err != nil || rec.Partition != group.JournalPartition(key.Group) {
			t.Fatalf("key %q of partition %d: %v", rec.Key, rec.Partition, err)
		}
		if rec.Value == nil {
			return "group " + key.Group + " gone"
		}
		if err := value.ReadFrom(rec.Value); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("group %s generation %d members %d", key.Group, value.Generation, len(value.Members))
	}
	var value kmsg.OffsetCommitValue
	if err := key.ReadFrom(rec.Key); err != nil || rec.Partition != group.JournalPartition(key.Group) {
		t.Fatalf("key %q of partition %d: %v", rec.Key, rec.Partition, err)
	}
	of := fmt.Sprintf("%s %s/%d", key.Group, key.Topic, key.Partition)
	if rec.Value == nil {
		return of + " gone"
	}
	if err := value.ReadFrom(rec.Value); err != nil || value.CommitTimestamp != rec.Timestamp.UnixMilli() {
		t.Errorf("%s: %+v at %v, %v", of, value, rec.Timestamp, err)
	}
	return fmt.Sprintf("%s at %d", of, value.Offset)
}

func wantRecords(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

// TestOffsetsTopic: what groups commit can be followed in __consumer_offsets, as it comes and over a restart; nobody
// writes there.
func TestOffsetsTopic(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 2, nil)
	ctx := t.Context()
	adm := kadm.NewClient(b.client(t))
	commit := func(adm *kadm.Client, group string, partition int32, offset int64) {
		t.Helper()
		var o kadm.Offsets
		o.AddOffset("a", partition, offset, -1)
		if err := adm.CommitAllOffsets(ctx, group, o); err != nil {
			t.Fatal(err)
		}
	}
	r := b.readOffsets(t, nil)
	commit(adm, "g", 0, 1)
	wantRecords(t, r.read(1), "g a/0 at 1")
	commit(adm, "g", 1, 5)
	commit(adm, "g", 0, 2)
	wantRecords(t, r.read(2), "g a/1 at 5", "g a/0 at 2")

	consumer := b.client(t, kgo.ConsumerGroup("members"), kgo.ConsumeTopics("a"))
	wantRecords(t, r.read(1), "group members generation 1 members 1")
	consumer.Close()
	wantRecords(t, r.read(1), "group members generation 2 members 0")

	commit(adm, "g", 0, 3)
	if _, err := adm.DeleteOffsets(ctx, "g", kadm.TopicsSet{"a": {1: {}}}); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, r.read(2), "g a/0 at 3", "g a/1 gone")

	// Who comes late reads the newest of each key; behind a restart too, and who was there before it goes on.
	late := b.readOffsets(t, nil)
	part := group.JournalPartition("g")
	if got := late.read(3); len(got) != 3 {
		t.Errorf("read %q", got)
	}
	if err := b.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	cfg := b.cfg
	cfg.Log = b.Server.log.Log
	b = serve(t, cfg)
	adm = kadm.NewClient(b.client(t))
	commit(adm, "g", 0, 4)
	r = b.readOffsets(t, r.next)
	wantRecords(t, r.read(1), "g a/0 at 4")
	ends, err := adm.ListEndOffsets(ctx, OffsetsTopic)
	if end, _ := ends.Lookup(OffsetsTopic, part); err != nil || end.Offset != r.next[part] {
		t.Errorf("end %+v, %v, read to %d", end, err, r.next[part])
	}
	if _, err := adm.DeleteGroup(ctx, "g"); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, r.read(1), "g a/0 gone")
	if got := b.readOffsets(t, nil).read(2); len(got) != 2 {
		t.Errorf("read %q", got)
	}
}

// TestOffsetsTopicIsInternal: it is described as Kafka does, and is neither written nor altered.
func TestOffsetsTopicIsInternal(t *testing.T) {
	b := startReal(t, nil)
	ctx := t.Context()
	cl := b.client(t)
	adm := kadm.NewClient(cl)
	topics, err := adm.ListTopicsWithInternal(ctx)
	if d := topics[OffsetsTopic]; err != nil || !d.IsInternal || len(d.Partitions) != 50 || d.ID != kadm.TopicID(OffsetsTopicID) {
		t.Errorf("%+v, %v", topics, err)
	}
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: OffsetsTopic, Value: []byte("v")}).FirstErr(); err != kerr.InvalidTopicException {
		t.Errorf("produce: %v", err)
	}
	if _, err := adm.DeleteTopic(ctx, OffsetsTopic); err != kerr.InvalidTopicException {
		t.Errorf("delete: %v", err)
	}
	if _, err := adm.CreateTopic(ctx, 1, 1, nil, OffsetsTopic); err != kerr.TopicAlreadyExists {
		t.Errorf("create: %v", err)
	}
	if got, _ := adm.UpdatePartitions(ctx, 60, OffsetsTopic); got[OffsetsTopic].Err != kerr.InvalidTopicException {
		t.Errorf("more partitions: %+v", got)
	}
	if got, _ := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: kadm.StringPtr("1")}}, OffsetsTopic); got[0].Err != kerr.InvalidTopicException {
		t.Errorf("alter: %+v", got)
	}
	configs, err := adm.DescribeTopicConfigs(ctx, OffsetsTopic)
	if err != nil || len(configs) != 1 {
		t.Fatal(configs, err)
	}
	for _, c := range configs[0].Configs {
		if c.Key == "cleanup.policy" && *c.Value != "compact" {
			t.Errorf("cleanup.policy is %s", *c.Value)
		}
	}
}
