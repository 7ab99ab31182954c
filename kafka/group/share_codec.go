package group

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/tributary-db/tributary/storage/meta"
)

// Rows of share groups:
//
//	kafka/group/       + name: u8 version 3, epoch i32, u32 members, each: id str, has rack u8, rack str, client str, host
//	                   str, epoch i32, previous epoch i32, u32 topics (name str), u32 partitions (topic id 16, index
//	                   u32); CRC32C of all before u32
//	kafka/share/       + u16 len(name), name, topic id 16, index u32: u8 version 1, start i64, u32 runs, each: last i64,
//	                   state u8 (0 available, 2 done), deliveries u16; CRC32C u32. The first run begins at start.
//	kafka/groupconfig/ + name: u8 version 1, u32 configurations, each: name str, value str; CRC32C u32
//
// What members have acquired is written as available: after a restart nobody has it.
const (
	shareRow     = 3
	sharePrefix  = "kafka/share/"
	configPrefix = "kafka/groupconfig/"
)

func shareKey(id string, tp TopicPartition) []byte {
	return append([]byte(sharePrefix), offsetKey(id, tp)[len(offsetPrefix):]...)
}

func appendShares(dst []byte, s *shares) []byte {
	be := binary.BigEndian
	dst = be.AppendUint32(append(dst, shareRow), uint32(s.epoch))
	dst = be.AppendUint32(dst, uint32(len(s.members)))
	for _, id := range slices.Sorted(maps.Keys(s.members)) {
		mb := s.members[id]
		dst = appendOptional(appendString(dst, mb.id), mb.rack)
		dst = appendString(appendString(dst, mb.clientID), mb.host)
		dst = be.AppendUint32(be.AppendUint32(dst, uint32(mb.epoch)), uint32(mb.previous))
		dst = be.AppendUint32(dst, uint32(len(mb.subscribed)))
		for _, name := range mb.subscribed {
			dst = appendString(dst, name)
		}
		dst = be.AppendUint32(dst, uint32(len(mb.assigned)))
		for _, tp := range mb.assigned {
			dst = be.AppendUint32(append(dst, tp.Topic[:]...), uint32(tp.Index))
		}
	}
	return appendSum(dst)
}

// decodeShares reads what is behind the version of a share group's row; timers are not started.
func decodeShares(r *rowReader, g *group) error {
	s := newShares(g)
	g.shares = s
	s.epoch = int32(r.u32())
	for n := r.u32(); n > 0 && !r.bad; n-- {
		mb := &shareMember{id: string(r.bytes()), rack: r.optional()}
		mb.clientID, mb.host = string(r.bytes()), string(r.bytes())
		mb.epoch, mb.previous = int32(r.u32()), int32(r.u32())
		for n := r.u32(); n > 0 && !r.bad; n-- {
			mb.subscribed = append(mb.subscribed, string(r.bytes()))
		}
		for n := r.u32(); n > 0 && !r.bad; n-- {
			var tp TopicPartition
			copy(tp.Topic[:], r.take(len(tp.Topic)))
			tp.Index = int32(r.u32())
			mb.assigned = append(mb.assigned, tp)
		}
		s.members[mb.id] = mb
	}
	return r.end()
}

func appendShare(dst []byte, p *sharePartition) []byte {
	be := binary.BigEndian
	dst = be.AppendUint64(append(dst, rowVersion), uint64(p.start))
	dst = be.AppendUint32(dst, uint32(len(p.runs)))
	for i := range p.runs {
		r := &p.runs[i]
		state := r.state
		if state == shareAcquired {
			state = shareAvailable
		}
		dst = append(be.AppendUint64(dst, uint64(r.last)), byte(state))
		dst = be.AppendUint16(dst, uint16(r.count))
	}
	return appendSum(dst)
}

func decodeShare(src []byte) (p sharePartition, err error) {
	r, err := openRow(src)
	if err != nil {
		return p, err
	}
	p.start = int64(r.u64())
	p.end = p.start
	for n := r.u32(); n > 0 && !r.bad; n-- {
		run := shareRun{first: p.end, last: int64(r.u64()), state: shareState(r.u8())}
		run.count = int16(binary.BigEndian.Uint16(r.take(2)))
		if run.first < 0 || run.last < run.first || run.last == math.MaxInt64 || run.state != shareAvailable && run.state != shareDone {
			return p, fmt.Errorf("%w: share group's row", meta.ErrCorrupt)
		}
		p.runs, p.end = append(p.runs, run), run.last+1
	}
	p.settle()
	return p, r.end()
}

func appendConfigs(dst []byte, set map[string]string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, rowVersion), uint32(len(set)))
	for _, name := range slices.Sorted(maps.Keys(set)) {
		dst = appendString(appendString(dst, name), set[name])
	}
	return appendSum(dst)
}

func decodeConfigs(src []byte) (map[string]string, error) {
	r, err := openRow(src)
	if err != nil {
		return nil, err
	}
	set := map[string]string{}
	for n := r.u32(); n > 0 && !r.bad; n-- {
		name := string(r.bytes())
		set[name] = string(r.bytes())
	}
	return set, r.end()
}
