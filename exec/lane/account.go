package lane

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Account is the memory that tables and all dataflows share (state_memory). Safe for
// concurrent use.
type Account struct {
	limit int64
	used  atomic.Int64
}

// NewAccount makes an account of limit bytes; 0 = no limit.
func NewAccount(limit int64) *Account { return &Account{limit: limit} }

// Charge takes bytes (negative gives them back); past the limit nothing is taken and it is
// 53200.
func (a *Account) Charge(bytes int64) error {
	if used := a.used.Add(bytes); bytes > 0 && a.limit > 0 && used > a.limit {
		a.used.Add(-bytes)
		return a.full()
	}
	return nil
}

// Force takes bytes whatever the limit: for what is durable already and must be kept.
func (a *Account) Force(bytes int64) error {
	a.used.Add(bytes)
	return nil
}

// Room tells whether so many bytes more would fit: who is to be made durable asks before.
func (a *Account) Room(bytes int64) error {
	if a.limit > 0 && a.used.Load()+bytes > a.limit {
		return a.full()
	}
	return nil
}

// Share is what one owner holds of an account, to be given back as a whole.
type Share struct {
	of   *Account
	held atomic.Int64
}

// Share opens a share.
func (a *Account) Share() *Share { return &Share{of: a} }

// Charge is the account's, remembered.
func (s *Share) Charge(bytes int64) error {
	if err := s.of.Charge(bytes); err != nil {
		return err
	}
	s.held.Add(bytes)
	return nil
}

// Drop gives everything back; what is charged later, by who still works, is given back by
// another Drop.
func (s *Share) Drop() { s.of.used.Add(-s.held.Swap(0)) }

// Used bytes.
func (a *Account) Used() int64 { return a.used.Load() }

func (a *Account) full() error {
	return sqlerr.New(sqlerr.OutOfMemory, "out of memory").
		WithDetail("Tables, views and sinks would keep more than state_memory (%d bytes).", a.limit)
}
