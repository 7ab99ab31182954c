package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/kafka/quota"
	"github.com/tributary-db/tributary/storage/log"
)

// Local is the broker for another face of this process: what its clients do is held to the same
// rules, rates and quotas as what Kafka's do. It answers while Serve runs. Safe for concurrent use.
type Local struct{ s *Server }

// Local is the broker without a connection.
func (s *Server) Local() *Local { return &Local{s} }

// Problem is an error in Kafka's terms.
type Problem struct {
	Code      int16
	Name      string // OFFSET_OUT_OF_RANGE
	Message   string
	Retriable bool
}

// Explain puts what went wrong here or in the log into Kafka's terms.
func Explain(err error) Problem {
	code, message := codeAndMessage(err)
	e := kerr.TypedErrorForCode(code)
	p := Problem{Code: code, Name: e.Message, Message: *message, Retriable: e.Retriable}
	if p.Message == "" {
		p.Message = e.Description
	}
	return p
}

// CreateTopic is CreateTopics of one topic; partitions 0 means the default number.
func (l *Local) CreateTopic(ctx context.Context, who auth.Principal, name string, partitions int32, configs map[string]string) (log.Topic, error) {
	asked := kmsg.NewCreateTopicsRequestTopic()
	asked.Topic, asked.NumPartitions, asked.ReplicationFactor = name, partitions, -1
	if partitions == 0 {
		asked.NumPartitions = -1
	}
	for name, value := range configs {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = name, kmsg.StringPtr(value)
		asked.Configs = append(asked.Configs, c)
	}
	room := l.s.topicRoom()
	return l.s.createTopic(waiting(ctx), asker{who.Name, who.Peer}, &asked, &room, false)
}

// waiting is ctx for what waits of a connection: there is none, so ctx ends both.
func waiting(ctx context.Context) context.Context { return context.WithValue(ctx, waitsKey{}, ctx) }

// DeleteTopic is DeleteTopics of one topic.
func (l *Local) DeleteTopic(ctx context.Context, who auth.Principal, name string) error {
	t, ok := l.s.cfg.Log.TopicByName(name)
	if !ok {
		return fmt.Errorf("%w: %q", log.ErrUnknownTopic, name)
	}
	return l.s.deleteTopic(ctx, asker{who.Name, who.Peer}, t)
}

// Writable tells what stands against producing to a topic at all.
func (l *Local) Writable(t *log.Topic) error {
	if t.Internal {
		return errInternalTopic(t)
	}
	return nil
}

// Append produces to partitions of one topic, all of it or nothing. Unlike a client's, record
// batches may be several for a partition; the log owns them from here on.
func (l *Local) Append(ctx context.Context, t *log.Topic, appends []log.Append) (log.Pending, error) {
	if err := l.Writable(t); err != nil {
		return nil, err
	}
	rules := l.s.topicRules(t, l.s.cfg.Clock.Now().UnixMilli())
	for _, a := range appends {
		for rest := a.RecordBatches; len(rest) > 0; {
			_, raw, after, err := recordbatch.Next(rest)
			if err != nil {
				return nil, err
			}
			if err := l.check(ctx, raw, rules); err != nil {
				return nil, err
			}
			rest = after
		}
	}
	return l.s.cfg.Log.Append(&log.Entry{Appends: appends}), nil
}

func (l *Local) check(ctx context.Context, raw []byte, rules recordbatch.Rules) error {
	h, err := recordbatch.VerifyProduced(raw, rules)
	if err != nil {
		return err
	}
	refused, err := l.s.checkRecords(ctx, &h, raw, rules)
	if err != nil && len(refused) > 0 {
		return fmt.Errorf("%w: %s", err, refused[0].Reason)
	}
	return err
}

// Commit is OffsetCommit of a consumer that is no member of the group.
func (l *Local) Commit(ctx context.Context, groupID string, t *log.Topic, offsets map[int32]group.Offset) error {
	if err := l.wait(ctx); err != nil {
		return err
	}
	commit := group.CommitRequest{GroupID: groupID, Generation: -1, Offsets: map[group.TopicPartition]group.Offset{}}
	for index, o := range offsets {
		if index < 0 || index >= t.Partitions {
			return fmt.Errorf("%w: %q has no partition %d", log.ErrUnknownTopic, t.Name, index)
		}
		if o.Offset < 0 {
			return refuse(kerr.OffsetOutOfRange, "an offset cannot be %d", o.Offset)
		}
		if len(o.Metadata) > l.s.cfg.MaxOffsetMetadata {
			return group.ErrMetadataTooLarge
		}
		o.LeaderEpoch, o.CommitMillis = -1, l.s.cfg.Clock.Now().UnixMilli()
		commit.Offsets[group.TopicPartition{Topic: t.ID, Index: index}] = o
	}
	done := make(chan error, 1)
	l.s.groups.With(func(now time.Time, m *group.Machine) { m.Commit(now, commit, func(err error) { done <- err }) })
	select {
	case err := <-done:
		return err
	case <-l.s.idle:
		return group.ErrNotAvailable
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Committed is OffsetFetch: what a group has committed for a topic, by partition.
func (l *Local) Committed(ctx context.Context, groupID string, t *log.Topic) (map[int32]group.Offset, error) {
	if groupID == "" {
		return nil, group.ErrInvalidGroupID
	}
	if err := l.wait(ctx); err != nil {
		return nil, err
	}
	if err := l.s.offsetsReached(ctx); err != nil {
		return nil, err
	}
	var all map[group.TopicPartition]group.Offset
	l.s.groups.With(func(_ time.Time, m *group.Machine) { all = m.Offsets(groupID) })
	out := map[int32]group.Offset{}
	for tp, o := range all {
		if tp.Topic == t.ID {
			out[tp.Index] = o
		}
	}
	return out, nil
}

// wait is until groups and quotas are there.
func (l *Local) wait(ctx context.Context) error {
	select {
	case <-l.s.ready:
		return nil
	case <-l.s.idle:
		return group.ErrNotAvailable
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Charge counts bytes against the quota of a client, which has no client id; it is to do nothing
// more for as long as is returned.
func (l *Local) Charge(who auth.Principal, d quota.Direction, n int) time.Duration {
	select {
	case <-l.s.ready:
	default:
		return 0
	}
	wait := l.s.quotas.Charge(l.s.cfg.Clock.Now(), who.Name, "", d, n)
	if wait > 0 {
		l.s.metrics.Throttled[d].Add(1)
	}
	return max(wait, 0)
}
