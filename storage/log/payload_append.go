package log

import "encoding/binary"

// placement of the bytes of a KindAppend change.
const (
	placedInline = 0
	placedObject = 1
)

// appendPayload is the payload of KindAppend: runs whose bytes lie in this change or in one
// object.
type appendPayload struct {
	Key  string // of the object, "" = inline
	Size int64  // of the object
	Runs []runPayload
	Data []byte // inline bytes
}

// runPayload is a run of record batches of one partition, back to back.
type runPayload struct {
	Partition Partition
	Base      int64 // offset of the first record
	Span      int64 // number of offsets
	Count     int64 // of records
	Position  int64 // in the object, or in the inline bytes
	Length    int64
	// Relative is the offset of the first record relative to the run of this partition in the
	// object: above 0 when entries before it in the object were refused.
	Relative   int64
	MinTime    int64 // smallest base timestamp, Unix ms, -1 = none
	MaxTime    int64
	MaxTimeRel int64 // base offset, relative to Base, of the first record batch with MaxTime
	Producers  []producerPayload
}

// producerPayload is what one idempotent record batch adds to the producer state.
type producerPayload struct {
	ProducerID   int64
	Epoch        int16
	BaseSequence int32
	LastSequence int32
	Relative     int64 // base offset relative to the run's Base
	// Transactional: it belongs to the producer's transaction, which it begins if none is open.
	Transactional bool
}

// transactional tells whether record batches of Kafka transactions are in the run.
func (r *runPayload) transactional() bool {
	for i := range r.Producers {
		if r.Producers[i].Transactional {
			return true
		}
	}
	return false
}

// appendHead is all but the inline bytes.
func (p *appendPayload) appendHead(dst []byte) []byte {
	if p.Key != "" {
		dst = append(dst, placedObject, 0)
		dst = appendBytes(dst, p.Key)
		dst = appendSize(dst, p.Size)
	} else {
		dst = append(dst, placedInline, 0)
	}
	return appendTopics(dst, len(p.Runs), func(i int) TopicID { return p.Runs[i].Partition.Topic }, func(dst []byte, i int) []byte {
		return p.Runs[i].appendTo(dst)
	})
}

// appendTopics writes n items, those of one topic that follow each other under one id.
func appendTopics(dst []byte, n int, topic func(i int) TopicID, item func(dst []byte, i int) []byte) []byte {
	groups := 0
	for i := range n {
		if i == 0 || topic(i) != topic(i-1) {
			groups++
		}
	}
	dst = appendSize(dst, int64(groups))
	for i := 0; i < n; {
		id, end := topic(i), i+1
		for end < n && topic(end) == id {
			end++
		}
		dst = append(dst, id[:]...)
		dst = appendSize(dst, int64(end-i))
		for ; i < end; i++ {
			dst = item(dst, i)
		}
	}
	return dst
}

// readTopics reads what appendTopics wrote; an item has at least minSize bytes.
func (c *cursor) readTopics(minSize int, item func(topic TopicID)) {
	for range c.count(17 + minSize) {
		id := c.topicID()
		n := c.count(minSize)
		if n == 0 {
			c.bad = true
		}
		for range n {
			item(id)
		}
	}
}

// appendTo is a run behind its topic.
func (r *runPayload) appendTo(dst []byte) []byte {
	for _, n := range [...]int64{int64(r.Partition.Index), r.Base, r.Span, r.Count, r.Position, r.Length, r.Relative} {
		dst = appendSize(dst, n)
	}
	dst = binary.AppendVarint(dst, r.MinTime)
	dst = binary.AppendVarint(dst, r.MaxTime)
	dst = appendSize(dst, r.MaxTimeRel)
	dst = appendSize(dst, int64(len(r.Producers)))
	for _, b := range r.Producers {
		dst = appendSize(dst, b.ProducerID)
		dst = appendSize(dst, int64(b.Epoch))
		dst = appendSize(dst, int64(b.BaseSequence))
		dst = appendSize(dst, int64(b.LastSequence))
		dst = appendSize(dst, b.Relative)
		flags := byte(0)
		if b.Transactional {
			flags = producedInTxn
		}
		dst = append(dst, flags)
	}
	return dst
}

const (
	producedInTxn      = 1 // flag of a record batch
	minRunPayload      = 11
	minProducerPayload = 6
)

// decodeAppend checks everything that does not need the fold; Data aliases src.
func decodeAppend(src []byte) (*appendPayload, error) {
	c := cursor{src: src}
	p := &appendPayload{}
	placement := c.known(c.u8(), placedInline, placedObject)
	c.known(c.u8(), 0, 0) // flags
	if placement == placedObject {
		p.Key, p.Size = c.text(), c.size()
		c.bad = c.bad || p.Key == ""
	}
	c.readTopics(minRunPayload, func(id TopicID) {
		r := runPayload{Partition: Partition{Topic: id}}
		r.decode(&c)
		p.Runs = append(p.Runs, r)
	})
	limit := p.Size
	if p.Key == "" {
		p.Data = c.bytes()
		limit = int64(len(p.Data))
	}
	for i := range p.Runs {
		r := &p.Runs[i]
		if r.Length == 0 || r.Span == 0 || r.Position+r.Length > limit {
			c.bad = true
		}
	}
	return p, c.end("append change")
}

// decode reads a run behind its topic.
func (r *runPayload) decode(c *cursor) {
	r.Partition.Index = c.int32()
	r.Base, r.Span, r.Count = c.size(), c.size(), c.size()
	r.Position, r.Length, r.Relative = c.size(), c.size(), c.size()
	r.MinTime, r.MaxTime, r.MaxTimeRel = c.varint(), c.varint(), c.size()
	n := c.count(minProducerPayload)
	if n == 0 {
		return
	}
	r.Producers = make([]producerPayload, n)
	for i := range r.Producers {
		b := &r.Producers[i]
		b.ProducerID, b.Epoch = c.size(), c.int16()
		b.BaseSequence, b.LastSequence, b.Relative = c.int32(), c.int32(), c.size()
		b.Transactional = c.known(c.u8(), 0, producedInTxn)&producedInTxn != 0
	}
}

// int32 reads a number in [0, 2^31).
func (c *cursor) int32() int32 {
	v := c.uvarint()
	if v > 1<<31-1 {
		c.bad = true
		return 0
	}
	return int32(v)
}

// int16 reads a number in [0, 2^15).
func (c *cursor) int16() int16 {
	v := c.uvarint()
	if v > 1<<15-1 {
		c.bad = true
		return 0
	}
	return int16(v)
}
