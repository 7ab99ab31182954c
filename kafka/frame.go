package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
)

// Reasons to close a connection; they are counted and logged, not answered.
var (
	errMalformed   = errors.New("malformed request")
	errFrameSize   = errors.New("frame size out of bounds")
	errUnsupported = errors.New("unsupported api key or version")
)

// header is the part of a request's header that stands in front of every version.
type header struct {
	key, version int16
	correlation  int32
}

// headerBytes is the shortest request: its header up to the correlation id.
const headerBytes = 8

// readHeader reads a frame's length and header. size is what follows the header. io.EOF means
// that the client is done.
func (c *conn) readHeader() (h header, size int, err error) {
	var b [4 + headerBytes]byte
	c.setReadDeadline(c.mayRest())
	if _, err := io.ReadFull(c.in, b[:4]); err != nil {
		return h, 0, err
	}
	length := int32(binary.BigEndian.Uint32(b[:]))
	if length < headerBytes || int64(length) > int64(c.s.cfg.MaxRequestBytes) {
		return h, 0, fmt.Errorf("%w: %d bytes", errFrameSize, length)
	}
	c.setReadDeadline(c.s.cfg.IOTimeout)
	if _, err := io.ReadFull(c.in, b[4:]); err != nil {
		return h, 0, unexpected(err)
	}
	h.key = int16(binary.BigEndian.Uint16(b[4:]))
	h.version = int16(binary.BigEndian.Uint16(b[6:]))
	h.correlation = int32(binary.BigEndian.Uint32(b[8:]))
	return h, int(length) - headerBytes, nil
}

// mayRest is how long the client may take until its next request begins.
func (c *conn) mayRest() time.Duration {
	if !c.asked {
		return c.s.cfg.FirstTimeout
	}
	return c.s.cfg.IdleTimeout
}

// readBody reads the rest of a frame into memory of its own. Its first admission.Free bytes are
// the connection's; room is taken once they have come, and what follows has to keep pace, since
// others wait for that room.
func (c *conn) readBody(ctx context.Context, key int16, size int) (body []byte, release func(), err error) {
	body = make([]byte, min(size, admission.Free))
	c.setReadDeadline(c.s.cfg.IOTimeout)
	if _, err := io.ReadFull(c.in, body); err != nil {
		return nil, nil, unexpected(err)
	}
	if release, err = c.admitBody(ctx, key, size); err != nil {
		return nil, nil, err
	}
	if len(body) == size {
		return body, release, nil
	}
	whole := make([]byte, size)
	if err := c.readPaced(whole, copy(whole, body)); err != nil {
		release()
		return nil, nil, err
	}
	return whole, release, nil
}

// readPaced reads into body from there on.
func (c *conn) readPaced(body []byte, from int) error {
	now := c.s.cfg.Clock.Now
	pace := admission.Pace{Since: now()}
	for from < len(body) {
		end := min(from+admission.PaceStep, len(body))
		c.readDeadlineAt(pace.Deadline(now(), from, end))
		if _, err := io.ReadFull(c.in, body[from:end]); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && !c.s.draining() {
				c.s.metrics.TooSlow.Add(1)
			}
			return unexpected(err)
		}
		from = end
	}
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *conn) setReadDeadline(d time.Duration) { c.readDeadlineAt(c.s.cfg.Clock.Now().Add(d)) }

// readDeadlineAt is no later than the login may take, and does nothing once the server drains: Shutdown has set one that has passed.
func (c *conn) readDeadlineAt(t time.Time) {
	if !c.loginBy.IsZero() && c.loginBy.Before(t) {
		t = c.loginBy
	}
	_ = c.nc.SetReadDeadline(t) // a closed socket fails at the read
	if c.s.draining() {
		_ = c.nc.SetReadDeadline(longAgo)
	}
}

var (
	longAgo  = time.Unix(1, 0)
	zeroTime time.Time
)

// skipHeader takes client id and, in flexible versions, tagged fields off the front.
func skipHeader(body []byte, flexible bool) (clientID string, rest []byte, err error) {
	if len(body) < 2 {
		return "", nil, errMalformed
	}
	n := int(int16(binary.BigEndian.Uint16(body)))
	body = body[2:]
	if n > 0 {
		if n > len(body) {
			return "", nil, errMalformed
		}
		clientID, body = string(body[:n]), body[n:]
	}
	c := cursor{src: body, flexible: flexible}
	if c.tags(); c.bad {
		return "", nil, errMalformed
	}
	return clientID, c.src, nil
}

// socketWriter gives each piece that moves a deadline of its own, so that a slow client is
// waited for and a stuck one is not.
type socketWriter struct {
	nc      net.Conn
	timeout time.Duration
	now     func() time.Time
	sent    func(n int)
}

const writePiece = 1 << 20

func (w *socketWriter) Write(p []byte) (written int, err error) {
	for written < len(p) {
		_ = w.nc.SetWriteDeadline(w.now().Add(w.timeout)) // a closed socket fails at the write
		n, err := w.nc.Write(p[written:min(len(p), written+writePiece)])
		written += n
		w.sent(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}
