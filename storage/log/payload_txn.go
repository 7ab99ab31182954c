package log

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Ops of KindTxn.
const (
	txnInit    = 1
	txnAdd     = 2
	txnOffsets = 3
)

// txnPayload is the payload of KindTxn: a transactional id gets an owner, or an open transaction
// grows.
type txnPayload struct {
	Op       uint8
	Producer ProducerIdentity
	// Of txnInit.
	Name          string
	TimeoutMillis int64
	Previous      ProducerIdentity // before; NoIdentity = none
	// Of txnAdd.
	Partitions []Partition
	Groups     []string
	// Of txnOffsets.
	Group   string
	Offsets []GroupOffset
}

func appendIdentity(dst []byte, p ProducerIdentity) []byte {
	return binary.AppendVarint(binary.AppendVarint(dst, p.ID), int64(p.Epoch))
}

func (c *cursor) identity() ProducerIdentity {
	p := ProducerIdentity{ID: c.varint()}
	epoch := c.varint()
	p.Epoch = int16(epoch)
	c.bad = c.bad || p.ID < -1 || epoch < -1 || epoch > maxProducerEpoch
	return p
}

func appendPartitions(dst []byte, parts []Partition) []byte {
	return appendTopics(dst, len(parts), func(i int) TopicID { return parts[i].Topic }, func(dst []byte, i int) []byte {
		return binary.AppendUvarint(dst, uint64(parts[i].Index))
	})
}

func appendGroupOffsets(dst []byte, offsets []GroupOffset) []byte {
	return appendTopics(dst, len(offsets), func(i int) TopicID { return offsets[i].Partition.Topic }, func(dst []byte, i int) []byte {
		o := &offsets[i]
		dst = binary.AppendUvarint(dst, uint64(o.Partition.Index))
		dst = appendSize(dst, o.Offset)
		dst = binary.AppendVarint(dst, int64(o.LeaderEpoch))
		return appendBytes(dst, o.Metadata)
	})
}

func (c *cursor) partitions() (parts []Partition) {
	c.readTopics(1, func(id TopicID) { parts = append(parts, Partition{id, c.int32()}) })
	return parts
}

func (c *cursor) groupOffsets() (offsets []GroupOffset) {
	c.readTopics(4, func(id TopicID) {
		offsets = append(offsets, GroupOffset{Partition: Partition{id, c.int32()}, Offset: c.size(), LeaderEpoch: int32(c.varint()), Metadata: c.text()})
	})
	return offsets
}

func (p *txnPayload) change() Change {
	dst := appendIdentity([]byte{p.Op}, p.Producer)
	switch p.Op {
	case txnInit:
		dst = appendBytes(dst, p.Name)
		dst = appendSize(dst, p.TimeoutMillis)
		dst = appendIdentity(dst, p.Previous)
	case txnAdd:
		dst = appendPartitions(dst, p.Partitions)
		dst = appendSize(dst, int64(len(p.Groups)))
		for _, g := range p.Groups {
			dst = appendBytes(dst, g)
		}
	case txnOffsets:
		dst = appendBytes(dst, p.Group)
		dst = appendGroupOffsets(dst, p.Offsets)
	}
	return Change{Kind: KindTxn, Payload: dst}
}

func decodeTxn(src []byte) (*txnPayload, error) {
	c := cursor{src: src}
	p := &txnPayload{Op: c.known(c.u8(), txnInit, txnOffsets), Producer: c.identity()}
	c.bad = c.bad || p.Producer.ID < 0 || p.Producer.Epoch < 0
	switch p.Op {
	case txnInit:
		p.Name, p.TimeoutMillis, p.Previous = c.text(), c.size(), c.identity()
		c.bad = c.bad || p.Name == ""
	case txnAdd:
		p.Partitions = c.partitions()
		p.Groups = make([]string, c.count(1))
		for i := range p.Groups {
			p.Groups[i] = c.text()
		}
	case txnOffsets:
		p.Group, p.Offsets = c.text(), c.groupOffsets()
	}
	return p, c.end("transaction change")
}

func (p *txnPayload) describe() string {
	who := fmt.Sprintf("producer %d/%d", p.Producer.ID, p.Producer.Epoch)
	switch p.Op {
	case txnInit:
		return fmt.Sprintf("transactional id %q is %s, timeout %d ms, before %d/%d", p.Name, who, p.TimeoutMillis, p.Previous.ID, p.Previous.Epoch)
	case txnAdd:
		return fmt.Sprintf("transaction of %s takes in %d partitions, groups %q", who, len(p.Partitions), p.Groups)
	}
	return fmt.Sprintf("transaction of %s has offsets of group %q%s", who, p.Group, describeOffsets(p.Offsets))
}

func describeOffsets(offsets []GroupOffset) string {
	var b strings.Builder
	for _, o := range offsets {
		fmt.Fprintf(&b, "\n    %x/%d at %d leader epoch %d %q", o.Partition.Topic, o.Partition.Index, o.Offset, o.LeaderEpoch, o.Metadata)
	}
	return b.String()
}
