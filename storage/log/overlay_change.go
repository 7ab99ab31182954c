package log

import (
	"errors"
	"fmt"
)

// change checks one change of an entry against the overlay and takes it in. Of a level, or of what
// was cleaned, it leaves in the change what still fits.
func (o *overlay) change(c *Change, own bool) error {
	switch {
	case c.Kind == KindCatalog:
		if o.f.part(partOfCatalog) == nil {
			return fmt.Errorf("%w: nobody takes catalog changes", ErrCondition)
		}
		o.meta.catalog = append(o.meta.catalog, *c)
		return nil
	case c.Kind == KindTopic || c.Kind == KindProgress || c.Kind == KindTruncate || c.Kind == KindTime || own:
		decoded, err := o.f.decodeChange(*c)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInvalidRecord, err)
		}
		if err := o.decoded(decoded); err != nil {
			return err
		}
		switch s := decoded.(type) { // as far as it still fits
		case *swapPayload:
			if s.Level {
				c.Payload = s.appendTo(nil)
			}
		case *cleanPayload:
			c.Payload = s.appendTo(nil)
		}
		return nil
	}
	return fmt.Errorf("%w: an entry may not hold changes of kind %d", ErrInvalidRecord, c.Kind)
}

func (o *overlay) decoded(c foldChange) error {
	switch c := c.(type) {
	case *topicPayload:
		return o.topicChange(c)
	case *progressPayload:
		set(&o.meta.progress, c.Name, progressState{seq: c.Seq, number: c.Number})
		return nil
	case timePayload:
		return nil
	case *producerIDsPayload:
		if c.First != o.meta.nextProducer {
			return fmt.Errorf("%w: producer ids begin at %d", ErrCondition, o.meta.nextProducer)
		}
		o.meta.nextProducer = c.First + c.Count
		return nil
	case *truncatePayload:
		return o.truncate(c)
	case *cleanPayload:
		return o.clean(c)
	case *swapPayload:
		if c.Level {
			return o.level(c)
		}
		return o.swap(c)
	}
	return errors.New("a change that no entry makes")
}

func (o *overlay) topicChange(c *topicPayload) error {
	if c.Op == topicCreate {
		return o.createTopic(&c.Topic)
	}
	t := o.topic(c.Topic.ID)
	switch {
	case t == nil:
		return ErrUnknownTopic
	case c.Op == topicDelete:
		set(&o.meta.deleted, t.ID, true)
		set(&o.meta.names, t.Name, false)
	case c.Op == topicPartitions:
		if now := o.partitionCount(t); c.Topic.Partitions <= now {
			return fmt.Errorf("%w: topic %q has %d partitions, %d are not more", ErrPartitions, t.Name, now, c.Topic.Partitions)
		}
		set(&o.meta.grown, t.ID, c.Topic.Partitions)
	}
	return nil
}

// topic finds a topic as the entries before left it, but for its partitions; nil if there is none.
func (o *overlay) topic(id TopicID) *Topic {
	if o.meta.deleted[id] {
		return nil
	}
	if t := o.meta.created[id]; t != nil {
		return t
	}
	if t := o.f.topics[id]; t != nil {
		return &t.Topic
	}
	return nil
}

func (o *overlay) partitionCount(t *Topic) int32 { return max(t.Partitions, o.meta.grown[t.ID]) }

func (o *overlay) createTopic(t *Topic) error {
	if o.nameTaken(t.Name) {
		return fmt.Errorf("%w: %q", ErrTopicExists, t.Name)
	}
	// An id that was deleted in this commit is not free: it is never used again.
	if o.f.topics[t.ID] != nil || o.meta.created[t.ID] != nil || o.meta.deleted[t.ID] {
		return fmt.Errorf("%w: id of %q is taken", ErrTopicExists, t.Name)
	}
	set(&o.meta.created, t.ID, t)
	set(&o.meta.names, t.Name, true)
	return nil
}

// truncate changes nothing that later entries of the commit are checked against.
func (o *overlay) truncate(c *truncatePayload) error {
	for _, s := range c.Starts {
		p := o.partition(s.Partition)
		switch {
		case p == nil:
			return ErrUnknownTopic
		case s.Offset > p.next:
			return fmt.Errorf("%w: %d, the partition ends at %d", ErrOffsetOutOfRange, s.Offset, p.next)
		}
	}
	return nil
}

func (o *overlay) swap(s *swapPayload) error {
	there := make(map[inlineID]bool, len(o.f.inline))
	for _, b := range o.f.inline {
		there[b.inline] = true
	}
	for _, id := range s.Out {
		if !there[id] || o.meta.swapped[id] {
			return fmt.Errorf("%w: inline group %d.%d was swapped out before", ErrCondition, id.Seq, id.Index)
		}
		set(&o.meta.swapped, id, true)
	}
	return nil
}

func set[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}
