package log

import (
	"encoding/binary"
	"fmt"
)

// swapPayload is the payload of KindSwap: groups that lay inline go out, placed segments with
// the same contents come in.
type swapPayload struct {
	Out []inlineID
	In  []swapObject
}

// inlineID names the bytes of one inline KindAppend change: its commit and the place of the
// change in it.
type inlineID struct {
	Seq   CommitSeq
	Index int32
}

// swapObject is one placed segment.
type swapObject struct {
	Key  string
	Size int64
	Runs []swapRun
}

// swapRun takes the place of the runs of its partition that lie in Out, from Base to Base+Span.
// Between its first and last commit the segment's index tells what became visible when.
type swapRun struct {
	runPayload            // without Producers, Relative is 0
	First, Last CommitSeq // visible-at of the first and the last record batch
	FirstMillis int64     // their commit times
	LastMillis  int64
}

func (p *swapPayload) appendTo(dst []byte) []byte {
	dst = appendSize(dst, int64(len(p.Out)))
	for _, id := range p.Out {
		dst = binary.AppendUvarint(dst, uint64(id.Seq))
		dst = appendSize(dst, int64(id.Index))
	}
	dst = appendSize(dst, int64(len(p.In)))
	for _, o := range p.In {
		dst = appendBytes(dst, o.Key)
		dst = appendSize(dst, o.Size)
		dst = appendSize(dst, int64(len(o.Runs)))
		for i := range o.Runs {
			r := &o.Runs[i]
			dst = r.appendTo(dst)
			dst = binary.AppendUvarint(dst, uint64(r.First))
			dst = binary.AppendUvarint(dst, uint64(r.Last-r.First))
			dst = binary.AppendVarint(dst, r.FirstMillis)
			dst = binary.AppendVarint(dst, r.LastMillis-r.FirstMillis)
		}
	}
	return dst
}

func decodeSwap(src []byte) (*swapPayload, error) {
	c := cursor{src: src}
	p := &swapPayload{Out: make([]inlineID, c.count(2))}
	for i := range p.Out {
		p.Out[i] = inlineID{Seq: CommitSeq(c.uvarint()), Index: c.int32()}
	}
	p.In = make([]swapObject, c.count(3))
	for i := range p.In {
		p.In[i].decode(&c)
	}
	if c.bad || len(c.src) > 0 {
		return nil, fmt.Errorf("%w: swap change does not decode", ErrCorrupt)
	}
	return p, nil
}

func (o *swapObject) decode(c *cursor) {
	o.Key, o.Size = c.text(), c.size()
	o.Runs = make([]swapRun, c.count(minRunPayload+4))
	for i := range o.Runs {
		r := &o.Runs[i]
		r.decode(c)
		r.First = CommitSeq(c.uvarint())
		r.Last = r.First + CommitSeq(c.uvarint())
		r.FirstMillis = c.varint()
		r.LastMillis = r.FirstMillis + c.varint()
		if r.Length == 0 || r.Span == 0 || r.Position+r.Length > o.Size || r.Last < r.First {
			c.bad = true
		}
	}
	c.bad = c.bad || o.Key == ""
}
