// Package piecetest keeps pieces in memory, for tests of what is made of pieces.
//
//	state ──Put, Keep──► Memory ──Open──► state
//
// A Memory is its own Writer and Reader. Goroutines and locks: one mutex, held for assignments only. It must
// not be imported by anything that is not a test, or a package of tests.
package piecetest

import (
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/storage/state/piece"
)

// Memory is an object of pieces, and what was asked of it. Safe for concurrent use.
type Memory struct {
	// Fails, if not nil, may give reads and writes an error.
	Fails func(write bool) error
	// Change, if not nil, is given what was read and may change it.
	Change func(p piece.Place, b []byte)
	// Remote: pieces are not as near as the local disk.
	Remote bool

	mu      sync.Mutex
	random  uint64 // of its object
	bytes   []byte
	written int64
	kept    int64
	open    int
	dropped int64 // pieces that begin before are gone
	bad     map[int64]bool
}

var (
	_ piece.Writer = (*Memory)(nil)
	_ piece.Reader = (*Memory)(nil)
)

// memories numbers the objects.
var memories atomic.Uint64

// As makes the name of the object the n-th, so that what is written is always the same.
func (m *Memory) As(n uint64) *Memory {
	m.random = n
	return m
}

func (m *Memory) nameLocked() piece.Object {
	if m.random == 0 {
		m.random = 1000 + memories.Add(1)
	}
	return piece.Object{Timeline: 1, Commit: 1, Random: m.random}
}

// Written is how many bytes were put, Kept how many were named again.
func (m *Memory) Written() (written, kept int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.written, m.kept
}

// Open is how many pieces are open.
func (m *Memory) Sources() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open
}

// DropAll makes everything that was put until now gone.
func (m *Memory) DropAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropped = int64(len(m.bytes))
}

// Flip changes a bit of what was put.
func (m *Memory) Flip(at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes[at] ^= 0x10
}

// Size is how many bytes there are.
func (m *Memory) Size() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.bytes))
}

// Keep implements piece.Writer.
func (m *Memory) Keep(p piece.Place) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Object != m.nameLocked() || p.At < m.dropped || m.bad[p.At] {
		return false
	}
	m.kept += p.Size
	return true
}

// Put implements piece.Writer.
func (m *Memory) Put(parts ...[]byte) (piece.Place, error) {
	if m.Fails != nil {
		if err := m.Fails(true); err != nil {
			return piece.Place{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := piece.Place{Object: m.nameLocked(), At: int64(len(m.bytes))}
	for _, b := range parts {
		m.bytes = append(m.bytes, b...)
	}
	p.Size = int64(len(m.bytes)) - p.At
	m.written += p.Size
	return p, nil
}

// Reader implements piece.Writer.
func (m *Memory) Reader() piece.Reader { return m }

// Local implements piece.Reader.
func (m *Memory) Local() bool { return !m.Remote }

// Open implements piece.Reader.
func (m *Memory) Open(p piece.Place) (piece.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Object != m.nameLocked() || p.At < m.dropped || p.At+p.Size > int64(len(m.bytes)) {
		return nil, piece.ErrGone
	}
	m.open++
	return source{m, p}, nil
}

type source struct {
	m *Memory
	p piece.Place
}

func (s source) ReadAt(b []byte, at int64) error {
	if s.m.Fails != nil {
		if err := s.m.Fails(false); err != nil {
			return err
		}
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if at < 0 || at+int64(len(b)) > s.p.Size {
		return piece.ErrGone
	}
	copy(b, s.m.bytes[s.p.At+at:])
	if s.m.Change != nil {
		s.m.Change(s.p, b)
	}
	return nil
}

func (s source) Damaged() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.bad == nil {
		s.m.bad = map[int64]bool{}
	}
	s.m.bad[s.p.At] = true
}

func (s source) Release() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.open--
}

// Bytes are all pieces, one behind the other.
func (m *Memory) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]byte(nil), m.bytes...)
}
