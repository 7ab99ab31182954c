package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// EndCause says who ended a transaction.
type EndCause uint8

const (
	EndByClient  EndCause = 1
	EndByTimeout EndCause = 2
	EndByInit    EndCause = 3 // its transactional id got a new owner
)

const (
	endTxnVersion = 1
	outcomeAbort  = 0
	outcomeCommit = 1
)

// endTxnPayload is the payload of KindEndTxn. Partitions are not in it: the fold knows them, and each
// that has records of the transaction gets a marker at its end, in order. So ten thousand cost the
// same as one.
type endTxnPayload struct {
	Producer ProducerIdentity
	Next     ProducerIdentity // the same, or with a higher epoch
	Number   uint64           // of the transaction
	Commit   bool
	Cause    EndCause
	Markers  int64
	Sum      uint32 // of the markers' places, see sumMarker
	Groups   []groupOffsets
}

type groupOffsets struct {
	Group   string
	Offsets []GroupOffset
}

// txnEnd is a partition in which a transaction ends.
type txnEnd struct {
	partition     Partition
	first, marker int64
}

// sumMarker adds the place of a marker to a sum over all of them.
func (e *txnEnd) sumMarker(sum uint32) uint32 {
	var b [36]byte
	copy(b[:], e.partition.Topic[:])
	le := binary.LittleEndian
	le.PutUint32(b[16:], uint32(e.partition.Index))
	le.PutUint64(b[20:], uint64(e.first))
	le.PutUint64(b[28:], uint64(e.marker))
	return crc32.Update(sum, castagnoli, b[:])
}

// marker is the control batch that each of the partitions gets, with base offset 0.
func (p *endTxnPayload) marker(commitMillis int64) []byte {
	m := recordbatch.Marker{
		ProducerID: p.Producer.ID, ProducerEpoch: p.Producer.Epoch, Committed: p.Commit, Timestamp: commitMillis,
	}
	if p.Next.ID == p.Producer.ID {
		m.ProducerEpoch = p.Next.Epoch
	}
	return m.AppendTo(nil)
}

func (p *endTxnPayload) change() Change {
	outcome := byte(outcomeAbort)
	if p.Commit {
		outcome = outcomeCommit
	}
	dst := appendIdentity([]byte{endTxnVersion, outcome, byte(p.Cause)}, p.Producer)
	dst = appendIdentity(dst, p.Next)
	dst = binary.AppendUvarint(dst, p.Number)
	dst = appendSize(dst, p.Markers)
	dst = binary.LittleEndian.AppendUint32(dst, p.Sum)
	dst = appendSize(dst, int64(len(p.Groups)))
	for _, g := range p.Groups {
		dst = appendBytes(dst, g.Group)
		dst = appendGroupOffsets(dst, g.Offsets)
	}
	return Change{Kind: KindEndTxn, Payload: dst}
}

func decodeEndTxn(src []byte) (*endTxnPayload, error) {
	c := cursor{src: src}
	c.known(c.u8(), endTxnVersion, endTxnVersion)
	p := &endTxnPayload{Commit: c.known(c.u8(), outcomeAbort, outcomeCommit) == outcomeCommit}
	p.Cause = EndCause(c.known(c.u8(), uint8(EndByClient), uint8(EndByInit)))
	p.Producer, p.Next, p.Number = c.identity(), c.identity(), c.uvarint()
	p.Markers, p.Sum = c.size(), c.u32()
	p.Groups = make([]groupOffsets, c.count(2))
	for i := range p.Groups {
		p.Groups[i] = groupOffsets{c.text(), c.groupOffsets()}
	}
	c.bad = c.bad || p.Producer.ID < 0 || p.Next.ID < 0 || p.Next.Epoch < 0 || !p.Commit && len(p.Groups) > 0
	return p, c.end("end of a transaction")
}

// CommittedOffsets are the offsets of consumer groups that a change of KindEndTxn made hold; none if
// it aborted.
func CommittedOffsets(c Change, visit func(group string, offsets []GroupOffset)) error {
	p, err := decodeEndTxn(c.Payload)
	if err != nil {
		return err
	}
	for _, g := range p.Groups {
		visit(g.Group, g.Offsets)
	}
	return nil
}

func (p *endTxnPayload) describe() string {
	outcome := "aborted"
	if p.Commit {
		outcome = "committed"
	}
	cause := map[EndCause]string{EndByClient: "its client", EndByTimeout: "its timeout", EndByInit: "a new owner"}[p.Cause]
	out := fmt.Sprintf("transaction %d of producer %d/%d %s by %s, next %d/%d, %d markers (%08x)",
		p.Number, p.Producer.ID, p.Producer.Epoch, outcome, cause, p.Next.ID, p.Next.Epoch, p.Markers, p.Sum)
	for _, g := range p.Groups {
		out += fmt.Sprintf("\n    group %q%s", g.Group, describeOffsets(g.Offsets))
	}
	return out
}
