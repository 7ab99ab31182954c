package parquet

// memory is the buffers of a Reader: each is granted before it grows.
type memory struct {
	charge func(total int64) error
	total  int64
	head   []byte // of a page
	packed []byte // a page as it is in the file
}

// take asks for n bytes more, or gives them back.
func (m *memory) take(n int64) error {
	if n > 0 {
		if err := m.charge(m.total + n); err != nil {
			return err
		}
	}
	m.total += n
	return nil
}

// grow makes b n bytes long, whatever is in them, with decoderSlack behind.
func (m *memory) grow(b []byte, n int) ([]byte, error) {
	if cap(b) < n+decoderSlack {
		if err := m.take(int64(n + decoderSlack - cap(b))); err != nil {
			return b, err
		}
		b = make([]byte, n+decoderSlack)
	}
	return b[:n], nil
}

// raw is the buffer of a page before it is decompressed.
func (m *memory) raw(n int) (_ []byte, err error) {
	m.packed, err = m.grow(m.packed, n)
	return m.packed, err
}

// scratch is the buffer of a page's header.
func (m *memory) scratch(n int64) ([]byte, error) {
	var err error
	m.head, err = m.grow(m.head, int(n))
	return m.head, err
}
