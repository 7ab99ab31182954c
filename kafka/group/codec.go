package group

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// Rows in storage/meta, all integers big-endian; str and bytes are u32 length and content:
//
//	kafka/group/  + name                                        one group
//	kafka/offset/ + u16 len(name), name, topic id 16, index u32  one committed offset
//	kafka/journal/ + u32                                        a partition of __consumer_offsets
//
//	group  = (a consumer group: see consumerRow; a share group: shareRow)
//	         u8 version 1, protocol type str, generation i32, protocol str, leader str,
//	         u32 members, each: id str, static u8, instance str, client str, host str,
//	         session ms u32, rebalance ms u32, u32 protocols (name str, metadata bytes),
//	         assignment bytes; since i64; place i64; CRC32C of all before u32
//	since  = ms of 1970 from when on there was no member, 0 = there is one, or it is not known; rows of before lack it
//	offset = u8 version 1, offset i64, leader epoch i32, commit ms i64, metadata str, place i64, CRC32C u32
//	place  = the row's offset in __consumer_offsets + 1; lacking, in rows that transactions or older servers have written, it has none
//	journal = u8 version 1, i64 below which offsets may have been given out, CRC32C u32
const (
	groupPrefix   = "kafka/group/"
	offsetPrefix  = "kafka/offset/"
	journalPrefix = "kafka/journal/"
	rowVersion    = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func groupKey(id string) []byte { return append([]byte(groupPrefix), id...) }

func offsetKey(id string, tp TopicPartition) []byte {
	key := append([]byte(offsetPrefix), 0, 0)
	binary.BigEndian.PutUint16(key[len(offsetPrefix):], uint16(len(id)))
	key = append(key, id...)
	key = append(key, tp.Topic[:]...)
	return binary.BigEndian.AppendUint32(key, uint32(tp.Index))
}

func parseOffsetKey(key []byte) (id string, tp TopicPartition, err error) {
	rest := key[len(offsetPrefix):]
	if len(rest) < 2 {
		return "", tp, fmt.Errorf("%w: offset key %q", meta.ErrCorrupt, key)
	}
	n := int(binary.BigEndian.Uint16(rest))
	if rest = rest[2:]; len(rest) != n+20 {
		return "", tp, fmt.Errorf("%w: offset key %q", meta.ErrCorrupt, key)
	}
	tp.Topic = log.TopicID(rest[n : n+16])
	tp.Index = int32(binary.BigEndian.Uint32(rest[n+16:]))
	return string(rest[:n]), tp, nil
}

func appendString(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(s))), s...)
}

