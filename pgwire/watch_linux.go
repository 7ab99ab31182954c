package pgwire

import "golang.org/x/sys/unix"

// atEnd asks whether the other side of a socket has closed it, or it is broken, whatever it has
// sent before that and nobody read yet (as PostgreSQL's client_connection_check_interval does).
func atEnd(fd uintptr) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(p, 0)
	return err == nil && n > 0 && p[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
}
