package pgwire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	// smallMessage bounds the messages that only carry names and numbers, as PostgreSQL does.
	smallMessage = 10_000
	// authMessage bounds any message of a client that is not authenticated.
	authMessage = 64 << 10
)

// bodySource brings the part of a body that a connection does not read on its own account.
type bodySource interface {
	// roomFor waits for room for a whole body; release gives it back.
	roomFor(size int) (release func(), err error)
	// fill reads into body from there on.
	fill(body []byte, from int) error
}

// reader cuts a connection's bytes into messages.
//
// INVARIANT: of a body it holds admission.Free bytes, or there is room for all of it.
type reader struct {
	br      *bufio.Reader
	source  bodySource
	maxBody int
	kept    []byte // for bodies up to admission.Free that are larger than br
	discard int    // bytes of the last body still in br
	release func() // of the last body's room; nil = it took none
	lost    bool
	// cut is the message whose body a deadline has cut: the next call goes on with it. typ 0 = none was.
	cut struct {
		typ        byte
		size, have int
	}
}

func newReader(r io.Reader, source bodySource, maxBody int) *reader {
	return &reader{br: bufio.NewReaderSize(r, 16<<10), source: source, maxBody: maxBody}
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
	if r.cut.typ != 0 {
		return r.body()
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
	r.cut.typ, r.cut.size, r.cut.have = typ, int(size), 0
	return r.body()
}

// body reads what is missing of the message at hand.
func (r *reader) body() (byte, []byte, error) {
	typ := r.cut.typ
	body, err := r.read(r.cut.size)
	if err != nil {
		// What is past admission.Free is not kept while nobody waits for it: the message cannot be gone on with.
		r.lost = r.cut.have >= admission.Free
		return typ, nil, err
	}
	r.cut.typ = 0
	return typ, body, nil
}

// waitByte waits until a message begins; its error is that of the read.
func (r *reader) waitByte() error {
	if r.lost || r.skipLast() != nil || r.cut.typ != 0 {
		return nil
	}
	_, err := r.br.Peek(1)
	return err
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
	if r.kept == nil {
		r.kept = make([]byte, admission.Free)
	}
	body := r.kept[:min(size, admission.Free)]
	n, err := io.ReadFull(r.br, body[r.cut.have:])
	if r.cut.have += n; err != nil {
		return nil, unexpectedEOF(err, true)
	}
	if len(body) == size {
		return body, nil
	}
	if r.release, err = r.source.roomFor(size); err != nil {
		return nil, err
	}
	whole := make([]byte, size)
	if err := r.source.fill(whole, copy(whole, body)); err != nil {
		return nil, unexpectedEOF(err, true)
	}
	return whole, nil
}

// skipLast goes behind the last body.
func (r *reader) skipLast() error {
	r.endLoan()
	if r.discard == 0 {
		return nil
	}
	_, err := r.br.Discard(r.discard)
	r.discard = 0
	return err
}

// endLoan gives back the room of the last body, which nobody may look at any more.
func (r *reader) endLoan() {
	if r.release != nil {
		r.release()
		r.release = nil
	}
}

func unexpectedEOF(err error, inside bool) error {
	if err == io.EOF && inside {
		return fmt.Errorf("connection ended inside a message: %w", io.ErrUnexpectedEOF)
	}
	return err
}
