package memory

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Account is memory that many owners share under one limit, and under those of the accounts
// above it.
type Account struct {
	name   string // of the setting that limits it
	limit  int64  // 0 = none
	parent *Account
	used   atomic.Int64
}

// New makes an account of limit bytes (0 = no limit) that the setting name sets.
func New(name string, limit int64) *Account { return &Account{name: name, limit: limit} }

// Child makes an account whose bytes are also the parent's.
func (a *Account) Child(name string, limit int64) *Account {
	return &Account{name: name, limit: limit, parent: a}
}

// Charge takes bytes (negative gives them back). Past a limit nothing is taken and it is 53200.
func (a *Account) Charge(bytes int64) error {
	for at := a; at != nil; at = at.parent {
		if used := at.used.Add(bytes); bytes > 0 && at.limit > 0 && used > at.limit {
			for back := a; ; back = back.parent {
				back.used.Add(-bytes)
				if back == at {
					return at.full()
				}
			}
		}
	}
	return nil
}

// Force takes bytes whatever the limit: for what is durable already and must be kept.
func (a *Account) Force(bytes int64) error {
	for ; a != nil; a = a.parent {
		a.used.Add(bytes)
	}
	return nil
}

// Room tells whether so many bytes more would fit: who is to be made durable asks before.
func (a *Account) Room(bytes int64) error {
	for ; a != nil; a = a.parent {
		if a.limit > 0 && a.used.Load()+bytes > a.limit {
			return a.full()
		}
	}
	return nil
}

// Used bytes, the owners' credit among them.
func (a *Account) Used() int64 { return a.used.Load() }

// Limit in bytes, 0 = none.
func (a *Account) Limit() int64 { return a.limit }

func (a *Account) full() error { return errFull(a.name, a.limit) }

func errFull(name string, limit int64) error {
	e := sqlerr.New(sqlerr.OutOfMemory, "out of memory")
	if name == "" {
		return e
	}
	return e.WithDetail("The limit is %s, %d bytes.", name, limit)
}