func appendSum(dst []byte) []byte {
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

func appendOffset(dst []byte, o Offset) []byte {
	be := binary.BigEndian
	dst = append(dst, rowVersion)
	dst = be.AppendUint64(dst, uint64(o.Offset))
	dst = be.AppendUint32(dst, uint32(o.LeaderEpoch))
	dst = be.AppendUint64(dst, uint64(o.CommitMillis))
	return appendSum(appendPlace(appendString(dst, o.Metadata), o.place))
}

func appendPlace(dst []byte, place int64) []byte {
	if place == 0 {
		return dst
	}
	return binary.BigEndian.AppendUint64(dst, uint64(place))
}

// place is at the end of a row, if it has one.
func (r *rowReader) place() int64 {
	if len(r.src) == 0 {
		return 0
	}
	return int64(r.u64())
}

func decodeOffset(src []byte) (Offset, error) {
	r, err := openRow(src)
	if err != nil {
		return Offset{}, err
	}
	o := Offset{Offset: int64(r.u64()), LeaderEpoch: int32(r.u32()), CommitMillis: int64(r.u64()), Metadata: string(r.bytes())}
	o.place = r.place()
	return o, r.end()
}

func appendGroup(dst []byte, g *group, place int64) []byte {
	be := binary.BigEndian
	dst = append(dst, rowVersion)
	dst = appendString(dst, g.protocolType)
	dst = be.AppendUint32(dst, uint32(g.generation))
	dst = appendString(dst, g.protocol)
	dst = appendString(dst, g.leader)
	dst = be.AppendUint32(dst, uint32(len(g.order)))
	for _, mb := range g.order {
		dst = appendMember(dst, mb)
	}
	return appendSum(appendPlace(appendSince(dst, g), place))
}

func appendSince(dst []byte, g *group) []byte {
	if g.emptySince.IsZero() {
		return binary.BigEndian.AppendUint64(dst, 0)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(g.emptySince.UnixMilli()))
}

// since is the end of a group's row.
func (r *rowReader) since(g *group) error {
	if len(r.src) > 0 {
		if ms := int64(r.u64()); ms != 0 {
			g.emptySince = time.UnixMilli(ms)
		}
	}
	g.place = r.place()
	return r.end()
}

func appendMember(dst []byte, mb *member) []byte {
	be := binary.BigEndian
	dst = appendString(dst, mb.id)
	dst = appendOptional(dst, mb.instanceID)
	dst = appendString(dst, mb.clientID)
	dst = appendString(dst, mb.host)
	dst = be.AppendUint32(dst, uint32(mb.session.Milliseconds()))
	dst = be.AppendUint32(dst, uint32(mb.rebalance.Milliseconds()))
	dst = be.AppendUint32(dst, uint32(len(mb.protocols)))
	for _, p := range mb.protocols {
		dst = appendString(dst, p.Name)
		dst = appendString(dst, string(p.Metadata))
	}
	return appendString(dst, string(mb.assignment))
}

// decodeGroup fills g, which is blank, from a row; timers are not started.
func decodeGroup(src []byte, g *group) error {
	r, err := openRow(src)
	if err != nil {
		return err
	}
	if r.version == shareRow {
		return decodeShares(r, g)
	}
	if r.version == consumerRow {
		return decodeConsumers(r, g)
	}
	g.protocolType = string(r.bytes())
	g.generation = int32(r.u32())
	g.protocol = string(r.bytes())
	g.leader = string(r.bytes())
	for n := r.u32(); n > 0 && !r.bad; n-- {
		mb := decodeMember(r)
		g.count(mb)
		g.members[mb.id] = mb
		g.order = append(g.order, mb)
		if mb.instanceID != nil {
			g.static[*mb.instanceID] = mb
		}
	}
	return r.since(g)
}

func decodeMember(r *rowReader) *member {
	mb := &member{synced: true, id: string(r.bytes()), instanceID: r.optional()}
	mb.clientID = string(r.bytes())
	mb.host = string(r.bytes())
	mb.session = time.Duration(r.u32()) * time.Millisecond
	mb.rebalance = time.Duration(r.u32()) * time.Millisecond
	for n := r.u32(); n > 0 && !r.bad; n-- {
		mb.protocols = append(mb.protocols, Protocol{Name: string(r.bytes()), Metadata: append([]byte(nil), r.bytes()...)})
	}
	mb.assignment = append([]byte(nil), r.bytes()...)
	return mb
}

// rowReader reads a row; past its end everything is zero and bad is set.
type rowReader struct {
	src     []byte
	version uint8
	bad     bool
}

func openRow(src []byte) (*rowReader, error) {
	if len(src) < 5 {
		return nil, fmt.Errorf("%w: group row of %d bytes", meta.ErrCorrupt, len(src))
	}
	body, sum := src[:len(src)-4], binary.BigEndian.Uint32(src[len(src)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: group row's checksum", meta.ErrCorrupt)
	}
	if body[0] != rowVersion && body[0] != consumerRow && body[0] != shareRow {
		return nil, fmt.Errorf("%w: group row of version %d", meta.ErrCorrupt, body[0])
	}
	return &rowReader{src: body[1:], version: body[0]}, nil
}

func (r *rowReader) take(n int) []byte {
	if n < 0 || n > len(r.src) {
		r.bad, r.src = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func (r *rowReader) u8() uint8   { return r.take(1)[0] }
func (r *rowReader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *rowReader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *rowReader) bytes() []byte {
	n := int(r.u32())
	if n > len(r.src) {
		r.bad, r.src = true, nil
		return nil
	}
	return r.take(n)
}

func (r *rowReader) end() error {
	if r.bad || len(r.src) > 0 {
		return fmt.Errorf("%w: group row's length", meta.ErrCorrupt)
	}
	return nil
}
