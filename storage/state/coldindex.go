package state

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// coldIndex says where in a cold chunk a key can be.
type coldIndex struct {
	// fence has the key of each block's first row, and of the last row of the chunk; other columns
	// are empty. nil when keys are wide: blocks are read instead.
	fence []delta.Column
	// filter says which keys are surely not there. nil: none is.
	filter []filterLine
	// zones, by column, say what values the blocks have. Columns without an order that helps have none.
	zones []coldZones
}

func makeIndex(o *RowOrder, hot *hotChunk) *coldIndex {
	return &coldIndex{fence: makeFence(o, hot), filter: makeFilter(o, hot), zones: makeZones(o, hot)}
}

// bytes is the memory of an index.
func (c *coldIndex) bytes() int64 {
	size := int64(64*len(c.filter)) + 64
	for i := range c.fence {
		size += columnBytes(&c.fence[i])
	}
	for i := range c.zones {
		z := &c.zones[i]
		size += columnBytes(&z.low) + columnBytes(&z.high) + columnBytes(&z.nulls)
	}
	return size
}

// columnBytes is the memory of a column.
func columnBytes(c *delta.Column) int64 {
	return int64(cap(c.Data) + cap(c.Var) + 8*cap(c.Valid) + 96)
}

// encode gives an index as it lies behind the blocks of a piece; see docs/formats/state.md.
func (c *coldIndex) encode(o *RowOrder) []byte {
	out := make([]byte, 8, 8+c.bytes())
	out = binary.LittleEndian.AppendUint64(out, uint64(len(c.filter)))
	if c.fence == nil {
		out = binary.LittleEndian.AppendUint64(out, 0)
	} else {
		out = binary.LittleEndian.AppendUint64(out, 1)
		for _, s := range o.steps[:o.keys] {
			out = appendColumn(out, &c.fence[s.col])
		}
	}
	for i := range c.zones {
		if z := &c.zones[i]; Bounded(o.types[i]) {
			out = appendColumn(appendColumn(appendColumn(out, &z.low), &z.high), &z.nulls)
		}
	}
	for i := range c.filter {
		for _, w := range c.filter[i] {
			out = binary.LittleEndian.AppendUint64(out, w)
		}
	}
	binary.LittleEndian.PutUint32(out, crc32.Checksum(out[8:], castagnoli))
	return out
}

func checkIndex(b []byte) error {
	if len(b) < 24 || binary.LittleEndian.Uint32(b) != crc32.Checksum(b[8:], castagnoli) || binary.LittleEndian.Uint32(b[4:]) != 0 {
		return corrupt("index of a chunk")
	}
	return nil
}

// decodeIndex reads an index that was checked, of a chunk of so many blocks.
func decodeIndex(b []byte, o *RowOrder, blocks int) (*coldIndex, error) {
	r := blockReader{rest: b[8:]}
	lines, fenced := r.u64(), r.u64()
	out := &coldIndex{}
	if fenced > 1 || lines > uint64(len(b)/64) || (lines == 0) != (o.keys == 0) {
		r.fail("index of %d lines", lines)
	}
	if fenced == 1 {
		out.fence = make([]delta.Column, len(o.types))
		for _, s := range o.steps[:o.keys] {
			out.fence[s.col] = r.column(o.types[s.col], blocks+1)
		}
	}
	out.zones = make([]coldZones, len(o.types))
	for k, t := range o.types {
		if Bounded(t) {
			out.zones[k] = coldZones{r.column(t, blocks), r.column(t, blocks), r.column(sqltype.Bool, blocks)}
		}
	}
	if words := sliceOf[uint64](r.take(64 * lines)); r.err == nil && lines > 0 {
		out.filter = make([]filterLine, lines)
		for i := range out.filter {
			copy(out.filter[i][:], words[8*i:])
		}
	}
	return out, r.end()
}

// maxFence is the most bytes of keys that a chunk keeps in memory, by block.
const maxFence = 1 << 10

// makeFence collects the keys at the edges of blocks.
func makeFence(o *RowOrder, hot *hotChunk) []delta.Column {
	fence := make([]delta.Column, len(o.types))
	n := len(hot.blocks)
	wide := 0
	for _, s := range o.steps[:o.keys] {
		b := delta.NewBuilder(o.types[s.col])
		for _, from := range hot.blocks {
			b.AppendFrom(&from.cols[s.col], 0)
		}
		last := hot.blocks[n-1]
		b.AppendFrom(&last.cols[s.col], last.n-1)
		fence[s.col] = ownColumn(b)
		wide += b.Size()
	}
	if wide > (n+1)*maxFence {
		return nil
	}
	return fence
}

// filterLine is a cache line of a filter: a key sets a bit in each word of one line.
type filterLine [8]uint64

// filterSalts make the bits of a key in the words of its line independent.
var filterSalts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// keysPerLine: 12 bits a key, one absent key in 300 or so is not seen to be.
const keysPerLine = 42

func makeFilter(o *RowOrder, hot *hotChunk) []filterLine {
	if o.keys == 0 {
		return nil
	}
	groups := hot.groups
	if groups == nil {
		groups = make([]uint16, hot.starts[len(hot.blocks)])
		for i := range groups {
			groups[i] = uint16(i)
		}
	}
	filter := make([]filterLine, len(groups)/keysPerLine+1)
	hot.eachKey(o, slices.Clone(groups), func(hash uint64, _ int32) {
		line := &filter[lineOf(hash, len(filter))]
		for i, salt := range filterSalts {
			line[i] |= 1 << (uint32(hash) * salt >> 26)
		}
	})
	return filter
}

func lineOf(hash uint64, n int) int { return int(hash >> 32 * uint64(n) >> 32) }

// mayHave: the chunk may have a key of this hash.
func (c *coldIndex) mayHave(hash uint64) bool {
	if c.filter == nil {
		return true
	}
	line := &c.filter[lineOf(hash, len(c.filter))]
	for i, salt := range filterSalts {
		if line[i]&(1<<(uint32(hash)*salt>>26)) == 0 {
			return false
		}
	}
	return true
}
