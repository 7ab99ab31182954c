package log

import "encoding/binary"

// TruncateCause says who moved a log start.
type TruncateCause uint8

const (
	TruncateTime    TruncateCause = 1 // retention.ms
	TruncateBytes   TruncateCause = 2 // retention.bytes
	TruncateRecords TruncateCause = 3 // DeleteRecords
)

// LogStart is where a partition is to begin.
type LogStart struct {
	Partition Partition
	Offset    int64
}

const truncateVersion = 1

// TruncateChange moves log starts up; starts are sorted by partition, each once. A start that is
// not above the present one changes nothing. The entry is refused with ErrOffsetOutOfRange if one
// is behind the newest commit's end, with ErrUnknownTopic if there is no such partition.
func TruncateChange(cause TruncateCause, starts []LogStart) Change {
	dst := []byte{truncateVersion, byte(cause)}
	dst = appendTopics(dst, len(starts), func(i int) TopicID { return starts[i].Partition.Topic }, func(dst []byte, i int) []byte {
		dst = binary.AppendUvarint(dst, uint64(starts[i].Partition.Index))
		return appendSize(dst, starts[i].Offset)
	})
	return Change{Kind: KindTruncate, Payload: dst}
}

type truncatePayload struct {
	Cause  TruncateCause
	Starts []LogStart
}

func decodeTruncate(src []byte) (*truncatePayload, error) {
	c := cursor{src: src}
	c.known(c.u8(), truncateVersion, truncateVersion)
	p := &truncatePayload{Cause: TruncateCause(c.known(c.u8(), uint8(TruncateTime), uint8(TruncateRecords)))}
	c.readTopics(2, func(id TopicID) {
		p.Starts = append(p.Starts, LogStart{Partition: Partition{Topic: id, Index: c.int32()}, Offset: c.size()})
	})
	return p, c.end("truncate change")
}
