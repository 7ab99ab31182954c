package server

import "strings"

// freeSpace of the disk that path lies on, as far as this user may fill it.
func freeSpace(path string) (int64, error) {
	_, free, err := diskSpace(path)
	return free, err
}

// objectDisk tells the size of the object store's disk and what is free of it; nil if the store is no
// directory.
func (s *Server) objectDisk() func() (total, free int64) {
	dir, local := strings.CutPrefix(s.cfg.ObjectStore, "file://")
	if !local {
		return nil
	}
	return func() (int64, int64) {
		total, free, err := diskSpace(dir)
		if err != nil {
			return -1, -1
		}
		return total, free
	}
}
