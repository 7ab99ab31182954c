package xid

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Snapshot is of numbers that have no order but their own: everything below Min had ended, nothing from Max on had begun.
type Snapshot struct {
	Min, Max uint64
	Running  []uint64 // between them, ascending
}

// Visible reports whether a transaction had ended.
func (s *Snapshot) Visible(id uint64) bool {
	if id < s.Min || id >= s.Max {
		return id < s.Min
	}
	_, running := slices.BinarySearch(s.Running, id)
	return !running
}

// Parse reads a snapshot's text.
func Parse(text string) (*Snapshot, error) {
	wrong := func() (*Snapshot, error) {
		return nil, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type pg_snapshot: \"%s\"", text)
	}
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return wrong()
	}
	var s Snapshot
	var err, failed error
	s.Min, err = strconv.ParseUint(parts[0], 10, 63)
	s.Max, failed = strconv.ParseUint(parts[1], 10, 63)
	if err != nil || failed != nil || s.Min == 0 || s.Max < s.Min {
		return wrong()
	}
	if parts[2] == "" {
		return &s, nil
	}
	last := uint64(0)
	for _, p := range strings.Split(parts[2], ",") {
		id, err := strconv.ParseUint(p, 10, 64)
		if err != nil || id < s.Min || id >= s.Max || id < last {
			return wrong()
		}
		if id != last {
			s.Running = append(s.Running, id)
		}
		last = id
	}
	return &s, nil
}

// AppendTo appends a snapshot's text, its stored form.
func (s *Snapshot) AppendTo(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, s.Min, 10), ':')
	dst = append(strconv.AppendUint(dst, s.Max, 10), ':')
	for i, id := range s.Running {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, id, 10)
	}
	return dst
}

// Of is the snapshot that a stored text is.
func Of(stored []byte) *Snapshot {
	s, err := Parse(string(stored))
	if err != nil {
		return new(Snapshot)
	}
	return s
}

// AppendParsed appends the stored form of a text.
func AppendParsed(dst, src []byte) ([]byte, error) {
	s, err := Parse(string(src))
	if err != nil {
		return dst, err
	}
	return s.AppendTo(dst), nil
}

// AppendBinary is pg_snapshot_send.
func (s *Snapshot) AppendBinary(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s.Running)))
	dst = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, s.Min), s.Max)
	for _, id := range s.Running {
		dst = binary.BigEndian.AppendUint64(dst, id)
	}
	return dst
}

// Decode is pg_snapshot_recv; it gives the stored form.
func Decode(src []byte) ([]byte, error) {
	wrong := sqlerr.New(sqlerr.InvalidBinaryRepresentation, "invalid external pg_snapshot data")
	if len(src) < 20 {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
	}
	n := int64(int32(binary.BigEndian.Uint32(src)))
	s := Snapshot{Min: binary.BigEndian.Uint64(src[4:]), Max: binary.BigEndian.Uint64(src[12:])}
	if n < 0 || s.Min == 0 || s.Max < s.Min || int64(len(src)) != 20+8*n {
		return nil, wrong
	}
	last := uint64(0)
	for ids := src[20:]; len(ids) > 0; ids = ids[8:] {
		id := binary.BigEndian.Uint64(ids)
		if id < s.Min || id >= s.Max || id < last {
			return nil, wrong
		}
		if id != last {
			s.Running = append(s.Running, id)
		}
		last = id
	}
	return s.AppendTo(nil), nil
}
