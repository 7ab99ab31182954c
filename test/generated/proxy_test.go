package generated

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// proxied is the address of a server that puts new where old stands in queries and hands everything on to addr. sqlsmith
// names pg_catalog.pg_operator in full, so no search path gives it another.
func proxied(t *testing.T, addr, old, new string) *net.TCPAddr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				_ = client.Close()
				continue
			}
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				_, _ = io.Copy(client, server)
				_ = client.Close()
			}()
			_ = rewrite(server, client, []byte(old), []byte(new)) // ends with the connection
			_ = server.Close()
			<-answered
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().(*net.TCPAddr)
}

// rewrite copies the messages of a client, the first of which has no type.
func rewrite(to io.Writer, from io.Reader, old, new []byte) error {
	for head := make([]byte, 4); ; head = make([]byte, 5) {
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		n := len(head) - 4
		body := make([]byte, binary.BigEndian.Uint32(head[n:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		body = bytes.ReplaceAll(body, old, new)
		binary.BigEndian.PutUint32(head[n:], uint32(len(body)+4))
		if _, err := to.Write(append(head, body...)); err != nil {
			return err
		}
	}
}
