package main

import "net"

// hostPort splits a bound address, as a client on this machine reaches it: any address is its own.
func hostPort(a net.Addr) [2]string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return [2]string{a.String(), ""}
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return [2]string{host, port}
}
