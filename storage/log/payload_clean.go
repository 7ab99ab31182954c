package log

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// swapClean is the kind of swap that cleans: runs come in with fewer records than those they replace.
const swapClean = 3

// cleanPayload is the payload of a KindSwap of kind swapClean: what log compaction by key left of runs of
// compacted topics comes in, in one placed segment, and in its place the runs go out.
type cleanPayload struct {
	Key    string // of the segment, "" = nothing was left
	Size   int64
	Level  uint8
	Class  string
	Pieces []cleanPiece // by partition and offset
	Marks  []cleanMark  // by partition
}

// cleanPiece replaces the runs of its partition from From to Next, which were compacted.
type cleanPiece struct {
	Partition  Partition
	From, Next int64
	// Below it is compacted; above From.
	Below    int64
	Replaces uint32 // fingerprint of the index entries that go
	// Lost is the newest commit of which something is not there any more, 0 = nothing but what nobody
	// saw: aborted records, markers, empty record batches.
	Lost CommitSeq
	Left *swapRun // nil = nothing
}

// cleanMark: below Offset a partition is compacted.
type cleanMark struct {
	Partition Partition
	Offset    int64
}

func (p *cleanPayload) appendTo(dst []byte) []byte {
	dst = appendBytes(append(dst, swapClean), p.Key)
	if p.Key != "" {
		dst = append(appendSize(dst, p.Size), p.Level)
		dst = appendBytes(dst, p.Class)
	}
	dst = appendTopics(dst, len(p.Pieces), func(i int) TopicID { return p.Pieces[i].Partition.Topic }, func(dst []byte, i int) []byte {
		return p.Pieces[i].appendTo(dst)
	})
	return appendTopics(dst, len(p.Marks), func(i int) TopicID { return p.Marks[i].Partition.Topic }, func(dst []byte, i int) []byte {
		dst = appendSize(dst, int64(p.Marks[i].Partition.Index))
		return appendSize(dst, p.Marks[i].Offset)
	})
}

func (p *cleanPiece) appendTo(dst []byte) []byte {
	dst = appendSize(dst, int64(p.Partition.Index))
	dst = appendSize(appendSize(appendSize(dst, p.From), p.Next-p.From), p.Below-p.From)
	dst = binary.LittleEndian.AppendUint32(dst, p.Replaces)
	dst = binary.AppendUvarint(dst, uint64(p.Lost))
	if p.Left == nil {
		return append(dst, 0)
	}
	return p.Left.appendPlaced(append(dst, 1))
}

func decodeClean(src []byte) (*cleanPayload, error) {
	c := cursor{src: src}
	c.known(c.u8(), swapClean, swapClean)
	p := &cleanPayload{Key: c.text()}
	if p.Key != "" {
		p.Size, p.Level, p.Class = c.size(), c.known(c.u8(), 0, maxLevel), c.text()
	}
	c.readTopics(10, func(id TopicID) {
		x := cleanPiece{Partition: Partition{Topic: id, Index: c.int32()}, From: c.size()}
		x.Next, x.Below, x.Replaces, x.Lost = x.From+c.size(), x.From+c.size(), c.u32(), CommitSeq(c.uvarint())
		if c.known(c.u8(), 0, 1) == 1 {
			x.Left = &swapRun{runPayload: runPayload{Partition: Partition{Topic: id}}}
			x.Left.decodePlaced(&c, p.Size)
			c.bad = c.bad || p.Key == "" || x.Left.Base < x.From || x.Left.Base+x.Left.Span > x.Next || x.Left.Partition != x.Partition
		}
		c.bad = c.bad || x.Below <= x.From || x.Below > x.Next
		p.Pieces = append(p.Pieces, x)
	})
	c.readTopics(2, func(id TopicID) {
		p.Marks = append(p.Marks, cleanMark{Partition{Topic: id, Index: c.int32()}, c.size()})
	})
	return p, c.end("clean change")
}

func (p *cleanPayload) describe() string {
	var b strings.Builder
	b.WriteString("swap, runs out that were cleaned")
	if p.Key != "" {
		fmt.Fprintf(&b, "\n    in %s %d bytes, level %d, class %s", p.Key, p.Size, p.Level, p.Class)
	}
	for i := range p.Pieces {
		x := &p.Pieces[i]
		fmt.Fprintf(&b, "\n    %x/%d offsets %d-%d cleaned, lost until commit %d", x.Partition.Topic, x.Partition.Index, x.From, x.Next-1, x.Lost)
		if x.Left != nil {
			fmt.Fprintf(&b, ", left %s", x.Left.describe())
		}
	}
	for _, m := range p.Marks {
		fmt.Fprintf(&b, "\n    %x/%d clean below %d", m.Partition.Topic, m.Partition.Index, m.Offset)
	}
	return b.String()
}
