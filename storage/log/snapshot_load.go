package log

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// decodedSnapshot is a fold whose parts are still bytes: nothing outside has changed.
type decodedSnapshot struct {
	fold  *fold
	parts []byte
}

// openSnapshot decodes all but the parts.
func openSnapshot(src []byte) (*decodedSnapshot, error) {
	le := binary.LittleEndian
	if len(src) < snapshotHeaderSize || string(src[:4]) != snapshotMagic {
		return nil, fmt.Errorf("%w: no snapshot", ErrCorrupt)
	}
	if v := le.Uint16(src[4:]); v != snapshotVersion {
		// A flipped bit in the number is damage, and another snapshot may do.
		as := append([]byte(nil), src...)
		if le.PutUint16(as[4:], snapshotVersion); snapshotCRC(as) == le.Uint32(as[snapshotCRCAt:]) {
			return nil, fmt.Errorf("%w: version of a snapshot", ErrCorrupt)
		}
		return nil, fmt.Errorf("%w: snapshot format %d", ErrUnknownKind, v)
	}
	if le.Uint64(src[24:]) != uint64(len(src)-snapshotHeaderSize) || snapshotCRC(src) != le.Uint32(src[snapshotCRCAt:]) {
		return nil, fmt.Errorf("%w: checksum of a snapshot", ErrCorrupt)
	}
	f := newFold(nil)
	f.seq, f.timeMillis = CommitSeq(le.Uint64(src[8:])), int64(le.Uint64(src[16:]))
	f.timeline = le.Uint32(src[32:])
	c := &cursor{src: src[snapshotHeaderSize:]}
	f.times.decode(c, f.seq)
	f.decodeWriters(c)
	f.decodeProgress(c)
	f.nextProducer = c.size()
	f.txns.decode(c)
	blocks := f.decodeBlocks(c)
	for range c.count(16) {
		f.decodeTopic(c, blocks)
	}
	f.openDecoded(c)
	if c.newer && !c.bad {
		return nil, fmt.Errorf("%w: snapshot", ErrUnknownKind)
	}
	if c.bad {
		return nil, fmt.Errorf("%w: snapshot does not decode", ErrCorrupt)
	}
	d := &decodedSnapshot{fold: f, parts: c.src}
	return d, d.eachPart(func(string, []byte) error { return nil })
}

// eachPart visits the states of the parts.
func (d *decodedSnapshot) eachPart(visit func(name string, state []byte) error) error {
	c := &cursor{src: d.parts}
	for range c.count(2) {
		name, state := c.text(), c.bytes()
		if c.bad {
			break
		}
		if err := visit(name, state); err != nil {
			return err
		}
	}
	if c.bad || len(c.src) > 0 {
		return fmt.Errorf("%w: snapshot does not decode", ErrCorrupt)
	}
	return nil
}

// load gives the parts their states, and the fold the parts.
func (d *decodedSnapshot) load(parts []Part) (*fold, error) {
	d.fold.parts = parts
	return d.fold, d.eachPart(d.fold.loadPart)
}

func (t *commitTimes) decode(c *cursor, newest CommitSeq) {
	n := c.count(1)
	if n > maxCommitTimes || CommitSeq(n) > newest {
		c.bad = true
		return
	}
	last := int64(0)
	for i := range n {
		last += c.varint()
		t.add(newest-CommitSeq(n)+1+CommitSeq(i), last)
	}
}

func (f *fold) decodeWriters(c *cursor) {
	for range c.count(4) {
		id := c.uvarint()
		f.writers[uint32(id)] = writerState{fence: c.uvarint(), seal: c.uvarint(), level: c.uvarint()}
	}
}

func (f *fold) decodeProgress(c *cursor) {
	for range c.count(3) {
		name := c.text()
		f.progress[name] = progressState{seq: CommitSeq(c.uvarint()), number: c.varint()}
	}
}

