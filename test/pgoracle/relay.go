package pgoracle

import (
	"io"
	"net"
	"testing"
)

// Relay listens on TCP for clients of a server that listens on a socket file, until the test ends.
func Relay(t testing.TB, network, address string) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			go carry(client, network, address)
		}
	}()
	host, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// carry copies both ways until either end is gone.
func carry(client net.Conn, network, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial(network, address)
	if err != nil {
		return // the client sees that it is closed
	}
	defer func() { _ = server.Close() }()
	gone := make(chan struct{}, 2)
	for _, ends := range [][2]net.Conn{{server, client}, {client, server}} {
		go func() {
			_, _ = io.Copy(ends[0], ends[1])
			gone <- struct{}{}
		}()
	}
	<-gone
}
