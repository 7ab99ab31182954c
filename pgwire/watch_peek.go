//go:build unix && !linux

package pgwire

import (
	"errors"
	"syscall"
)

// atEnd looks at a socket without reading from it: it has ended, or is broken. What was sent and
// nobody read yet hides that; the next write will tell.
func atEnd(fd uintptr) bool {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	if err != nil {
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ETIMEDOUT)
	}
	return n == 0
}
