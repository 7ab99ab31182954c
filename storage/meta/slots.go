package meta

import (
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/vfs"
)

// A slot file is one line of text that is replaced in place without ever being lost: two slots,
// written in turn, each with a number and a checksum. Bytes: docs/formats/start.md.
type slotFile struct {
	fs   vfs.FS
	path string

	mu     sync.Mutex
	number uint64
	file   vfs.File // nil until the first write
}

const (
	slotSize = 512
	slotText = slotSize - len(" 00000000\n")
)

// read returns the newest whole line, "" when there is none; damaged tells a file without one.
func (s *slotFile) read() (line string, damaged bool, err error) {
	b, err := readFile(s.fs, s.path)
	if isNotExist(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	for at := 0; at+slotSize <= len(b); at += slotSize {
		slot := string(b[at : at+slotSize])
		if fmt.Sprintf(" %08x\n", crc32.Checksum(b[at:at+slotText], castagnoli)) != slot[slotText:] {
			continue
		}
		var n uint64
		text, rest, _ := strings.Cut(slot[:slotText], " #")
		if _, err := fmt.Sscanf(rest, "%d", &n); err == nil && n > s.number {
			s.number, line = n, text
		}
	}
	return line, line == "", nil
}

// write replaces the line; it is durable on return.
// REQUIRES: read was called before the first write.
func (s *slotFile) write(line string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.openLocked(); err != nil {
		return err
	}
	s.number++
	text := fmt.Sprintf("%-*s", slotText, fmt.Sprintf("%s #%d", line, s.number))
	if len(text) > slotText {
		return fmt.Errorf("%s: line of %d bytes", s.path, len(text))
	}
	slot := fmt.Sprintf("%s %08x\n", text, crc32.Checksum([]byte(text), castagnoli))
	if _, err := s.file.WriteAt([]byte(slot), int64(s.number%2)*slotSize); err != nil {
		return err
	}
	return s.file.SyncData()
}

// openLocked opens the file, and makes a new one durable with its name.
// REQUIRES: s.mu held.
func (s *slotFile) openLocked() (err error) {
	if s.file != nil {
		return nil
	}
	_, statErr := s.fs.Stat(s.path)
	if s.file, err = s.fs.OpenReadWrite(s.path); err != nil || statErr == nil {
		return err
	}
	if _, err := s.file.WriteAt(make([]byte, 2*slotSize), 0); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	return syncDirectory(s.fs, s.fs.PathDir(s.path))
}

func (s *slotFile) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}

func syncDirectory(fs vfs.FS, path string) error {
	dir, err := fs.OpenDir(path)
	if err != nil {
		return err
	}
	if err := dir.Sync(); err != nil {
		_ = dir.Close() // the sync error is what matters
		return err
	}
	return dir.Close()
}

func readFile(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return b, err
}
