package group

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// consumerRow is the version of a row of a consumer group, under the key of a group:
//
//	u8 version 2, epoch i32, target epoch i32, assignor str, fingerprint of topics u64,
//	u32 members, each: id str, static u8, instance str, has rack u8, rack str, client str,
//	host str, epoch i32, previous epoch i32, state u8, rebalance ms u32,
//	u32 topics (name str), regex str, assignor str, and assigned, revoking, target, each
//	u32 partitions (topic id 16, index u32); since i64 (codec.go); CRC32C of all before u32
const consumerRow = 2

func appendConsumers(dst []byte, c *consumers) []byte {
	be := binary.BigEndian
	dst = append(dst, consumerRow)
	dst = be.AppendUint32(dst, uint32(c.epoch))
	dst = be.AppendUint32(dst, uint32(c.targetEpoch))
	dst = appendString(dst, c.assignor)
	dst = be.AppendUint64(dst, c.seen)
	dst = be.AppendUint32(dst, uint32(len(c.members)))
	for _, mb := range c.sorted() {
		dst = appendString(dst, mb.id)
		dst = appendOptional(dst, mb.instanceID)
		dst = appendOptional(dst, mb.rack)
		dst = appendString(dst, mb.clientID)
		dst = appendString(dst, mb.host)
		dst = be.AppendUint32(dst, uint32(mb.epoch))
		dst = be.AppendUint32(dst, uint32(mb.previous))
		dst = append(dst, byte(mb.state))
		dst = be.AppendUint32(dst, uint32(mb.rebalance.Milliseconds()))
		dst = be.AppendUint32(dst, uint32(len(mb.subscribed)))
		for _, name := range mb.subscribed {
			dst = appendString(dst, name)
		}
		dst = appendString(dst, mb.regex)
		dst = appendString(dst, mb.prefers)
		for _, p := range []partitions{mb.assigned, mb.revoking, mb.target} {
			dst = be.AppendUint32(dst, uint32(len(p)))
			for _, tp := range p.sorted() {
				dst = be.AppendUint32(append(dst, tp.Topic[:]...), uint32(tp.Index))
			}
		}
	}
	return appendSum(appendSince(dst, c.g))
}

func appendOptional(dst []byte, s *string) []byte {
	if s == nil {
		return appendString(append(dst, 0), "")
	}
	return appendString(append(dst, 1), *s)
}

// sorted lists the members by id.
func (c *consumers) sorted() []*consumer {
	out := make([]*consumer, 0, len(c.members))
	for _, mb := range c.members {
		out = append(out, mb)
	}
	slices.SortFunc(out, func(a, b *consumer) int { return strings.Compare(a.id, b.id) })
	return out
}

// decodeConsumers reads what is behind the version of a consumer group's row; timers are not started.
func decodeConsumers(r *rowReader, g *group) error {
	c := newConsumers(g)
	g.consumers = c
	c.epoch, c.targetEpoch = int32(r.u32()), int32(r.u32())
	c.assignor = string(r.bytes())
	c.seen = r.u64()
	for n := r.u32(); n > 0 && !r.bad; n-- {
		mb, err := decodeConsumer(r)
		if err != nil {
			return err
		}
		c.members[mb.id] = mb
		if mb.instanceID != nil {
			c.static[*mb.instanceID] = mb
		}
		c.own(mb)
		c.count(mb)
	}
	return r.since(g)
}

func decodeConsumer(r *rowReader) (mb *consumer, err error) {
	mb = &consumer{id: string(r.bytes()), instanceID: r.optional(), rack: r.optional()}
	mb.clientID, mb.host = string(r.bytes()), string(r.bytes())
	mb.epoch, mb.previous = int32(r.u32()), int32(r.u32())
	mb.state = consumerState(r.u8())
	mb.rebalance = time.Duration(r.u32()) * time.Millisecond
	for n := r.u32(); n > 0 && !r.bad; n-- {
		mb.subscribed = append(mb.subscribed, string(r.bytes()))
	}
	mb.regex, mb.prefers = string(r.bytes()), string(r.bytes())
	if mb.regex != "" {
		if mb.pattern, err = compileWhole(mb.regex); err != nil {
			return nil, fmt.Errorf("%w: regular expression of a group row: %w", meta.ErrCorrupt, err)
		}
	}
	for _, p := range []*partitions{&mb.assigned, &mb.revoking, &mb.target} {
		*p = partitions{}
		for n := r.u32(); n > 0 && !r.bad; n-- {
			var tp TopicPartition
			copy(tp.Topic[:], r.take(len(tp.Topic)))
			tp.Index = int32(r.u32())
			(*p)[tp] = struct{}{}
		}
	}
	return mb, nil
}

func (r *rowReader) optional() *string {
	given := r.u8() == 1
	if s := string(r.bytes()); given {
		return &s
	}
	return nil
}
