package delta

import "github.com/tributary-db/tributary/internal/sqltype"

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

func hashColumn(c *Column, sel []int32, out []uint64) {
	hash := sqltype.OpsOf(c.Type).Hash
	if c.Const {
		var one [1]uint64
		v := c.Vec
		v.Const, v.Len = false, 1
		hash(&v, nil, one[:])
		h := one[0]
		for i := range out {
			out[i] = sqltype.Combine(out[i], h)
		}
		return
	}
	var buf [1024]uint64
	for from := 0; from < len(out); from += len(buf) {
		part := out[from:min(from+len(buf), len(out))]
		hashes := buf[:len(part)]
		if sel != nil {
			hash(&c.Vec, sel[from:from+len(part)], hashes)
		} else {
			s := c.Slice(from, from+len(part))
			hash(&s.Vec, nil, hashes)
		}
		for i, h := range hashes {
			part[i] = sqltype.Combine(part[i], h)
		}
	}
}
