package log

import "encoding/binary"

// swapPayload is the payload of KindSwap: placed segments come in, and in their place groups that
// lay inline go out (a roll) or runs of other objects do (a level). The contents are equal.
type swapPayload struct {
	Level bool
	Out   []inlineID // of a roll
	In    []swapObject
}

// inlineID names the bytes of one inline KindAppend change: its commit and the place of the
// change in it.
type inlineID struct {
	Seq   CommitSeq
	Index int32
}

// swapObject is one placed segment.
type swapObject struct {
	Key   string
	Size  int64
	Level uint8  // 0 = a roll's
	Class string // partitions of one class go together
	Runs  []swapRun
}

// swapRun takes the place of the runs of its partition from Base to Base+Span. In a roll they lie in
// Out, in a level they are those that Replaces is of.
// Between its first and last commit the segment's index tells what became visible when.
type swapRun struct {
	runPayload            // without Producers, Relative is 0
	First, Last CommitSeq // visible-at of the first and the last record batch
	FirstMillis int64     // their commit times
	LastMillis  int64
	// Transactional: some record batches belong to Kafka transactions or are markers. The segment's
	// index tells of those of them that ended in the run and have all of their records in it: they
	// were committed from LateFirst to LateLast (0 = none was), Aborts tells that some were aborted.
	Transactional       bool
	LateFirst, LateLast CommitSeq
	Aborts              bool
	Replaces            uint32 // fingerprint of the index entries, of a level
}

const (
	swapRoll  = 1 // inline groups become placed segments: same offsets, same record batches
	swapLevel = 2 // runs of objects become one of a larger segment: same offsets, same record batches
	// swapClean = 3: see payload_clean.go.
	outInline = 0 // what goes out is an inline group
	// maxLevel of an object: what was written with its commit or rolled is of level 0.
	maxLevel = 2
	// Flags of a run.
	swapRunOrder   = 1 // visible-at rises with the offset, but for transactions
	swapRunTxn     = 2 // Transactional
	swapRunLate    = 4 // LateFirst and LateLast follow
	swapRunAborted = 8 // Aborts
	// rolledClass is the class of rolled segments, which have partitions of all.
	rolledClass = "default"
)

func (p *swapPayload) appendTo(dst []byte) []byte {
	kind := byte(swapRoll)
	if p.Level {
		kind = swapLevel
	}
	dst = append(dst, kind)
	dst = appendSize(dst, int64(len(p.Out)))
	for _, id := range p.Out {
		dst = append(dst, outInline)
		dst = binary.AppendUvarint(dst, uint64(id.Seq))
		dst = appendSize(dst, int64(id.Index))
	}
	dst = appendSize(dst, int64(len(p.In)))
	for _, o := range p.In {
		dst = appendBytes(dst, o.Key)
		dst = appendSize(dst, o.Size)
		dst = append(dst, o.Level)
		dst = appendBytes(dst, o.Class)
		dst = appendTopics(dst, len(o.Runs), func(i int) TopicID { return o.Runs[i].Partition.Topic }, func(dst []byte, i int) []byte {
			r := &o.Runs[i]
			dst = r.appendPlaced(dst)
			if p.Level {
				dst = binary.LittleEndian.AppendUint32(dst, r.Replaces)
			}
			return dst
		})
	}
	return dst
}

// appendPlaced is a run of a placed segment behind its topic.
func (r *swapRun) appendPlaced(dst []byte) []byte {
	dst = append(r.appendTo(dst), r.flags())
	dst = binary.AppendUvarint(dst, uint64(r.First))
	dst = binary.AppendUvarint(dst, uint64(r.Last-r.First))
	dst = binary.AppendVarint(dst, r.FirstMillis)
	dst = binary.AppendVarint(dst, r.LastMillis-r.FirstMillis)
	if r.LateFirst > 0 {
		dst = binary.AppendUvarint(dst, uint64(r.LateFirst))
		dst = binary.AppendUvarint(dst, uint64(r.LateLast-r.LateFirst))
	}
	return dst
}

func decodeSwap(src []byte) (*swapPayload, error) {
	c := cursor{src: src}
	p := &swapPayload{Level: c.known(c.u8(), swapRoll, swapLevel) == swapLevel}
	p.Out = make([]inlineID, c.count(3))
	for i := range p.Out {
		c.known(c.u8(), outInline, outInline)
		p.Out[i] = inlineID{Seq: CommitSeq(c.uvarint()), Index: c.int32()}
	}
	p.In = make([]swapObject, c.count(5))
	for i := range p.In {
		p.In[i].decode(&c, p.Level)
	}
	return p, c.end("swap change")
}

func (o *swapObject) decode(c *cursor, level bool) {
	o.Key, o.Size = c.text(), c.size()
	o.Level, o.Class = c.known(c.u8(), 0, maxLevel), c.text()
	c.readTopics(minRunPayload+5, func(id TopicID) {
		r := swapRun{runPayload: runPayload{Partition: Partition{Topic: id}}}
		r.decodePlaced(c, o.Size)
		if level {
			r.Replaces = c.u32()
		}
		o.Runs = append(o.Runs, r)
	})
	c.bad = c.bad || o.Key == ""
}

// decodePlaced reads what appendPlaced wrote, of a segment of so many bytes.
func (r *swapRun) decodePlaced(c *cursor, size int64) {
	r.decode(c)
	flags := c.known(c.u8(), swapRunOrder, swapRunOrder|swapRunTxn|swapRunLate|swapRunAborted)
	r.First = CommitSeq(c.uvarint())
	r.Last = r.First + CommitSeq(c.uvarint())
	r.FirstMillis = c.varint()
	r.LastMillis = r.FirstMillis + c.varint()
	r.decodeFlags(c, flags)
	if r.Length == 0 || r.Span == 0 || r.Position+r.Length > size || r.Last < r.First {
		c.bad = true
	}
}

func (r *swapRun) flags() byte {
	flags := byte(swapRunOrder)
	if r.Transactional {
		flags |= swapRunTxn
	}
	if r.LateFirst > 0 {
		flags |= swapRunLate
	}
	if r.Aborts {
		flags |= swapRunAborted
	}
	return flags
}

func (r *swapRun) decodeFlags(c *cursor, flags byte) {
	if c.newer {
		return
	}
	r.Transactional, r.Aborts = flags&swapRunTxn != 0, flags&swapRunAborted != 0
	if flags&swapRunLate != 0 {
		r.LateFirst = CommitSeq(c.uvarint())
		r.LateLast = r.LateFirst + CommitSeq(c.uvarint())
		c.bad = c.bad || r.LateFirst == 0 || r.LateLast < r.LateFirst
	}
	c.bad = c.bad || flags&swapRunOrder == 0 || !r.Transactional && (r.Aborts || r.LateFirst > 0)
}
