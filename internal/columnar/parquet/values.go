package parquet

import "math"

// maxRows and maxBytes are how many rows of a column are decoded at once, and how many bytes of
// values; one value may be longer.
const maxRows, maxBytes = 8192, 1 << 20

// values are decoded values of a column, without its NULLs: all of one width, or each with an end.
// Those of booleans are a byte each.
type values struct {
	width int // 0: bytes with ends
	fixed []byte
	ends  []uint32
	bytes []byte
}

func (v *values) reset() { v.fixed, v.ends, v.bytes = v.fixed[:0], v.ends[:0], v.bytes[:0] }

// most is how many of n values are taken at once, as far as their width says.
func (v *values) most(n int) int {
	if v.width > 0 {
		return min(n, max(1, maxBytes/v.width))
	}
	return n
}

// full tells that no further value should follow those that are there.
func (v *values) full() bool { return len(v.bytes) >= maxBytes }

// add appends a value of bytes.
func (v *values) add(b []byte) {
	v.bytes = append(v.bytes, b...)
	v.ends = append(v.ends, uint32(len(v.bytes)))
}

// at is value i.
func (v *values) at(i int) []byte {
	if v.width > 0 {
		return v.fixed[i*v.width : (i+1)*v.width]
	}
	from := uint32(0)
	if i > 0 {
		from = v.ends[i-1]
	}
	return v.bytes[from:v.ends[i]]
}

// size is the memory it takes.
func (v *values) size() int64 { return int64(cap(v.fixed) + 4*cap(v.ends) + cap(v.bytes)) }

// decoder reads the values of a page in order.
type decoder interface {
	// read appends at least one and at most n values to out, which has room for n of out's width,
	// and tells how many. An error when the page has none left.
	read(out *values, n int) (int, error)
}

func errFew() error { return bad("a page has fewer values than it says") }

// plainFixed are values of one width, one behind the other.
type plainFixed struct{ b []byte }

func (d *plainFixed) read(out *values, n int) (int, error) {
	size := n * out.width
	if size > len(d.b) {
		return 0, errFew()
	}
	out.fixed = append(out.fixed, d.b[:size]...)
	d.b = d.b[size:]
	return n, nil
}

// plainBits are booleans.
type plainBits struct {
	b  []byte
	at uint64
}

func (d *plainBits) read(out *values, n int) (int, error) {
	if d.at+uint64(n) > 8*uint64(len(d.b)) {
		return 0, errFew()
	}
	for range n {
		out.fixed = append(out.fixed, d.b[d.at>>3]>>(d.at&7)&1)
		d.at++
	}
	return n, nil
}

// runBits are booleans in a hybrid.
type runBits struct {
	hybrid
	some []uint32
}

func (d *runBits) read(out *values, n int) (int, error) {
	d.some = sized32(d.some, n)
	if err := d.hybrid.read(d.some); err != nil {
		return 0, err
	}
	for _, v := range d.some {
		out.fixed = append(out.fixed, byte(v))
	}
	return n, nil
}

// plainBytes are bytes, each behind its length.
type plainBytes struct{ b []byte }

func (d *plainBytes) read(out *values, n int) (int, error) {
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

func (d *plainBytes) next() ([]byte, error) {
	if len(d.b) < 4 {
		return nil, errFew()
	}
	size := le.Uint32(d.b)
	if uint64(size) > uint64(len(d.b)-4) {
		return nil, bad("a value of %d bytes is longer than its page", size)
	}
	v := d.b[4 : 4+size]
	d.b = d.b[4+size:]
	return v, nil
}

// dictionary picks values by number.
type dictionary struct {
	hybrid
	of   *values
	n    int
	some []uint32
	next []uint32 // of some
}

// newDictionary reads the page b with numbers of the n values of.
func newDictionary(b []byte, of *values, n int) (*dictionary, error) {
	d := &dictionary{of: of, n: n}
	if len(b) > 0 {
		if b[0] > 32 {
			return nil, bad("a page has dictionary indexes of %d bits", b[0])
		}
		d.hybrid = newHybrid(b[1:], uint(b[0]))
	}
	return d, nil
}

func (d *dictionary) read(out *values, n int) (int, error) {
	if d.of.width == 0 {
		return d.readBytes(out, n)
	}
	if err := d.numbers(n); err != nil {
		return 0, err
	}
	for _, k := range d.next {
		out.fixed = append(out.fixed, d.of.at(int(k))...)
	}
	d.next = nil
	return n, nil
}

// readBytes keeps the numbers whose values are for the next call.
func (d *dictionary) readBytes(out *values, n int) (int, error) {
	for i := range n {
		if i > 0 && out.full() {
			return i, nil
		}
		if len(d.next) == 0 {
			if err := d.numbers(min(n-i, 1024)); err != nil {
				return 0, err
			}
		}
		out.add(d.of.at(int(d.next[0])))
		d.next = d.next[1:]
	}
	return n, nil
}

// numbers reads and checks n numbers.
func (d *dictionary) numbers(n int) error {
	d.some = sized32(d.some, n)
	if err := d.hybrid.read(d.some); err != nil {
		return err
	}
	for _, k := range d.some {
		if int64(k) >= int64(d.n) {
			return bad("dictionary index %d of %d values", k, d.n)
		}
	}
	d.next = d.some
	return nil
}

// newRunBits reads a hybrid behind its length.
func newRunBits(b []byte) (*runBits, error) {
	if len(b) == 0 {
		return &runBits{}, nil // a page of NULLs
	}
	if len(b) < 4 || uint64(le.Uint32(b)) > uint64(len(b)-4) {
		return nil, bad("a page of booleans is cut off")
	}
	return &runBits{hybrid: newHybrid(b[4:4+le.Uint32(b)], 1)}, nil
}

func sized32(b []uint32, n int) []uint32 {
	if cap(b) < n {
		b = make([]uint32, n)
	}
	return b[:n]
}

// split are values of one width whose first bytes all come first, then all second ones
// (BYTE_STREAM_SPLIT).
type split struct {
	b    []byte
	n, i int
}

func newSplit(b []byte, width int) (*split, error) {
	if len(b)%width != 0 {
		return nil, bad("a page of split values has %d bytes for values of %d", len(b), width)
	}
	return &split{b: b, n: len(b) / width}, nil
}

func (d *split) read(out *values, n int) (int, error) {
	if n > d.n-d.i {
		return 0, errFew()
	}
	for i := d.i; i < d.i+n; i++ {
		for at := i; at < len(d.b); at += d.n {
			out.fixed = append(out.fixed, d.b[at])
		}
	}
	d.i += n
	return n, nil
}

// fits32 tells whether a length of a page is one.
func fits32(v int64) bool { return v >= 0 && v <= math.MaxInt32 }