func (f *fold) decodeBlocks(c *cursor) []*block {
	blocks := make([]*block, c.count(3))
	for i := range blocks {
		b := &block{}
		switch c.u8() {
		case placedInline:
			b.inline = inlineID{Seq: CommitSeq(c.uvarint()), Index: c.int32()}
		case placedObject:
			b.key = c.text()
		case placedSegment:
			b.key, b.placed = c.text(), true
			b.level = c.known(c.u8(), 0, maxLevel)
		default:
			c.bad = true
		}
		b.size = c.size()
		blocks[i] = b
		if b.key == "" {
			f.inline = append(f.inline, b)
		}
	}
	return blocks
}

func (f *fold) decodeTopic(c *cursor, blocks []*block) {
	id := c.topicID()
	t := Topic{ID: id}
	t.decode(c)
	if c.bad {
		return
	}
	added := f.addTopic(t)
	for i, p := range added.partitions {
		flags := c.known(c.u8(), 0, partitionGrown|partitionTruncated|partitionTxns|partitionCleaned)
		if flags&partitionGrown != 0 {
			added.bornAt(int32(i), CommitSeq(c.uvarint()))
		}
		if flags&partitionTruncated != 0 {
			p.decodeStarts(c)
			f.truncated = true
		}
		if flags&partitionTxns != 0 {
			p.setEnded(decodeSpans(c))
		}
		if flags&partitionCleaned != 0 {
			p.clean, p.cleanedAt, p.lost = c.size(), CommitSeq(c.uvarint()), CommitSeq(c.uvarint())
			c.bad = c.bad || p.clean == 0
		}
		p.logStart, p.next = c.size(), c.size()
		p.highWatermark = p.next
		p.decodeProducers(c)
		f.producers += len(p.producers)
		if n := c.count(15); n > 0 {
			p.runs = make([]run, n)
		}
		for i := range p.runs {
			p.runs[i].decode(c, blocks)
			p.lateNewest = max(p.lateNewest, p.runs[i].lateLast)
		}
	}
}

func (p *partition) decodeStarts(c *cursor) {
	p.starts = make([]logStart, c.count(2))
	c.bad = c.bad || len(p.starts) == 0
	for i := range p.starts {
		p.starts[i] = logStart{CommitSeq(c.uvarint()), c.size()}
	}
	p.lost = CommitSeq(c.uvarint())
}

// bornAt is told of grown partitions in their order.
func (t *topic) bornAt(index int32, at CommitSeq) {
	if n := len(t.Grown); n == 0 || t.Grown[n-1].At != at {
		t.Grown = append(t.Grown, Growth{At: at, First: index})
	}
}

func (p *partition) decodeProducers(c *cursor) {
	n := c.count(4)
	if n > 0 {
		p.producers = make(map[int64]producerState, n)
	}
	for range n {
		id := c.size()
		s := producerState{epoch: c.int16(), lastMillis: c.varint(), count: c.u8()}
		if s.count > producerRing {
			c.bad = true
			return
		}
		for i := range s.ring[:s.count] {
			s.ring[i] = producedBatch{c.int32(), c.int32(), c.size()}
		}
		p.producers[id] = s
	}
}

func (r *run) decode(c *cursor, blocks []*block) {
	block := c.size()
	r.base, r.span, r.count, r.relative = c.size(), c.size(), c.size(), c.size()
	r.position, r.length, r.maxTimeRel = c.size(), c.size(), c.size()
	r.first = CommitSeq(c.uvarint())
	r.last = r.first + CommitSeq(c.uvarint())
	r.minTime, r.maxTime = c.varint(), c.varint()
	r.firstMillis = c.varint()
	r.lastMillis = r.firstMillis + c.varint()
	r.decodeFlags(c)
	if block >= int64(len(blocks)) || r.span == 0 || r.length == 0 {
		c.bad = true
		return
	}
	r.block = blocks[block]
	r.block.runs++
	r.block.charge += r.length
	c.bad = c.bad || r.position+r.length > r.block.size
}

func (f *fold) loadPart(name string, state []byte) error {
	part := f.part(name)
	if part == nil {
		return fmt.Errorf("%w: snapshot has state of %q, which nobody takes", ErrUnknownKind, name)
	}
	if err := part.Load(bytes.NewReader(state)); err != nil {
		return fmt.Errorf("load %s: %w", name, err)
	}
	return nil
}
