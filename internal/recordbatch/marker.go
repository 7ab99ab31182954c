package recordbatch

import "encoding/binary"

// Marker is what ends a Kafka transaction in a partition: a control batch of one record (KIP-98).
type Marker struct {
	ProducerID       int64
	ProducerEpoch    int16
	Committed        bool // else aborted
	CoordinatorEpoch int32
	Timestamp        int64 // Unix ms
}

// MarkerSize is the length of a marker's record batch.
const MarkerSize = HeaderSize + 17

// Types of a control record, in its key behind two bytes of version.
const (
	controlAbort  = 0
	controlCommit = 1
)

// AppendTo appends the control batch, with base offset 0.
func (m *Marker) AppendTo(dst []byte) []byte {
	key := [4]byte{3: controlAbort}
	if m.Committed {
		key[3] = controlCommit
	}
	value := binary.BigEndian.AppendUint32([]byte{0, 0}, uint32(m.CoordinatorEpoch))
	h := Header{
		Length: MarkerSize - lengthOverhead, PartitionLeaderEpoch: -1, Attributes: AttrTransactional | AttrControl,
		RecordCount: 1, BaseTimestamp: m.Timestamp, MaxTimestamp: m.Timestamp,
		ProducerID: m.ProducerID, ProducerEpoch: m.ProducerEpoch, BaseSequence: -1,
	}
	start := len(dst)
	dst = appendHeader(dst, &h)
	dst = appendRecord(dst, recordBodySize(0, 0, key[:], value, nil), 0, 0, key[:], value, nil)
	setCRC(dst[start:])
	return dst
}

// OfTransaction tells, by its header alone, whether raw belongs to a Kafka transaction: its records,
// or its marker, which control tells.
// REQUIRES: raw is at least HeaderSize long.
func OfTransaction(raw []byte) (yes, control bool) {
	attributes := Attributes(binary.BigEndian.Uint16(raw[21:]))
	return attributes&(AttrTransactional|AttrControl) != 0, attributes&AttrControl != 0
}

// ProducerOf is the producer id in the header.
// REQUIRES: raw is at least HeaderSize long.
func ProducerOf(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw[43:])) }
