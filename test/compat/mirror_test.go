package compat

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/kafkatest"
)

// mirror moves a topic with its configuration and a group's offsets from Apache Kafka, and another topic back to it.
func mirror(p place) error {
	old, err := kafkatest.StartBroker(context.Background(), p.jars, p.t.TempDir())
	if err != nil {
		return err
	}
	p.t.Cleanup(old.Kill)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	there, err := kgo.NewClient(kgo.SeedBrokers(old.Addr), gzip)
	if err != nil {
		return err
	}
	defer there.Close()
	here := p.server.Kafka(p.t, gzip)
	if err := fill(ctx, there, "moved"); err != nil {
		return err
	}
	if err := fill(ctx, here, "back"); err != nil {
		return err
	}
	// What a group has read before the move: all of partition 0.
	ends, err := kadm.NewClient(there).ListEndOffsets(ctx, "moved")
	if err != nil {
		return err
	}
	end, _ := ends.Lookup("moved", 0)
	var read kadm.Offsets
	read.AddOffset("moved", 0, end.Offset, -1)
	if err := kadm.NewClient(there).CommitAllOffsets(ctx, "readers", read); err != nil {
		return err
	}
	file := filepath.Join(p.t.TempDir(), "mm2.properties")
	lines := []string{"clusters=kafka, tributary", "kafka.bootstrap.servers=" + old.Addr, "tributary.bootstrap.servers=" + p.server.KafkaAddr,
		"kafka->tributary.enabled=true", "kafka->tributary.topics=moved", "tributary->kafka.enabled=true", "tributary->kafka.topics=back",
		"sync.group.offsets.enabled=true", "offset.lag.max=0", "plugin.discovery=service_load"}
	for _, internal := range []string{"", "checkpoints.topic.", "heartbeats.topic.", "offset-syncs.topic.", "offset.storage.", "config.storage.", "status.storage."} {
		lines = append(lines, internal+"replication.factor=1")
	}
	for _, often := range []string{"emit.checkpoints", "emit.heartbeats", "sync.group.offsets", "sync.topic.configs", "refresh.topics", "refresh.groups"} {
		lines = append(lines, often+".interval.seconds=1")
	}
	if err := kafkatest.Properties(file, lines...); err != nil {
		return err
	}
	run := p.start(nil, "org.apache.kafka.connect.mirror.MirrorMaker", file)
	defer run.Kill()
	err = until("the moved topic", some(here, "kafka.moved", records))
	if err == nil {
		err = until("the topic that goes back", some(there, "tributary.back", records))
	}
	if err == nil {
		err = until("the topic's configuration", retains(here, "kafka.moved"))
	}
	if err == nil {
		err = until("the group's offset", reads(here, end.Offset))
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, tail(run.Output()))
	}
	got, err := committed(ctx, here, "kafka.moved")
	if err != nil {
		return err
	}
	var moved []string
	for _, r := range got {
		moved = append(moved, string(r.Value))
	}
	return same(moved, values("v"))
}

const retention = "7200000"

func fill(ctx context.Context, cl *kgo.Client, topic string) error {
	ms := retention
	if _, err := kadm.NewClient(cl).CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": &ms}, topic); err != nil {
		return err
	}
	var rs []*kgo.Record
	for i, v := range values("v") {
		rs = append(rs, &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: []byte(v)})
	}
	return cl.ProduceSync(ctx, rs...).FirstErr()
}

func retains(cl *kgo.Client, topic string) func(context.Context) error {
	return func(ctx context.Context) error {
		rc, err := kadm.NewClient(cl).DescribeTopicConfigs(ctx, topic)
		if err != nil {
			return err
		}
		for _, c := range rc[0].Configs {
			if c.Key == "retention.ms" && c.MaybeValue() == retention {
				return nil
			}
		}
		return fmt.Errorf("retention.ms of %s is another one", topic)
	}
}

func reads(cl *kgo.Client, at int64) func(context.Context) error {
	return func(ctx context.Context) error {
		offsets, err := kadm.NewClient(cl).FetchOffsets(ctx, "readers")
		if err != nil {
			return err
		}
		if o, _ := offsets.Lookup("kafka.moved", 0); o.At != at {
			return fmt.Errorf("offset %d, want %d", o.At, at)
		}
		return nil
	}
}
