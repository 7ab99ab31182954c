package pgwire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// pair is a TCP connection and the socket of its other end.
func pair(t *testing.T) (near, far net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

// TestSocket: what is written arrives whole though the other side is slow to read it, an end is EOF, a
// deadline and a broken connection are errors.
func TestSocket(t *testing.T) {
	near, far := pair(t)
	s := socketOf(far)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than any buffer between them
	wrote := make(chan error, 1)
	go func() {
		n, err := s.Write(sent)
		if err == nil && n != len(sent) {
			err = io.ErrShortWrite
		}
		wrote <- err
	}()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(near, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%v, equal %v", err, bytes.Equal(got, sent))
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = near.Write(sent) }()
	if _, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%v, equal %v", err, bytes.Equal(got, sent))
	}
	_ = far.SetReadDeadline(time.Unix(1, 0))
	if _, err := s.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline: %v", err)
	}
	_ = far.SetDeadline(time.Time{})
	_ = near.(*net.TCPConn).CloseWrite()
	if n, err := s.Read(got); n != 0 || err != io.EOF {
		t.Errorf("an end: %d, %v", n, err)
	}
	_ = near.(*net.TCPConn).SetLinger(0)
	_ = near.Close()
	var err error
	for range 100 { // the first may be taken before the reset has come
		if _, err = s.Write(sent); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("a write to a connection that is gone has no error")
	}
	_ = far.Close()
	if _, err := s.Read(got); err == nil {
		t.Error("a read of a closed connection has no error")
	}
}
