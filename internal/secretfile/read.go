package secretfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxBytes bounds what is read: no secret is longer.
const maxBytes = 1 << 20

// Masks of the permissions that a file may not give.
const (
	OwnerOnly  fs.FileMode = 0o077 // nobody but the owner
	GroupReads fs.FileMode = 0o027 // the group may read it: where another program of it shares the file
)

// Read reads a file whose mode has none of the refused bits; the error names what to do.
func Read(path string, refused fs.FileMode) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// why not of pipes and the like: a mode says nothing about who reads them.
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&refused != 0 {
		return nil, fmt.Errorf("mode %04o of %s lets others read or change it: run chmod 0600 %s", mode.Perm(), path, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		return nil, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return text, err
}
