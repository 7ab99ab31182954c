package pgwire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	// smallMessage bounds the messages that only carry names and numbers, as PostgreSQL does.
	smallMessage = 10_000
	// authMessage bounds any message of a client that is not authenticated.
	authMessage = 64 << 10
	// keepBody is the largest body buffer that is kept for the next message.
	keepBody = 64 << 10
	// readStep is how much of a large body is allocated ahead of its bytes.
	readStep = 1 << 20
)

// reader cuts a connection's bytes into messages.
//
// INVARIANT: what it allocates is at most readStep ahead of what the client has sent.
type reader struct {
	br      *bufio.Reader
	maxBody int
	body    []byte
	discard int // bytes of the last body still in br
	lost    bool
}

func newReader(r io.Reader, maxBody int) *reader {
	return &reader{br: bufio.NewReaderSize(r, 16<<10), maxBody: maxBody}
}

// next returns the next message's type and body, which is borrowed until the next call. A
// *sqlerr.Error means that the stream cannot be followed any more.
func (r *reader) next() (byte, []byte, error) {
	if r.lost {
		return 0, nil, errLost
	}
	if err := r.skipLast(); err != nil {
		return 0, nil, err
	}
	header, err := r.br.Peek(5)
	if err != nil {
		return 0, nil, unexpectedEOF(err, len(header) > 0)
	}
	typ, size := header[0], int64(binary.BigEndian.Uint32(header[1:]))-4
	limit := r.limit(typ)
	if limit < 0 {
		return 0, nil, sqlerr.New(sqlerr.ProtocolViolation, "invalid frontend message type %d", typ)
	}
	if size < 0 || size > int64(limit) {
		return 0, nil, sqlerr.New(sqlerr.ProtocolViolation, "invalid message length")
	}
	_, _ = r.br.Discard(5)
	body, err := r.read(int(size))
	r.lost = err != nil // a deadline may have cut a message in two
	return typ, body, err
}

// limit is the largest body of a message type, -1 for an unknown one.
func (r *reader) limit(typ byte) int {
	switch typ {
	case 'C', 'D', 'E', 'H', 'S', 'X', 'c', 'f':
		return min(smallMessage, r.maxBody)
	case 'p':
		return min(authMessage, r.maxBody)
	case 'B', 'F', 'P', 'Q', 'd':
		return r.maxBody
	}
	return -1
}

func (r *reader) read(size int) ([]byte, error) {
	if size <= r.br.Size() {
		body, err := r.br.Peek(size)
		if err != nil {
			return nil, unexpectedEOF(err, true)
		}
		r.discard = size
		return body, nil
	}
	if cap(r.body) > keepBody {
		r.body = nil
	}
	r.body = r.body[:0]
	for len(r.body) < size {
		from, step := len(r.body), min(size-len(r.body), max(readStep, len(r.body)))
		if cap(r.body)-from < step {
			grown := make([]byte, from, from+step)
			copy(grown, r.body)
			r.body = grown
		}
		r.body = r.body[:from+step]
		if _, err := io.ReadFull(r.br, r.body[from:]); err != nil {
			return nil, unexpectedEOF(err, true)
		}
	}
	return r.body, nil
}

func (r *reader) skipLast() error {
	if r.discard == 0 {
		return nil
	}
	_, err := r.br.Discard(r.discard)
	r.discard = 0
	return err
}

func unexpectedEOF(err error, inside bool) error {
	if err == io.EOF && inside {
		return fmt.Errorf("connection ended inside a message: %w", io.ErrUnexpectedEOF)
	}
	return err
}
