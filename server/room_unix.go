//go:build unix

package server

import "syscall"

// diskSpace of the disk that path lies on: what it holds, and what is free of it, as far as this
// user may fill it.
func diskSpace(path string) (total, free int64, err error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, 0, err
	}
	return int64(fs.Blocks) * int64(fs.Bsize), int64(fs.Bavail) * int64(fs.Bsize), nil
}
