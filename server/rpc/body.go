package rpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
)

// body is a request's body. It takes room for a message before the message is read past its first
// 64 KiB, and gives it a time to come.
//
// Streams and gRPC put five bytes before each message: flags and a length. So a body knows where
// messages begin. A plain HTTP request is one message.
type body struct {
	in        io.ReadCloser
	ctx       context.Context
	room      *admission.Budget
	call      *call
	enveloped bool
	// packed: the message is compressed, so that its size is not known.
	packed bool
	size   int64 // of a message without an envelope, -1 unknown

	prefix  [5]byte
	have    int   // bytes of the prefix
	left    int64 // bytes of the message to come, with an envelope
	got     int64 // bytes of the message that have come
	release held
}

// held is what gives room back, once.
type held struct {
	mu sync.Mutex
	f  func()
}

func (h *held) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.f = f
}

func (h *held) take() func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.f
	h.f = nil
	if f == nil {
		return func() {}
	}
	return f
}

func (h *held) any() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.f != nil
}

func newBody(ctx context.Context, r *http.Request, room *admission.Budget, c *call) *body {
	kind := r.Header.Get("Content-Type")
	b := &body{in: r.Body, ctx: ctx, room: room, call: c, size: r.ContentLength}
	b.enveloped = strings.HasPrefix(kind, "application/grpc") || strings.HasPrefix(kind, "application/connect+")
	if encoding := r.Header.Get("Content-Encoding"); !b.enveloped && encoding != "" && encoding != "identity" {
		b.packed = true
	}
	return b
}

func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !b.enveloped {
		return b.readPlain(p)
	}
	if b.have < len(b.prefix) {
		return b.readPrefix(p)
	}
	if b.packed && !b.release.any() {
		if err := b.acquire(maxMessage); err != nil {
			return 0, err
		}
	}
	if b.got >= admission.Free && !b.release.any() {
		if err := b.acquire(b.left + b.got); err != nil {
			return 0, err
		}
	}
	limit := b.left
	if b.got < admission.Free {
		limit = min(limit, admission.Free-b.got)
	}
	n, err := b.in.Read(p[:min(int64(len(p)), limit)])
	b.got += int64(n)
	if b.left -= int64(n); b.left == 0 {
		b.have = 0
		err = b.complete(err)
	}
	return n, err
}

// readPlain reads a request that is one message.
func (b *body) readPlain(p []byte) (int, error) {
	if b.got > maxMessage {
		// why here too: who reads would read it to its end before it refuses.
		return 0, fmt.Errorf("a message of more than %d bytes", maxMessage)
	}
	if b.packed || b.got >= admission.Free {
		if !b.release.any() {
			size := b.size
			if b.packed || size < 0 {
				size = maxMessage
			}
			if err := b.acquire(size); err != nil {
				return 0, err
			}
		}
	} else {
		p = p[:min(int64(len(p)), admission.Free-b.got)]
	}
	n, err := b.in.Read(p)
	b.got += int64(n)
	if errors.Is(err, io.EOF) {
		err = b.complete(err)
	}
	return n, err
}

// readPrefix reads what comes before a message.
func (b *body) readPrefix(p []byte) (int, error) {
	n, err := b.in.Read(p[:min(len(p), len(b.prefix)-b.have)])
	copy(b.prefix[b.have:], p[:n])
	if b.have == 0 && n > 0 {
		b.release.take()() // of the message before, unless its handler took it over
		if deadlineErr := b.call.control.SetReadDeadline(time.Now().Add(messageTimeout)); deadlineErr != nil {
			return n, deadlineErr
		}
	}
	if b.have += n; b.have < len(b.prefix) {
		return n, err
	}
	b.left, b.got = int64(binary.BigEndian.Uint32(b.prefix[1:])), 0
	b.packed = b.prefix[0]&1 != 0
	switch {
	case b.left > maxMessage:
		b.in = broken{fmt.Errorf("a message of %d bytes", b.left)}
	case b.left == 0:
		b.have = 0
		err = b.complete(err)
	}
	return n, err
}

// complete lets the client be silent once a message is there: its connection is looked after by net/http.
// The first message has the time that the HTTP server gives a request.
func (b *body) complete(err error) error {
	if deadlineErr := b.call.control.SetReadDeadline(time.Time{}); err == nil {
		err = deadlineErr
	}
	return err
}

func (b *body) acquire(size int64) error {
	release, err := b.room.Acquire(b.ctx, b.call.who.Peer, min(size, maxMessage))
	if err != nil {
		return err
	}
	b.release.set(release)
	return nil
}

// takeRoom hands the room of the message that was read last over to the caller.
func (b *body) takeRoom() (release func()) { return b.release.take() }

func (b *body) done() { b.release.take()() }

func (b *body) Close() error { return b.in.Close() }

// broken is what comes behind a message that is too large.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
func (b broken) Close() error             { return nil }
