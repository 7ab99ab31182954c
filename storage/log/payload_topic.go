package log

import (
	"maps"
	"slices"
)

const (
	topicCreate = 1
	topicDelete = 2
)

// MaxPartitions of one topic.
const MaxPartitions = 10_000

// CreateTopicChange creates a topic. The entry is refused with ErrTopicExists if the name or
// the id is taken.
func CreateTopicChange(t Topic) Change {
	dst := append([]byte{topicCreate}, t.ID[:]...)
	return Change{Kind: KindTopic, Payload: t.appendTo(dst)}
}

// DeleteTopicChange deletes a topic and all its records; ErrUnknownTopic if there is none.
func DeleteTopicChange(id TopicID) Change {
	return Change{Kind: KindTopic, Payload: append([]byte{topicDelete}, id[:]...)}
}

// TopicAbsent is the condition that no topic has the name.
func TopicAbsent(name string) Condition { return Condition{Kind: CondTopicAbsent, Name: name} }

type topicPayload struct {
	Op    uint8
	Topic Topic // ID alone for topicDelete
}

func (t *Topic) appendTo(dst []byte) []byte {
	dst = appendBytes(dst, t.Name)
	dst = appendSize(dst, int64(t.Partitions))
	internal := byte(0)
	if t.Internal {
		internal = 1
	}
	dst = append(dst, internal)
	dst = appendSize(dst, int64(len(t.Configs)))
	for _, key := range slices.Sorted(maps.Keys(t.Configs)) { // sorted: equal states, equal bytes
		dst = appendBytes(dst, key)
		dst = appendBytes(dst, t.Configs[key])
	}
	return dst
}

func (t *Topic) decode(c *cursor) {
	t.Name = c.text()
	t.Partitions = c.int32()
	t.Internal = c.u8() == 1
	n := c.count(2)
	if n > 0 {
		t.Configs = make(map[string]string, n)
	}
	for range n {
		key := c.text()
		t.Configs[key] = c.text()
	}
	if t.Name == "" || t.Partitions < 1 || t.Partitions > MaxPartitions {
		c.bad = true
	}
}

func decodeTopic(src []byte) (*topicPayload, error) {
	c := cursor{src: src}
	p := &topicPayload{Op: c.known(c.u8(), topicCreate, topicDelete)}
	p.Topic.ID = c.topicID()
	if p.Op == topicCreate {
		p.Topic.decode(&c)
	}
	return p, c.end("topic change")
}

// copyTopic keeps callers from the fold's map.
func copyTopic(t *Topic) Topic {
	out := *t
	out.Configs = maps.Clone(t.Configs)
	return out
}

const (
	configTimestampType = "message.timestamp.type"
	valueLogAppendTime  = "LogAppendTime"
)

func (t *Topic) logAppendTime() bool { return t.Configs[configTimestampType] == valueLogAppendTime }
