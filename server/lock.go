package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockDirectory makes the data directory, refuses one that others may enter, and takes its LOCK
// file, which holds our pid.
func (s *Server) lockDirectory(context.Context) error {
	dir := s.cfg.DataDir
	if err := makeDirectory(dir); err != nil {
		return fmt.Errorf("data directory %s: %w", dir, err)
	}
	if err := checkDirectory(dir); err != nil {
		return fmt.Errorf("data directory %s: %w", dir, err)
	}
	path := filepath.Join(dir, "LOCK")
	// why no link is followed: the file is cut and written, and whoever could make a link here
	// would choose which.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return fmt.Errorf("%s is a symbolic link: remove it", path)
	}
	if err != nil {
		return fmt.Errorf("data directory %s: %w", dir, err)
	}
	if err := lockFile(f, dir); err != nil {
		_ = f.Close() // nothing was written
		return err
	}
	s.onClose(func(context.Context) error { return f.Close() })
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// lockFile locks a LOCK file that is the directory's own.
func lockFile(f *os.File, dir string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.Mode().IsRegular() || ok && st.Nlink > 1 {
		return fmt.Errorf("%s is a link or no plain file: remove it", f.Name())
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := os.ReadFile(f.Name()) // only for the message
		return fmt.Errorf("data directory %s is in use by another server (pid %s)", dir, strings.TrimSpace(string(holder)))
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// checkDirectory refuses a directory that is not ours alone. An empty one, as a mount or mkdir
// leaves it, is closed to others instead.
func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d, the server runs as user %d: start it as its owner", st.Uid, os.Geteuid())
	}
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return os.Chmod(dir, 0o700)
	}
	return fmt.Errorf("mode %04o lets others in: run chmod 0700 %s", mode, dir)
}

// makeDirectory makes dir and its parents, each made durable in its own parent.
func makeDirectory(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return errors.New("not a directory")
		}
		return nil
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := makeDirectory(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	p, err := os.Open(parent)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Sync()
}
