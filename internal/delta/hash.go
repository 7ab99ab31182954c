package delta

import (
	"sync"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// hashSeed begins the hash of a row; stored state depends on it.
const hashSeed = 0x2d358dccaa6c78a5

// HashKeys writes to out[i] the hash of the i-th live row (of sel; nil = rows 0..n-1) of the
// key columns. Rows that are equal by SQL equality have equal hashes, also across int2, int4
// and int8 and across float4 and float8; NULLs are equal to each other. len(out) is the
// number of live rows. The hash is the same in every process and release.
func HashKeys(keys []Column, n int, sel []int32, out []uint64) {
	if sel != nil {
		n = len(sel)
	}
	out = out[:n]
	for i := range out {
		out[i] = hashSeed
	}
	for k := range keys {
		hashColumn(&keys[k], sel, out)
	}
}

// hashScratch is what hashColumn hands to the kernels: as they are called through a type's Ops it
// would be allocated each time, 8 KiB for one row.
type hashScratch struct {
	vec sqltype.Vec
	buf [1024]uint64
}

var hashScratches = sync.Pool{New: func() any { return new(hashScratch) }}

func hashColumn(c *Column, sel []int32, out []uint64) {
	hash := sqltype.OpsOf(c.Type).Hash
	scratch := hashScratches.Get().(*hashScratch)
	defer func() {
		scratch.vec = sqltype.Vec{}
		hashScratches.Put(scratch)
	}()
	if c.Const {
		scratch.vec = c.Vec
		scratch.vec.Const, scratch.vec.Len = false, 1
		hash(&scratch.vec, nil, scratch.buf[:1])
		h := scratch.buf[0]
		for i := range out {
			out[i] = sqltype.Combine(out[i], h)
		}
		return
	}
	for from := 0; from < len(out); from += len(scratch.buf) {
		part := out[from:min(from+len(scratch.buf), len(out))]
		hashes := scratch.buf[:len(part)]
		if sel != nil {
			hash(&c.Vec, sel[from:from+len(part)], hashes)
		} else {
			scratch.vec = c.Slice(from, from+len(part)).Vec
			hash(&scratch.vec, nil, hashes)
		}
		for i, h := range hashes {
			part[i] = sqltype.Combine(part[i], h)
		}
	}
}
