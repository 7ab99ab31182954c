package codec

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
)

// appendBinaryRange is range_recv and multirange_recv.
func appendBinaryRange(b *delta.Builder, t sqltype.OID, src []byte, env *Env) error {
	return withRanges(b, t, env, func(r *rangeReader, dst []byte) ([]byte, error) {
		if t == r.Multi {
			all, err := r.multiBinary(src)
			if err != nil {
				return dst, err
			}
			return ranges.AppendMulti(dst, r.Kind, all), nil
		}
		one, err := r.oneBinary(src)
		if err != nil {
			return dst, err
		}
		return ranges.Append(dst, r.Kind, &one), nil
	})
}

// part reads a length and as many bytes.
func part(src []byte) (v, rest []byte, err error) {
	if len(src) < 4 {
		return nil, nil, errShort()
	}
	n := binary.BigEndian.Uint32(src)
	if uint64(n) > uint64(len(src)-4) {
		return nil, nil, errShort()
	}
	return src[4 : 4+n], src[4+n:], nil
}

func (r *rangeReader) oneBinary(src []byte) (ranges.Range, error) {
	if len(src) == 0 {
		return ranges.None, errShort()
	}
	flags, src := src[0], src[1:]
	at := r.bounds.Len()
	for _, infinite := range []byte{ranges.LowerInf, ranges.UpperInf} {
		if flags&(infinite|ranges.Empty) != 0 {
			r.bounds.AppendNull()
			continue
		}
		v, rest, err := part(src)
		if err == nil {
			err = AppendBinary(r.bounds, sqltype.Of(r.Elem), v, r.env)
		}
		if err != nil {
			return ranges.None, err
		}
		src = rest
	}
	if len(src) > 0 {
		return ranges.None, errBinary()
	}
	if flags&ranges.Empty != 0 {
		return ranges.None, nil
	}
	return r.between(int32(at), flags&ranges.LowerInc != 0, flags&ranges.UpperInc != 0)
}

func (r *rangeReader) multiBinary(src []byte) (ranges.Multi, error) {
	if len(src) < 4 {
		return nil, errShort()
	}
	n := binary.BigEndian.Uint32(src)
	src = src[4:]
	var all []ranges.Range
	for ; n > 0; n-- {
		v, rest, err := part(src)
		if err != nil {
			return nil, err
		}
		one, err := r.oneBinary(v)
		if err != nil {
			return nil, err
		}
		all, src = append(all, one), rest
	}
	if len(src) > 0 {
		return nil, errBinary()
	}
	return ranges.Normalize(r.Kind, all)
}
