package parquet

import "encoding/binary"

// delta reads whole numbers as differences in blocks of miniblocks (DELTA_BINARY_PACKED).
type delta struct {
	b     []byte
	left  int64 // numbers
	mini  int   // numbers of a miniblock
	minis int   // miniblocks of a block

	first  bool // value is the next number
	value  int64
	least  int64  // of the block
	widths []byte // of the block's miniblocks still to come
	packed int    // numbers left in the miniblock
	width  uint
	bits   []byte // of the miniblock
	bit    uint64
}

func newDelta(b []byte) (*delta, error) {
	d := &delta{b: b, first: true}
	var head [3]uint64
	for i := range head {
		var n int
		if head[i], n = binary.Uvarint(d.b); n <= 0 {
			return nil, errDelta()
		}
		d.b = d.b[n:]
	}
	block, minis := head[0], head[1]
	if block == 0 || block > 1<<24 || minis == 0 || block%minis != 0 || block/minis%8 != 0 || !fits32(int64(head[2])) {
		return nil, errDelta()
	}
	d.mini, d.minis, d.left = int(block/minis), int(minis), int64(head[2])
	var err error
	d.value, err = d.zigzag()
	return d, err
}

func errDelta() error { return bad("a page of differences is not well-formed") }

func (d *delta) zigzag() (int64, error) {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		return 0, errDelta()
	}
	d.b = d.b[n:]
	return int64(v>>1) ^ -int64(v&1), nil
}

// read fills dst.
func (d *delta) read(dst []int64) error {
	if int64(len(dst)) > d.left {
		return errFew()
	}
	d.left -= int64(len(dst))
	for len(dst) > 0 {
		if d.first {
			d.first = false
			dst[0], dst = d.value, dst[1:]
			continue
		}
		if d.packed == 0 {
			if err := d.miniblock(); err != nil {
				return err
			}
		}
		n := min(d.packed, len(dst))
		for i := range dst[:n] {
			d.value += d.least + int64(bitsAt(d.bits, d.bit, d.width)) // wraps, as the writer's difference did
			d.bit += uint64(d.width)
			dst[i] = d.value
		}
		d.packed -= n
		dst = dst[n:]
	}
	return nil
}

// miniblock begins the next miniblock, all of whose bits are there.
func (d *delta) miniblock() (err error) {
	if len(d.widths) == 0 {
		if d.least, err = d.zigzag(); err != nil {
			return err
		}
		if d.minis > len(d.b) {
			return errDelta()
		}
		d.widths, d.b = d.b[:d.minis], d.b[d.minis:]
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	size := uint64(d.width) * uint64(d.mini) / 8
	if d.width > 64 || size > uint64(len(d.b)) {
		return errDelta()
	}
	d.bits, d.b = d.b[:size], d.b[size:]
	d.packed, d.bit = d.mini, 0
	return nil
}

// behind is what follows the numbers. It steps from miniblock to miniblock: a few bytes may be billions
// of equal numbers.
func behind(b []byte) ([]byte, error) {
	d, err := newDelta(b)
	if err != nil {
		return nil, err
	}
	for d.left--; d.left > 0; d.left -= int64(d.mini) { // the first number is not in a block
		if err := d.miniblock(); err != nil {
			return nil, err
		}
	}
	return d.b, nil
}

// deltaNumbers are int32 or int64.
type deltaNumbers struct {
	*delta
	some []int64
}

func (d *deltaNumbers) read(out *values, n int) (int, error) {
	if d.some == nil {
		d.some = make([]int64, maxRows)
	}
	if err := d.delta.read(d.some[:n]); err != nil {
		return 0, err
	}
	for _, v := range d.some[:n] {
		if out.width == 4 {
			out.fixed = le.AppendUint32(out.fixed, uint32(v))
		} else {
			out.fixed = le.AppendUint64(out.fixed, uint64(v))
		}
	}
	return n, nil
}

// deltaLengths are bytes: all lengths first, then all bytes (DELTA_LENGTH_BYTE_ARRAY).
type deltaLengths struct {
	lengths *delta
	b       []byte
}

func newDeltaLengths(b []byte) (d *deltaLengths, err error) {
	d = &deltaLengths{}
	if d.lengths, err = newDelta(b); err != nil {
		return nil, err
	}
	d.b, err = behind(b)
	return d, err
}

func (d *deltaLengths) read(out *values, n int) (int, error) {
	for i := range n {
		if i > 0 && out.full() {
			return i, nil
		}
		v, err := d.next()
		if err != nil {
			return 0, err
		}
		out.add(v)
	}
	return n, nil
}

func (d *deltaLengths) next() ([]byte, error) {
	var size [1]int64
	if err := d.lengths.read(size[:]); err != nil {
		return nil, err
	}
	if n := int64(int32(size[0])); n < 0 || n > int64(len(d.b)) {
		return nil, bad("a value of %d bytes is longer than its page", n)
	}
	v := d.b[:int32(size[0])]
	d.b = d.b[len(v):]
	return v, nil
}

// deltaPrefixes are bytes that begin as the value before (DELTA_BYTE_ARRAY).
type deltaPrefixes struct {
	prefixes *delta
	suffixes *deltaLengths
	last     []byte
}

func newDeltaPrefixes(b []byte) (d *deltaPrefixes, err error) {
	d = &deltaPrefixes{}
	if d.prefixes, err = newDelta(b); err != nil {
		return nil, err
	}
	if b, err = behind(b); err != nil {
		return nil, err
	}
	d.suffixes, err = newDeltaLengths(b)
	return d, err
}

func (d *deltaPrefixes) read(out *values, n int) (int, error) {
	for i := range n {
		if i > 0 && out.full() {
			return i, nil
		}
		var prefix [1]int64
		if err := d.prefixes.read(prefix[:]); err != nil {
			return 0, err
		}
		p := int64(int32(prefix[0]))
		if p < 0 || p > int64(len(d.last)) {
			return 0, bad("a value shares %d bytes with one of %d", p, len(d.last))
		}
		suffix, err := d.suffixes.next()
		if err != nil {
			return 0, err
		}
		d.last = append(d.last[:p], suffix...)
		if out.width == 0 {
			out.add(d.last)
			continue
		}
		if len(d.last) != out.width {
			return 0, bad("a value of %d bytes in a column of %d", len(d.last), out.width)
		}
		out.fixed = append(out.fixed, d.last...)
	}
	return n, nil
}
