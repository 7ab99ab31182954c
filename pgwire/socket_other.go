//go:build !linux

package pgwire

import (
	"io"
	"net"
)

// socketOf: the connection is read and written as it is.
func socketOf(nc net.Conn) io.ReadWriter { return nc }
