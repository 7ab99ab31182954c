package meta

import (
	"syscall"

	"github.com/cockroachdb/pebble/vfs"
)

// lengthen makes a new file as long as it will be. A sync of bytes at the end of a file has the file system write
// down its new length too, each time.
func lengthen(f vfs.File, size int64) {
	if fd := f.Fd(); fd != vfs.InvalidFd {
		_ = syscall.Fallocate(int(fd), 0, 0, size) // it is as good without, and a full disk tells who writes
	}
}
