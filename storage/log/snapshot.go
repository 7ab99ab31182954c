package log

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// Layout of a snapshot; byte level: docs/formats/fold-snapshot.md.
const (
	snapshotMagic      = "TRSN"
	snapshotVersion    = 4
	snapshotHeaderSize = 40
	snapshotCRCAt      = 36
)

// encode is the whole of an image as bytes; equal states give equal bytes. Inline bytes are not
// in it: they stay in the log until they are rolled. Producers that expired are left out.
func (f *fold) encode() ([]byte, error) {
	dst := make([]byte, snapshotHeaderSize)
	dst = f.times.appendTo(dst)
	dst = f.appendWriters(dst)
	dst = f.appendProgress(dst)
	dst = appendSize(dst, f.nextProducer)
	dst = f.txns.appendTo(dst)
	topics := slices.SortedFunc(maps.Values(f.topics), func(a, b *topic) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	blocks := f.numberBlocks(topics)
	dst = blocks.appendTo(dst)
	dst = appendSize(dst, int64(len(topics)))
	for _, t := range topics {
		dst = t.appendTo(dst, blocks.number, f.timeMillis)
	}
	dst = appendSize(dst, int64(len(f.saved)))
	for _, p := range f.saved {
		var state bytes.Buffer
		if err := p.write(&state); err != nil {
			return nil, fmt.Errorf("save %s: %w", p.name, err)
		}
		dst = appendBytes(dst, p.name)
		dst = appendBytes(dst, state.Bytes())
	}
	f.finishSnapshot(dst)
	return dst, nil
}

func (f *fold) finishSnapshot(dst []byte) {
	le := binary.LittleEndian
	copy(dst, snapshotMagic)
	le.PutUint16(dst[4:], snapshotVersion)
	le.PutUint64(dst[8:], uint64(f.seq))
	le.PutUint64(dst[16:], uint64(f.timeMillis))
	le.PutUint64(dst[24:], uint64(len(dst)-snapshotHeaderSize))
	le.PutUint32(dst[32:], f.timeline)
	le.PutUint32(dst[snapshotCRCAt:], snapshotCRC(dst))
}

func snapshotCRC(src []byte) uint32 {
	crc := crc32.Checksum(src[:snapshotCRCAt], castagnoli)
	return crc32.Update(crc, castagnoli, src[snapshotHeaderSize:])
}

func (t *commitTimes) appendTo(dst []byte) []byte {
	dst = appendSize(dst, int64(len(t.millis)))
	last := int64(0)
	for i := range t.millis {
		ms, _ := t.at(t.first + CommitSeq(i))
		dst = binary.AppendVarint(dst, ms-last)
		last = ms
	}
	return dst
}

func (f *fold) appendWriters(dst []byte) []byte {
	dst = appendSize(dst, int64(len(f.writers)))
	for _, id := range slices.Sorted(maps.Keys(f.writers)) {
		dst = binary.AppendUvarint(dst, uint64(id))
		dst = binary.AppendUvarint(dst, f.writers[id].fence)
		dst = binary.AppendUvarint(dst, f.writers[id].seal)
		dst = binary.AppendUvarint(dst, f.writers[id].level)
	}
	return dst
}

func (f *fold) appendProgress(dst []byte) []byte {
	dst = appendSize(dst, int64(len(f.progress)))
	for _, name := range slices.Sorted(maps.Keys(f.progress)) {
		dst = appendBytes(dst, name)
		dst = binary.AppendUvarint(dst, uint64(f.progress[name].seq))
		dst = binary.AppendVarint(dst, f.progress[name].number)
	}
	return dst
}

// blockTable numbers the blocks that runs refer to: inline ones first, in log order.
type blockTable struct {
	blocks []*block
	number map[*block]int
}

func (f *fold) numberBlocks(topics []*topic) *blockTable {
	t := &blockTable{number: map[*block]int{}}
	add := func(b *block) {
		if _, ok := t.number[b]; !ok {
			t.number[b] = len(t.blocks)
			t.blocks = append(t.blocks, b)
		}
	}
	for _, b := range f.inline {
		add(b)
	}
	for _, topic := range topics {
		for _, p := range topic.partitions {
			for i := range p.runs {
				add(p.runs[i].block)
			}
		}
	}
	return t
}

func (t *blockTable) appendTo(dst []byte) []byte {
	dst = appendSize(dst, int64(len(t.blocks)))
	for _, b := range t.blocks {
		switch {
		case b.key == "":
			dst = append(dst, placedInline)
			dst = binary.AppendUvarint(dst, uint64(b.inline.Seq))
			dst = appendSize(dst, int64(b.inline.Index))
		case b.placed:
			dst = append(appendBytes(append(dst, placedSegment), b.key), b.level)
		default:
			dst = appendBytes(append(dst, placedObject), b.key)
		}
		dst = appendSize(dst, b.size)
	}
	return dst
}

// placedSegment follows placedInline and placedObject.
const placedSegment = 2

func (t *topic) appendTo(dst []byte, number map[*block]int, nowMillis int64) []byte {
	dst = append(dst, t.ID[:]...)
	dst = t.Topic.appendTo(dst)
	for i, p := range t.partitions {
		dst = p.appendHead(dst, t.born(int32(i)))
		dst = appendSize(dst, p.logStart)
		dst = appendSize(dst, p.next)
		dst = p.appendProducers(dst, nowMillis)
		dst = appendSize(dst, int64(len(p.runs)))
		for i := range p.runs {
			dst = p.runs[i].appendTo(dst, number[p.runs[i].block])
		}
	}
	return dst
}

const (
	// partitionGrown is the flag of a partition that the topic got after its creation: the commit
	// follows.
	partitionGrown = 1
	// partitionTruncated: the log starts that were not forgotten follow, and what was lost.
	partitionTruncated = 2
	// partitionTxns: the ended transactions follow that no segment tells of.
	partitionTxns = 4
	// partitionCleaned: how far it is compacted follows, and what was lost.
	partitionCleaned = 8
)

func (p *partition) appendHead(dst []byte, born CommitSeq) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if born > 0 {
		dst[at] |= partitionGrown
		dst = binary.AppendUvarint(dst, uint64(born))
	}
	if len(p.starts) > 0 {
		dst[at] |= partitionTruncated
		dst = appendSize(dst, int64(len(p.starts)))
		for _, s := range p.starts {
			dst = binary.AppendUvarint(dst, uint64(s.at))
			dst = appendSize(dst, s.offset)
		}
		dst = binary.AppendUvarint(dst, uint64(p.lost))
	}
	if len(p.ended) > 0 {
		dst[at] |= partitionTxns
		dst = appendSpans(dst, p.ended)
	}
	if p.clean > 0 {
		dst[at] |= partitionCleaned
		dst = appendSize(dst, p.clean)
		dst = binary.AppendUvarint(dst, uint64(p.cleanedAt))
		dst = binary.AppendUvarint(dst, uint64(p.lost))
	}
	return dst
}

func (p *partition) appendProducers(dst []byte, nowMillis int64) []byte {
	ids := make([]int64, 0, len(p.producers))
	for id, s := range p.producers {
		if !s.expired(nowMillis) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	dst = appendSize(dst, int64(len(ids)))
	for _, id := range ids {
		s := p.producers[id]
		dst = appendSize(dst, id)
		dst = appendSize(dst, int64(s.epoch))
		dst = binary.AppendVarint(dst, s.lastMillis)
		dst = append(dst, s.count)
		for _, b := range s.ring[:s.count] {
			dst = appendSize(dst, int64(b.baseSequence))
			dst = appendSize(dst, int64(b.lastSequence))
			dst = appendSize(dst, b.offset)
		}
	}
	return dst
}

func (r *run) appendTo(dst []byte, block int) []byte {
	for _, n := range [...]int64{int64(block), r.base, r.span, r.count, r.relative, r.position, r.length, r.maxTimeRel,
		int64(r.first), int64(r.last - r.first)} {
		dst = appendSize(dst, n)
	}
	for _, n := range [...]int64{r.minTime, r.maxTime, r.firstMillis, r.lastMillis - r.firstMillis} {
		dst = binary.AppendVarint(dst, n)
	}
	return r.appendFlags(dst)
}
