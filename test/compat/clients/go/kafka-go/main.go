// kafka-go. See ../../../doc.go for what each step is to do.
package main

import (
	"compat/env"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// It has no transactional producer: only the requests of one, and none of them writes in a transaction.
func main() {
	env.Run("github.com/segmentio/kafka-go", map[string]func() error{
		"produce": produce, "secure": produce, "consume": consume, "group": group, "admin": admin, "lag": lag,
	})
}

var ctx, _ = context.WithTimeout(context.Background(), time.Minute)

func produce() error {
	w := &kafka.Writer{Addr: kafka.TCP(env.Bootstrap), Topic: env.Topic, Balancer: kafka.Murmur2Balancer{}, RequiredAcks: kafka.RequireAll,
		Compression: kafka.Lz4, BatchTimeout: 10 * time.Millisecond, Transport: transport()}
	var ms []kafka.Message
	for i := range env.N {
		ms = append(ms, kafka.Message{Key: fmt.Append(nil, "k", i), Value: fmt.Append(nil, "v", i)})
	}
	return errors.Join(w.WriteMessages(ctx, ms...), w.Close())
}

func transport() *kafka.Transport {
	t := &kafka.Transport{ClientID: "compat", TLS: env.TLS()}
	if t.TLS != nil {
		mechanism, err := scram.Mechanism(scram.SHA256, env.User, env.Password)
		if err != nil {
			panic(err)
		}
		t.SASL = mechanism
	}
	return t
}

func client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(env.Bootstrap), Timeout: 30 * time.Second, Transport: transport()}
}

// partitions of the topic, as its metadata lists them.
func partitions() ([]int, error) {
	m, err := client().Metadata(ctx, &kafka.MetadataRequest{Topics: []string{env.Topic}})
	if err != nil {
		return nil, err
	}
	var out []int
	for _, p := range m.Topics[0].Partitions {
		out = append(out, p.ID)
	}
	return out, m.Topics[0].Error
}

func consume() error {
	ids, err := partitions()
	if err != nil {
		return err
	}
	all := make(chan kafka.Message)
	for _, id := range ids {
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{env.Bootstrap}, Topic: env.Topic, Partition: id, MaxWait: 100 * time.Millisecond})
		go func() {
			for {
				m, err := r.ReadMessage(ctx)
				if err != nil {
					return
				}
				all <- m
			}
		}()
	}
	for range env.N {
		select {
		case m := <-all:
			fmt.Println(string(m.Value))
		case <-ctx.Done():
			return errors.New("nothing comes")
		}
	}
	return nil
}

func group() error {
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{env.Bootstrap}, Topic: env.Topic, GroupID: env.Group, StartOffset: kafka.FirstOffset, MaxWait: 100 * time.Millisecond})
	for range env.N {
		m, err := r.FetchMessage(ctx)
		if err != nil {
			return err
		}
		fmt.Println(string(m.Value))
		if err := r.CommitMessages(ctx, m); err != nil {
			return err
		}
	}
	return r.Close()
}

func admin() error {
	c := client()
	made, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: env.Topic, NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "3600000"}}},
		{Topic: env.Topic + "-gone", NumPartitions: 1, ReplicationFactor: 1},
	}})
	if err != nil {
		return err
	}
	for _, err := range made.Errors {
		if err != nil {
			return err
		}
	}
	configs, err := c.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: env.Topic, ConfigNames: []string{"retention.ms"}}}})
	if err != nil {
		return err
	}
	if e := configs.Resources[0].ConfigEntries; len(e) != 1 || e[0].ConfigValue != "3600000" {
		return fmt.Errorf("retention.ms is another one: %v", e)
	}
	more, err := c.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{
		{Name: env.Topic, Count: 4, TopicPartitionAssignments: []kafka.TopicPartitionAssignment{{BrokerIDs: []int32{1}}, {BrokerIDs: []int32{1}}}}}})
	if err != nil {
		return err
	}
	gone, err := c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{env.Topic + "-gone"}})
	if err != nil {
		return err
	}
	return errors.Join(more.Errors[env.Topic], gone.Errors[env.Topic+"-gone"])
}

func lag() error {
	ids, err := partitions()
	if err != nil {
		return err
	}
	c := client()
	committed, err := c.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: env.Group, Topics: map[string][]int{env.Topic: ids}})
	if err != nil {
		return err
	}
	var ask []kafka.OffsetRequest
	for _, id := range ids {
		ask = append(ask, kafka.LastOffsetOf(id))
	}
	ends, err := c.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{env.Topic: ask}})
	if err != nil {
		return err
	}
	var sum int64
	for _, p := range ends.Topics[env.Topic] {
		sum += p.LastOffset
	}
	for _, p := range committed.Topics[env.Topic] {
		sum -= p.CommittedOffset
	}
	fmt.Println(sum)
	return nil
}
