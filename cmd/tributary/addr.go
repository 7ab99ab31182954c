package main

import "net"

// hostPort splits a bound address.
func hostPort(a net.Addr) [2]string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return [2]string{a.String(), ""}
	}
	return [2]string{host, port}
}
