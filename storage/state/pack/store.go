package pack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// suffix of the files of packs.
const suffix = ".pack"

// ErrClosed: the store is closed.
var ErrClosed = errors.New("pack store is closed")

// Config of a Store.
type Config struct {
	Dir string
	// PackBytes is the size at which a pack is sealed; a larger piece has a pack of its own.
	PackBytes int64
	// OpenFiles is how many packs stay open at rest.
	OpenFiles int
}

// Store is the packs of one directory.
type Store struct {
	cfg   Config
	files fileTable

	mu struct {
		sync.Mutex
		packs   map[*packFile]struct{}
		current *packFile
		last    uint64 // number of the newest pack
		closed  bool
	}
}

// packFile is one file. Its fields are guarded by Store.mu, but for path.
type packFile struct {
	path    string
	size    int64
	alive   int64               // bytes of pieces that were not released
	pieces  map[*Piece]struct{} // these
	writing int                 // Writes under way
	sealed  bool
}

// Stats of a Store.
type Stats struct {
	Packs int
	Bytes int64 // of the files
	Alive int64 // of pieces
	Open  int   // files
}

// Open makes a store in a directory, which it makes, and removes what an earlier store left there.
func Open(cfg Config) (*Store, error) {
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	left, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	for _, f := range left {
		if strings.HasSuffix(f.Name(), suffix) {
			if err := os.Remove(filepath.Join(cfg.Dir, f.Name())); err != nil {
				return nil, err
			}
		}
	}
	s := &Store{cfg: cfg}
	s.files.limit = max(cfg.OpenFiles, 1)
	s.files.open = map[*packFile]*openFile{}
	s.mu.packs = map[*packFile]struct{}{}
	return s, nil
}

// Write keeps the parts, one behind the other, as a piece.
func (s *Store) Write(parts ...[]byte) (*Piece, error) {
	size := int64(0)
	for _, p := range parts {
		size += int64(len(p))
	}
	pk, at, err := s.reserve(size)
	if err != nil {
		return nil, err
	}
	err = s.writeAt(pk, at, parts)
	s.mu.Lock()
	pk.writing--
	var piece *Piece
	if err == nil {
		piece = &Piece{store: s, size: size}
		piece.place.Store(&place{pk, at})
		pk.pieces[piece] = struct{}{}
	} else {
		pk.alive -= size
	}
	dead := s.takeDeadLocked(pk)
	s.mu.Unlock()
	s.remove(dead)
	return piece, err
}

// reserve finds room for size bytes.
func (s *Store) reserve(size int64) (*packFile, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil, 0, ErrClosed
	}
	pk := s.mu.current
	if pk == nil {
		s.mu.last++
		pk = &packFile{
			path:   filepath.Join(s.cfg.Dir, fmt.Sprintf("%012d%s", s.mu.last, suffix)),
			pieces: map[*Piece]struct{}{},
		}
		s.mu.packs[pk] = struct{}{}
		s.mu.current = pk
	}
	at := pk.size
	pk.size += size
	pk.alive += size
	pk.writing++
	if pk.size >= s.cfg.PackBytes {
		pk.sealed = true
		s.mu.current = nil
	}
	return pk, at, nil
}

func (s *Store) writeAt(pk *packFile, at int64, parts [][]byte) error {
	f, err := s.files.get(pk, os.O_CREATE)
	if err != nil {
		return err
	}
	defer s.files.put(f)
	for _, p := range parts {
		if _, err := f.WriteAt(p, at); err != nil {
			return err
		}
		at += int64(len(p))
	}
	return nil
}

// takeDeadLocked takes a pack out of the store if nothing in it is alive. REQUIRES: s.mu held.
func (s *Store) takeDeadLocked(pk *packFile) *packFile {
	if _, ours := s.mu.packs[pk]; !ours || pk.alive > 0 || pk.writing > 0 || !pk.sealed && !s.mu.closed {
		return nil
	}
	delete(s.mu.packs, pk)
	return pk
}

// remove deletes the file of a pack that was taken out, if it is one.
func (s *Store) remove(pk *packFile) {
	if pk != nil {
		s.files.forget(pk)
		_ = os.Remove(pk.path) // what stays is removed by the next Open
	}
}

// Compact rewrites the sealed pack with the least alive, if that is less than half. It reports
// whether there was one.
func (s *Store) Compact() (bool, error) {
	pk, pieces := s.sparsest()
	if pk == nil {
		return false, nil
	}
	for _, p := range pieces {
		if err := p.move(pk); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *Store) sparsest() (least *packFile, pieces []*Piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pk := range s.mu.packs {
		if pk.sealed && pk.writing == 0 && pk.alive < pk.size/2 && (least == nil || pk.alive < least.alive) {
			least = pk
		}
	}
	if least == nil {
		return nil, nil
	}
	for p := range least.pieces {
		pieces = append(pieces, p)
	}
	return least, pieces
}

// Stats are the gauges now.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	out := Stats{Packs: len(s.mu.packs)}
	for pk := range s.mu.packs {
		out.Bytes += pk.size
		out.Alive += pk.alive
	}
	s.mu.Unlock()
	out.Open = s.files.count()
	return out
}

// Close removes all files. Pieces cannot be read any more.
func (s *Store) Close() {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.current = nil
	packs := s.mu.packs
	s.mu.packs = map[*packFile]struct{}{}
	s.mu.Unlock()
	for pk := range packs {
		s.remove(pk)
	}
}
