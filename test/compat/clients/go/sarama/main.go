// sarama. See ../../../doc.go for what each step is to do.
package main

import (
	"compat/env"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

func main() {
	env.Run("github.com/IBM/sarama", map[string]func() error{
		"produce": produce, "secure": produce, "consume": consume, "group": group, "transactions": transactions, "admin": admin, "lag": lag,
	})
}

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.ClientID = "compat"
	c.Version = sarama.MaxVersion
	c.Producer.Return.Successes = true
	c.Producer.Idempotent, c.Producer.RequiredAcks, c.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
	c.Producer.Compression = sarama.CompressionZSTD
	c.Consumer.Offsets.Initial, c.Consumer.Offsets.AutoCommit.Enable = sarama.OffsetOldest, false
	if tls := env.TLS(); tls != nil {
		c.Net.TLS.Enable, c.Net.TLS.Config = true, tls
		c.Net.SASL.Enable, c.Net.SASL.Mechanism = true, sarama.SASLTypeSCRAMSHA256
		c.Net.SASL.User, c.Net.SASL.Password = env.User, env.Password
		c.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{} }
	}
	return c
}

func brokers() []string { return []string{env.Bootstrap} }

func messages(word, key string) (out []*sarama.ProducerMessage) {
	for i := range env.N {
		m := &sarama.ProducerMessage{Topic: env.Topic, Value: sarama.StringEncoder(fmt.Sprint(word, i))}
		if key != "" {
			m.Key = sarama.StringEncoder(fmt.Sprint(key, i))
		}
		out = append(out, m)
	}
	return out
}

func produce() error {
	p, err := sarama.NewSyncProducer(brokers(), config())
	if err != nil {
		return err
	}
	return errors.Join(p.SendMessages(messages("v", "k")), p.Close())
}

func consume() error {
	c, err := sarama.NewConsumer(brokers(), config())
	if err != nil {
		return err
	}
	partitions, err := c.Partitions(env.Topic)
	if err != nil {
		return err
	}
	all := make(chan *sarama.ConsumerMessage)
	for _, p := range partitions {
		pc, err := c.ConsumePartition(env.Topic, p, sarama.OffsetOldest)
		if err != nil {
			return err
		}
		go func() {
			for m := range pc.Messages() {
				all <- m
			}
		}()
	}
	for range env.N {
		select {
		case m := <-all:
			fmt.Println(string(m.Value))
		case <-time.After(30 * time.Second):
			return errors.New("nothing comes")
		}
	}
	return nil
}

// member prints what its claims have, from all partitions in turn.
type member struct {
	all  chan string
	done context.CancelFunc
}

func (m *member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (m *member) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	for {
		select {
		case msg, ok := <-c.Messages():
			if !ok {
				return nil
			}
			s.MarkMessage(msg, "")
			m.all <- string(msg.Value)
			if len(m.all) == cap(m.all) {
				s.Commit()
				m.done()
			}
		case <-s.Context().Done():
			s.Commit()
			return nil
		}
	}
}

func group() error {
	g, err := sarama.NewConsumerGroup(brokers(), env.Group, config())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	m := &member{all: make(chan string, env.N), done: cancel}
	for ctx.Err() == nil && err == nil {
		err = g.Consume(ctx, []string{env.Topic}, m)
	}
	if err := errors.Join(err, g.Close()); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	close(m.all)
	for v := range m.all {
		fmt.Println(v)
	}
	return nil
}

func transactions() error {
	c := config()
	c.Producer.Transaction.ID = env.Group
	p, err := sarama.NewSyncProducer(brokers(), c)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		word string
		end  func() error
	}{{"c", p.CommitTxn}, {"a", p.AbortTxn}} {
		if err := errors.Join(p.BeginTxn(), p.SendMessages(messages(step.word, "")), step.end()); err != nil {
			return err
		}
	}
	return p.Close()
}

func admin() error {
	a, err := sarama.NewClusterAdmin(brokers(), config())
	if err != nil {
		return err
	}
	defer a.Close()
	hour := "3600000"
	err = errors.Join(
		a.CreateTopic(env.Topic, &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &hour}}, false),
		a.CreateTopic(env.Topic+"-gone", &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false))
	if err != nil {
		return err
	}
	entries, err := a.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: env.Topic, ConfigNames: []string{"retention.ms"}})
	if err != nil {
		return err
	}
	if len(entries) != 1 || entries[0].Value != hour {
		return fmt.Errorf("retention.ms is another one: %v", entries)
	}
	return errors.Join(a.CreatePartitions(env.Topic, 4, nil, false), a.DeleteTopic(env.Topic+"-gone"))
}

// lag asks what exporters of lag built on sarama ask: all groups, their members, all topics' ends, and what is committed.
func lag() error {
	cl, err := sarama.NewClient(brokers(), config())
	if err != nil {
		return err
	}
	a, err := sarama.NewClusterAdminFromClient(cl)
	if err != nil {
		return err
	}
	defer a.Close()
	groups, err := a.ListConsumerGroups()
	if err != nil {
		return err
	}
	if _, ok := groups[env.Group]; !ok {
		return fmt.Errorf("no group %s in %v", env.Group, groups)
	}
	described, err := a.DescribeConsumerGroups([]string{env.Group})
	if err != nil {
		return err
	}
	committed, err := a.ListConsumerGroupOffsets(env.Group, nil)
	if err != nil {
		return err
	}
	var sum int64
	for p, block := range committed.Blocks[env.Topic] {
		end, err := cl.GetOffset(env.Topic, p, sarama.OffsetNewest)
		if err != nil {
			return err
		}
		if first, err := cl.GetOffset(env.Topic, p, sarama.OffsetOldest); err != nil || first != 0 {
			return fmt.Errorf("first offset %d, %w", first, err)
		}
		if isr, err := cl.InSyncReplicas(env.Topic, p); err != nil || len(isr) != 1 {
			return fmt.Errorf("in-sync replicas %v, %w", isr, err)
		}
		sum += end - block.Offset
	}
	if state := described[0].State; state != "Empty" {
		return fmt.Errorf("state %s", state)
	}
	fmt.Println(sum)
	return nil
}
