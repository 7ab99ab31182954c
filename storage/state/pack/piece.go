package pack

import (
	"errors"
	"io"
	"io/fs"
	"sync/atomic"
)

// Piece is bytes in a pack. Who has it releases it once.
type Piece struct {
	store *Store
	size  int64
	place atomic.Pointer[place] // Compact moves it
}

type place struct {
	pack *packFile
	at   int64
}

// Size in bytes.
func (p *Piece) Size() int64 { return p.size }

// ReadAt fills b from an offset of the piece.
func (p *Piece) ReadAt(b []byte, at int64) error {
	if at < 0 || at+int64(len(b)) > p.size {
		return io.ErrUnexpectedEOF
	}
	for {
		from := p.place.Load()
		err := p.store.readAt(from, b, at)
		// A pack whose pieces were moved may be gone before it was opened here.
		if !errors.Is(err, fs.ErrNotExist) || p.place.Load() == from {
			return err
		}
	}
}

func (s *Store) readAt(from *place, b []byte, at int64) error {
	f, err := s.files.get(from.pack, 0)
	if err != nil {
		return err
	}
	defer s.files.put(f)
	_, err = f.ReadAt(b, from.at+at)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Release gives the bytes back: nobody reads the piece any more.
func (p *Piece) Release() {
	s := p.store
	s.mu.Lock()
	dead := s.dropLocked(p, p.place.Load().pack)
	s.mu.Unlock()
	s.remove(dead)
}

// dropLocked takes a piece out of a pack. REQUIRES: s.mu held.
func (s *Store) dropLocked(p *Piece, pk *packFile) (dead *packFile) {
	if _, there := pk.pieces[p]; !there {
		return nil
	}
	delete(pk.pieces, p)
	pk.alive -= p.size
	return s.takeDeadLocked(pk)
}

// move copies a piece out of a pack.
func (p *Piece) move(from *packFile) error {
	s := p.store
	at := p.place.Load()
	if at.pack != from {
		return nil
	}
	b := make([]byte, p.size)
	if err := s.readAt(at, b, 0); err != nil {
		if !s.has(from, p) {
			return nil // it was released meanwhile, and its pack may be gone
		}
		return err
	}
	to, offset, err := s.reserve(p.size)
	if err != nil {
		return err
	}
	err = s.writeAt(to, offset, [][]byte{b})
	s.mu.Lock()
	to.writing--
	var dead [2]*packFile
	if _, alive := from.pieces[p]; err == nil && alive {
		to.pieces[p] = struct{}{}
		p.place.Store(&place{to, offset})
		dead[0] = s.dropLocked(p, from)
	} else {
		to.alive -= p.size // it was released meanwhile, or could not be written
		dead[1] = s.takeDeadLocked(to)
	}
	s.mu.Unlock()
	s.remove(dead[0])
	s.remove(dead[1])
	return err
}

// has: the piece is alive in the pack.
func (s *Store) has(pk *packFile, p *Piece) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, alive := pk.pieces[p]
	return alive
}
