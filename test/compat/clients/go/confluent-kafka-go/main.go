// confluent-kafka-go. See ../../../doc.go for what each step is to do.
package main

import (
	"compat/env"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func main() {
	env.Run("github.com/confluentinc/confluent-kafka-go/v2", map[string]func() error{
		"version": version, "produce": produce, "secure": produce,
		"consume":      func() error { return read(false, "classic") },
		"group":        func() error { return read(true, "classic") },
		"group848":     func() error { return read(true, "consumer") },
		"transactions": transactions, "admin": admin, "lag": lag,
	})
}

var ctx, _ = context.WithTimeout(context.Background(), time.Minute)

func version() error {
	_, rd := kafka.LibraryVersion()
	fmt.Println(env.Version("github.com/confluentinc/confluent-kafka-go/v2") + ", librdkafka " + rd)
	return nil
}

func config(more kafka.ConfigMap) *kafka.ConfigMap {
	c := kafka.ConfigMap{"bootstrap.servers": env.Bootstrap, "client.id": "compat"}
	if env.CA != "" {
		maps.Copy(c, kafka.ConfigMap{"security.protocol": "SASL_SSL", "ssl.ca.location": env.CA, "sasl.mechanism": "SCRAM-SHA-256",
			"sasl.username": env.User, "sasl.password": env.Password})
	}
	maps.Copy(c, more)
	return &c
}

func produce() error {
	p, err := kafka.NewProducer(config(kafka.ConfigMap{"compression.type": "snappy", "enable.idempotence": true}))
	if err != nil {
		return err
	}
	defer p.Close()
	return write(p, "v", "k")
}

// write and wait for what the broker says of each record.
func write(p *kafka.Producer, word, key string) error {
	said := make(chan kafka.Event, env.N)
	for i := range env.N {
		m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &env.Topic, Partition: kafka.PartitionAny}, Value: fmt.Append(nil, word, i)}
		if key != "" {
			m.Key = fmt.Append(nil, key, i)
		}
		if err := p.Produce(m, said); err != nil {
			return err
		}
	}
	for range env.N {
		if err := (<-said).(*kafka.Message).TopicPartition.Error; err != nil {
			return err
		}
	}
	return nil
}

func read(commit bool, protocol string) error {
	c, err := kafka.NewConsumer(config(kafka.ConfigMap{"group.id": env.Group, "group.protocol": protocol, "auto.offset.reset": "earliest", "enable.auto.commit": false}))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Subscribe(env.Topic, nil); err != nil {
		return err
	}
	for range env.N {
		m, err := c.ReadMessage(30 * time.Second)
		if err != nil {
			return err
		}
		fmt.Println(string(m.Value))
	}
	if commit {
		_, err = c.Commit()
	}
	return err
}

func transactions() error {
	p, err := kafka.NewProducer(config(kafka.ConfigMap{"transactional.id": env.Group}))
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.InitTransactions(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		word string
		end  func(context.Context) error
	}{{"c", p.CommitTransaction}, {"a", p.AbortTransaction}} {
		if err := errors.Join(p.BeginTransaction(), write(p, step.word, ""), step.end(ctx)); err != nil {
			return err
		}
	}
	return nil
}

func admin() error {
	a, err := kafka.NewAdminClient(config(nil))
	if err != nil {
		return err
	}
	defer a.Close()
	gone := env.Topic + "-gone"
	made, err := a.CreateTopics(ctx, []kafka.TopicSpecification{
		{Topic: env.Topic, NumPartitions: 2, ReplicationFactor: 1, Config: map[string]string{"retention.ms": "3600000"}}, {Topic: gone, NumPartitions: 1}})
	if err != nil {
		return err
	}
	configs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: env.Topic}})
	if err != nil {
		return err
	}
	if v := configs[0].Config["retention.ms"].Value; v != "3600000" {
		return fmt.Errorf("retention.ms is another one: %q", v)
	}
	grown, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: env.Topic, IncreaseTo: 4}})
	if err != nil {
		return err
	}
	deleted, err := a.DeleteTopics(ctx, []string{gone})
	for _, r := range append(append(made, grown...), deleted...) {
		if r.Error.Code() != kafka.ErrNoError {
			err = errors.Join(err, r.Error)
		}
	}
	return err
}

func lag() error {
	a, err := kafka.NewAdminClient(config(nil))
	if err != nil {
		return err
	}
	defer a.Close()
	committed, err := a.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: env.Group}})
	if err != nil {
		return err
	}
	ask, sum := map[kafka.TopicPartition]kafka.OffsetSpec{}, int64(0)
	for _, p := range committed.ConsumerGroupsTopicPartitions[0].Partitions {
		sum -= int64(p.Offset)
		ask[kafka.TopicPartition{Topic: p.Topic, Partition: p.Partition}] = kafka.LatestOffsetSpec
	}
	ends, err := a.ListOffsets(ctx, ask)
	if err != nil {
		return err
	}
	for _, r := range ends.ResultInfos {
		sum += int64(r.Offset)
	}
	fmt.Println(sum)
	return nil
}
