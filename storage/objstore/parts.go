package objstore

import (
	"errors"
	"io"
)

// partsReader reads parts one after the other, and again from the start when a request is signed
// and sent: an io.ReadSeeker that copies nothing.
type partsReader struct {
	parts [][]byte
	size  int64
	pos   int64
	part  int // the part that pos lies in
	at    int // pos in that part
}

var _ io.ReadSeeker = (*partsReader)(nil)

func newPartsReader(parts [][]byte) *partsReader {
	return &partsReader{parts: parts, size: sizeOf(parts)}
}

func (r *partsReader) Read(dst []byte) (int, error) {
	n := 0
	for r.part < len(r.parts) && n < len(dst) { // parts may be many and small
		c := copy(dst[n:], r.parts[r.part][r.at:])
		n, r.at = n+c, r.at+c
		if r.at == len(r.parts[r.part]) {
			r.part, r.at = r.part+1, 0
		}
	}
	r.pos += int64(n)
	if n == 0 && len(dst) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *partsReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start")
	}
	r.pos, r.part, r.at = min(offset, r.size), 0, 0
	left := r.pos
	for r.part < len(r.parts) && left >= int64(len(r.parts[r.part])) {
		left -= int64(len(r.parts[r.part]))
		r.part++
	}
	r.at = int(left)
	return r.pos, nil
}
