//go:build unix

package server

import "syscall"

// freeSpace of the disk that path lies on, as far as this user may fill it.
func freeSpace(path string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}
