package pgwire

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// socket reads and writes a TCP connection in system calls that the runtime is not told of. They
// never wait, since the socket is non-blocking, so that there is nothing to tell; and a client on the
// same machine that a write wakes, and that runs in its place for a while, does not make the runtime
// hand our processor on, which costs more than a short statement does.
//
// One goroutine reads, one writes. Deadlines are the connection's.
type socket struct {
	raw   syscall.RawConn
	read  transfer
	write transfer
}

// transfer is one direction: what is under way, and the function that does it, made once.
type transfer struct {
	call uintptr
	b    []byte
	n    int
	errs syscall.Errno
	do   func(fd uintptr) bool
}

// socketOf is the socket of a TCP connection, the connection itself where it is none.
func socketOf(nc net.Conn) io.ReadWriter {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nc
	}
	s := &socket{raw: raw, read: transfer{call: syscall.SYS_READ}, write: transfer{call: syscall.SYS_WRITE}}
	s.read.do, s.write.do = s.read.once, s.write.once
	return s
}

// once moves what can be moved now; false = nothing, wait until something can.
func (t *transfer) once(fd uintptr) bool {
	for {
		n, _, err := syscall.RawSyscall(t.call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.b))), uintptr(len(t.b)))
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		}
		if t.n, t.errs = int(n), err; err != 0 {
			t.n = 0
		}
		return true
	}
}

// Read implements io.Reader.
func (s *socket) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	t := &s.read
	t.b = b
	err := s.raw.Read(t.do)
	t.b = nil
	switch {
	case err != nil:
		return 0, err
	case t.errs != 0:
		return 0, os.NewSyscallError("read", t.errs)
	case t.n == 0:
		return 0, io.EOF
	}
	return t.n, nil
}

// Write implements io.Writer.
func (s *socket) Write(b []byte) (written int, err error) {
	t := &s.write
	defer func() { t.b = nil }()
	for written < len(b) {
		t.b = b[written:]
		if err := s.raw.Write(t.do); err != nil {
			return written, err
		}
		if t.errs != 0 {
			return written, os.NewSyscallError("write", t.errs)
		}
		written += t.n
	}
	return written, nil
}
