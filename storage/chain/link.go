package chain

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/storage/meta"
)

// Layout of a link; byte level: docs/formats/chain.md.
const (
	linkMagic      = "TRCH"
	linkVersion    = 1
	linkHeaderSize = 72
	linkSumAt      = 68
	linkPrefix     = "meta/chain/"
	// maxLinkBytes bounds what a reader takes into memory at once.
	maxLinkBytes = 2 << 30
)

// ErrCorrupt: bytes are not what was written.
var ErrCorrupt = errors.New("metadata chain corrupt")

// ErrVersion: a later version wrote it.
var ErrVersion = errors.New("metadata chain is of a newer version")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Flags of a link.
type Flags uint16

const (
	// Begin: a base of this number stands for all before it.
	Begin Flags = 1 << iota
	// End: what is written from here on is on the writer's disk alone.
	End
	// TakenOver: whoever wrote the links before has lost the chain.
	TakenOver

	knownFlags = Begin | End | TakenOver
)

// Position is a place in the chain: the newest link that a store has.
type Position struct {
	Number uint64
	Sum    uint32 // of that link
}

// Link is one object of the chain: what a store wrote at once.
type Link struct {
	Position
	Flags      Flags
	Timeline   uint32
	Before     uint32         // Sum of the link before
	Newest     meta.CommitSeq // newest commit in the chain up to here
	TimeMillis int64
	Random     uint64 // tells the attempts of one writer from another's
	Batch      meta.Batch
}

func linkKey(number uint64) string { return fmt.Sprintf("%s%020d", linkPrefix, number) }

func parseLinkKey(key string) (number uint64, ok bool) {
	number, err := strconv.ParseUint(strings.TrimPrefix(key, linkPrefix), 10, 64)
	return number, err == nil && key == linkKey(number)
}

// encode gives l its Sum.
func (l *Link) encode() []byte {
	b := &l.Batch
	dst := make([]byte, linkHeaderSize, linkHeaderSize+len(b.Record)+1024)
	dst = binary.AppendUvarint(dst, uint64(b.Seq))
	if b.Seq != 0 {
		dst = appendBytes(dst, b.Record)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Writes)))
	for _, w := range b.Writes {
		dst = appendBytes(dst, w.Key)
		if w.Value == nil {
			dst = append(dst, 0)
			continue
		}
		dst = appendBytes(append(dst, 1), w.Value)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Identities)))
	for _, id := range b.Identities {
		dst = appendBytes(dst, id)
	}
	le := binary.LittleEndian
	copy(dst, linkMagic)
	le.PutUint16(dst[4:], linkVersion)
	le.PutUint16(dst[6:], uint16(l.Flags))
	le.PutUint64(dst[8:], l.Number)
	le.PutUint32(dst[16:], l.Timeline)
	le.PutUint32(dst[20:], l.Before)
	le.PutUint64(dst[24:], uint64(l.Newest))
	le.PutUint64(dst[32:], uint64(l.TimeMillis))
	le.PutUint64(dst[40:], l.Random)
	le.PutUint64(dst[48:], uint64(len(dst)-linkHeaderSize))
	l.Sum = sumAround(dst, linkSumAt)
	le.PutUint32(dst[linkSumAt:], l.Sum)
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// sumAround is the checksum of all but the four bytes at.
func sumAround(src []byte, at int) uint32 {
	return crc32.Update(crc32.Checksum(src[:at], castagnoli), castagnoli, src[at+4:])
}

// decodeLink reads the whole of a link; what it returns lies in src.
func decodeLink(src []byte) (Link, error) {
	le := binary.LittleEndian
	if len(src) < linkHeaderSize || string(src[:4]) != linkMagic {
		return Link{}, fmt.Errorf("%w: no link", ErrCorrupt)
	}
	if le.Uint64(src[48:]) != uint64(len(src)-linkHeaderSize) || sumAround(src, linkSumAt) != le.Uint32(src[linkSumAt:]) {
		return Link{}, fmt.Errorf("%w: checksum of a link", ErrCorrupt)
	}
	l := Link{Position: Position{Number: le.Uint64(src[8:]), Sum: le.Uint32(src[linkSumAt:])}, Flags: Flags(le.Uint16(src[6:])),
		Timeline: le.Uint32(src[16:]), Before: le.Uint32(src[20:]), Newest: meta.CommitSeq(le.Uint64(src[24:])),
		TimeMillis: int64(le.Uint64(src[32:])), Random: le.Uint64(src[40:])}
	if v := le.Uint16(src[4:]); v != linkVersion || l.Flags&^knownFlags != 0 {
		return Link{}, fmt.Errorf("%w: link of version %d, flags %d", ErrVersion, v, l.Flags)
	}
	r := reader{src: src[linkHeaderSize:]}
	if l.Batch.Seq = meta.CommitSeq(r.uvarint()); l.Batch.Seq != 0 {
		l.Batch.Record = r.bytes()
	}
	for range r.count(2) {
		w := meta.Write{Key: r.bytes()}
		switch r.u8() {
		case 0:
		case 1:
			w.Value = r.bytes()
		default:
			r.bad = true
		}
		l.Batch.Writes = append(l.Batch.Writes, w)
	}
	for range r.count(1) {
		l.Batch.Identities = append(l.Batch.Identities, r.bytes())
	}
	if r.bad || len(r.src) > 0 {
		return Link{}, fmt.Errorf("%w: a link does not decode", ErrCorrupt)
	}
	return l, nil
}

// reader takes fields off bytes; the first that does not fit sets bad, and all later ones are empty.
type reader struct {
	src []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.bad, r.src = true, nil
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *reader) u8() byte {
	if len(r.src) == 0 {
		r.bad = true
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

// bytes are never nil.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.src)) {
		r.bad, r.src = true, nil
		return []byte{}
	}
	b := r.src[:n:n]
	r.src = r.src[n:]
	return b
}

// count of items that have at least so many bytes each.
func (r *reader) count(least int) int {
	n := r.uvarint()
	if n > uint64(len(r.src)/least) {
		r.bad, r.src = true, nil
		return 0
	}
	return int(n)
}
