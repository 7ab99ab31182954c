package log

import (
	"encoding/binary"
	"maps"
	"slices"
)

// appendTo writes the transactional ids, by name.
func (t *txnTable) appendTo(dst []byte) []byte {
	dst = appendSize(dst, int64(len(t.byName)))
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		dst = t.byName[name].appendTo(dst)
	}
	return dst
}

func (x *txnProducer) appendTo(dst []byte) []byte {
	dst = appendBytes(dst, x.name)
	dst = appendIdentity(appendIdentity(dst, x.identity), x.previous)
	dst = appendSize(dst, x.timeoutMillis)
	dst = append(dst, byte(x.state))
	dst = binary.AppendUvarint(dst, x.number)
	dst = binary.AppendVarint(dst, x.lastMillis)
	if x.state != TxnOpen {
		return dst
	}
	dst = binary.AppendVarint(dst, x.startMillis)
	parts := slices.SortedFunc(maps.Keys(x.parts), comparePartitions)
	dst = appendTopics(dst, len(parts), func(i int) TopicID { return parts[i].Topic }, func(dst []byte, i int) []byte {
		dst = binary.AppendUvarint(dst, uint64(parts[i].Index))
		return binary.AppendVarint(dst, x.parts[parts[i]])
	})
	dst = appendSize(dst, int64(len(x.groups)))
	for _, g := range slices.Sorted(maps.Keys(x.groups)) {
		dst = appendBytes(dst, g)
		dst = appendGroupOffsets(dst, sortedOffsets(x.groups[g]))
	}
	return dst
}

func sortedOffsets(offsets map[Partition]GroupOffset) []GroupOffset {
	return slices.SortedFunc(maps.Values(offsets), func(a, b GroupOffset) int { return comparePartitions(a.Partition, b.Partition) })
}

func (t *txnTable) decode(c *cursor) {
	for range c.count(9) {
		x := &txnProducer{name: c.text(), identity: c.identity(), previous: c.identity(), timeoutMillis: c.size()}
		x.state = TxnState(c.known(c.u8(), uint8(TxnEmpty), uint8(TxnAborted)))
		x.number, x.lastMillis = c.uvarint(), c.varint()
		if x.state == TxnOpen {
			x.decodeOpen(c)
		}
		t.put(x)
	}
}

func (x *txnProducer) decodeOpen(c *cursor) {
	x.startMillis = c.varint()
	x.parts, x.groups = map[Partition]int64{}, map[string]map[Partition]GroupOffset{}
	c.readTopics(2, func(id TopicID) {
		p := Partition{id, c.int32()}
		x.parts[p] = c.varint()
	})
	for range c.count(2) {
		pending := x.group(c.text())
		for _, o := range c.groupOffsets() {
			pending[o.Partition] = o
		}
	}
}

// openDecoded tells the partitions of their open transactions, and counts what lies inline.
func (f *fold) openDecoded(c *cursor) {
	for _, b := range f.inline {
		b.charge = max(b.size, b.charge)
		f.inlineBytes += b.charge
	}
	for id, x := range f.txns.open {
		for p, first := range x.parts {
			part := f.partition(p)
			if part == nil || first > part.next {
				c.bad = true
				return
			}
			if first >= 0 {
				part.open = append(part.open, openTxn{id, first})
			}
		}
	}
}

func appendSpans(dst []byte, ended []span) []byte {
	dst = appendSize(dst, int64(len(ended)))
	for _, s := range ended {
		dst = appendSize(dst, s.producer)
		dst = appendSize(dst, s.first)
		dst = appendSize(dst, s.marker-s.first)
		dst = binary.AppendUvarint(dst, uint64(s.visibleAt))
		dst = binary.AppendVarint(dst, s.millis)
		outcome := byte(outcomeAbort)
		if s.committed {
			outcome = outcomeCommit
		}
		dst = append(dst, outcome)
	}
	return dst
}

func decodeSpans(c *cursor) []span {
	ended := make([]span, c.count(6))
	for i := range ended {
		s := span{producer: c.size(), first: c.size()}
		s.marker, s.visibleAt, s.millis = s.first+c.size(), CommitSeq(c.uvarint()), c.varint()
		s.committed = c.known(c.u8(), outcomeAbort, outcomeCommit) == outcomeCommit
		ended[i] = s
	}
	return ended
}

// Flags of a run.
const (
	runTxn     = 1 // transactional
	runLate    = 2 // lateFirst, and lateLast minus it, follow
	runAborted = 4 // aborts
)

func (r *run) appendFlags(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if r.transactional {
		dst[at] |= runTxn
	}
	if r.aborts {
		dst[at] |= runAborted
	}
	if r.lateFirst > 0 {
		dst[at] |= runLate
		dst = binary.AppendUvarint(dst, uint64(r.lateFirst))
		dst = binary.AppendUvarint(dst, uint64(r.lateLast-r.lateFirst))
	}
	return dst
}

func (r *run) decodeFlags(c *cursor) {
	flags := c.known(c.u8(), 0, runTxn|runLate|runAborted)
	r.transactional, r.aborts = flags&runTxn != 0, flags&runAborted != 0
	if flags&runLate != 0 {
		r.lateFirst = CommitSeq(c.uvarint())
		r.lateLast = r.lateFirst + CommitSeq(c.uvarint())
	}
}
