package quota

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/tributary-db/tributary/storage/meta"
)

// Rows in storage/meta, all integers big-endian:
//
//	kafka/quota/ + user name, client name   one entity
//
//	name  = u8 kind (0 none, 1 default, 2 named), u16 length, text
//	value = u8 version 1, produce u64, fetch u64 (bytes a second, 0 = none); CRC32C of all before u32
const (
	prefix     = "kafka/quota/"
	rowVersion = 1
	rowBytes   = 1 + 8 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendName(dst []byte, n Name) []byte {
	dst = append(dst, byte(n.Is))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(n.Text)))
	return append(dst, n.Text...)
}

func rowKey(e Entity) []byte {
	return appendName(appendName([]byte(prefix), e.User), e.Client)
}

func parseName(src []byte) (n Name, rest []byte, ok bool) {
	if len(src) < 3 {
		return n, nil, false
	}
	length := int(binary.BigEndian.Uint16(src[1:]))
	if n.Is = Kind(src[0]); n.Is > Named || len(src) < 3+length || n.Is != Named && length > 0 {
		return n, nil, false
	}
	n.Text = string(src[3 : 3+length])
	return n, src[3+length:], true
}

func parseKey(key []byte) (e Entity, err error) {
	user, rest, ok1 := parseName(key[min(len(prefix), len(key)):])
	client, rest, ok2 := parseName(rest)
	if !ok1 || !ok2 || len(rest) > 0 || user.Is == Any && client.Is == Any {
		return e, fmt.Errorf("%w: quota key %q", meta.ErrCorrupt, key)
	}
	return Entity{user, client}, nil
}

func appendRates(dst []byte, r Rates) []byte {
	dst = append(dst, rowVersion)
	dst = binary.BigEndian.AppendUint64(dst, r[Produce])
	dst = binary.BigEndian.AppendUint64(dst, r[Fetch])
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

func parseRates(src []byte) (r Rates, err error) {
	if len(src) != rowBytes || src[0] != rowVersion || crc32.Checksum(src[:rowBytes-4], castagnoli) != binary.BigEndian.Uint32(src[rowBytes-4:]) {
		return r, fmt.Errorf("%w: quota row of %d bytes", meta.ErrCorrupt, len(src))
	}
	r[Produce], r[Fetch] = binary.BigEndian.Uint64(src[1:]), binary.BigEndian.Uint64(src[9:])
	if r[Produce] > MaxRate || r[Fetch] > MaxRate {
		return r, fmt.Errorf("%w: quota of %d and %d bytes a second", meta.ErrCorrupt, r[Produce], r[Fetch])
	}
	return r, nil
}
