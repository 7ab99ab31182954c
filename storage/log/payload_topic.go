package log

import (
	"maps"
	"slices"

	"github.com/tributary-db/tributary/internal/topicconfig"
)

const (
	topicCreate     = 1
	topicDelete     = 2
	topicPartitions = 3
	topicConfigs    = 4
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

// GrowTopicChange gives a topic more partitions, so that there are n. The entry is refused with
// ErrPartitions unless it has fewer.
func GrowTopicChange(id TopicID, n int32) Change {
	dst := append([]byte{topicPartitions}, id[:]...)
	return Change{Kind: KindTopic, Payload: appendSize(dst, int64(n))}
}

// TopicConfig sets one configuration, or takes it back to its default.
type TopicConfig struct {
	Name, Value string
	Delete      bool
}

// ConfigTopicChange sets configurations of a topic; the others stay. Who makes it has checked
// them: the log keeps what it does not know.
func ConfigTopicChange(id TopicID, configs []TopicConfig) Change {
	dst := append([]byte{topicConfigs}, id[:]...)
	dst = appendSize(dst, int64(len(configs)))
	for _, c := range configs {
		dst = appendBytes(dst, c.Name)
		if c.Delete {
			dst = append(dst, configDelete)
			continue
		}
		dst = appendBytes(append(dst, configSet), c.Value)
	}
	return Change{Kind: KindTopic, Payload: dst}
}

const (
	configSet    = 0
	configDelete = 1
)

// TopicAbsent is the condition that no topic has the name.
func TopicAbsent(name string) Condition { return Condition{Kind: CondTopicAbsent, Name: name} }

type topicPayload struct {
	Op    uint8
	Topic Topic // ID alone for topicDelete and topicConfigs, ID and Partitions for topicPartitions
	// Configs of topicConfigs.
	Configs []TopicConfig
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
	p := &topicPayload{Op: c.known(c.u8(), topicCreate, topicConfigs)}
	p.Topic.ID = c.topicID()
	switch p.Op {
	case topicCreate:
		p.Topic.decode(&c)
	case topicPartitions:
		p.Topic.Partitions = c.int32()
		c.bad = c.bad || p.Topic.Partitions < 2 || p.Topic.Partitions > MaxPartitions
	case topicConfigs:
		p.Configs = make([]TopicConfig, c.count(2))
		for i := range p.Configs {
			p.Configs[i].decode(&c)
		}
	}
	return p, c.end("topic change")
}

func (t *TopicConfig) decode(c *cursor) {
	t.Name = c.text()
	if t.Delete = c.known(c.u8(), configSet, configDelete) == configDelete; !t.Delete {
		t.Value = c.text()
	}
}

// configured are the configurations with the changes in p; old stays as it is.
func (p *topicPayload) configured(old map[string]string) map[string]string {
	configs := maps.Clone(old)
	for _, c := range p.Configs {
		if c.Delete {
			delete(configs, c.Name)
			continue
		}
		set(&configs, c.Name, c.Value)
	}
	return configs
}

// copyTopic keeps callers from the fold's map.
func copyTopic(t *Topic) Topic {
	out := *t
	out.Configs = maps.Clone(t.Configs)
	return out
}

func (t *Topic) logAppendTime() bool { return topicconfig.Of(t.Configs).LogAppendTime }
