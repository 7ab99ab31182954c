package ballast

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Config of a File.
type Config struct {
	Path string
	Size int64 // 0 = no ballast: a file that is there is removed
	// Keep is how much of the disk is left free beside the file when it is made.
	Keep int64
	Free func() (int64, error) // free space of the disk
}

// File is a ballast, which may be there or not.
type File struct {
	cfg   Config
	mu    sync.Mutex
	there bool
}

// Open finds the ballast, or removes one of another size; Restore makes it.
func Open(cfg Config) (*File, error) {
	f := &File{cfg: cfg}
	info, err := os.Lstat(cfg.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("ballast: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("ballast: %s is no plain file: remove it", cfg.Path)
	case cfg.Size > 0 && info.Size() == cfg.Size:
		f.there = true
	default:
		if err := os.Remove(cfg.Path); err != nil {
			return nil, fmt.Errorf("ballast: %w", err)
		}
	}
	return f, nil
}

// Release removes the file and says whether that gave any room.
func (f *File) Release() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.there {
		return false
	}
	f.there = false
	return os.Remove(f.cfg.Path) == nil
}

// Restore makes the file again if there is room for it beside what is to be kept free.
func (f *File) Restore() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.there || f.cfg.Size == 0 {
		return nil
	}
	free, err := f.cfg.Free()
	if err != nil || free < f.cfg.Size+f.cfg.Keep {
		return nil // why: who cannot tell the free space goes on without
	}
	if err := create(f.cfg.Path, f.cfg.Size); err != nil {
		_ = os.Remove(f.cfg.Path) // what there is of it would only take room
		return fmt.Errorf("ballast: %w", err)
	}
	f.there = true
	return nil
}

func create(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = allocate(file, size)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// fill takes the room by writing.
func fill(file *os.File, size int64) error {
	block := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(block)) {
		if _, err := file.WriteAt(block[:min(int64(len(block)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
