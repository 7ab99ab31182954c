package memory

import "sync"

// creditLine is what an owner draws from its account ahead of its need, at most; creditPart is the part of the account
// that an owner may keep which holds little or nothing. Where an account is small, what many owners keep after they
// held much must not be most of it.
const (
	creditLine = 1 << 20
	creditPart = 1 << 10
)

// Owner is what one statement, subscription or dataflow holds of an account, with a limit of
// its own.
type Owner struct {
	of    *Account
	name  string
	limit int64
	// least is the credit that is kept whatever is held.
	least int64

	mu     sync.Mutex
	held   int64 // charged by the owner
	credit int64 // drawn from the account beyond held
}

// Owner opens an owner without a limit of its own.
func (a *Account) Owner() *Owner { return a.Limited("", 0) }

// Limited opens an owner that the setting name limits to limit bytes, 0 = no limit.
func (a *Account) Limited(name string, limit int64) *Owner {
	o := &Owner{of: a, name: name, limit: limit, least: creditLine}
	for ; a != nil; a = a.parent {
		if a.limit > 0 {
			o.least = min(o.least, a.limit/creditPart)
		}
	}
	return o
}

// line is the credit of an owner that holds so much: it grows with it, so that what lies idle stays a small part of
// what is used.
func (o *Owner) line(held int64) int64 { return min(max(held/8, o.least), creditLine) }

// Charge takes bytes (negative gives them back). Past a limit nothing is taken and it is 53200.
// Nobody gives back more than is held: what Drop has given back does not come again from a view
// that was open then.
func (o *Owner) Charge(bytes int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	bytes = max(bytes, -o.held)
	if bytes > 0 && o.limit > 0 && o.held+bytes > o.limit {
		return errFull(o.name, o.limit)
	}
	if missing := bytes - o.credit; missing > 0 {
		line := o.line(o.held + bytes)
		if err := o.of.Charge(missing + line); err == nil {
			o.credit += missing + line
		} else if err := o.of.Charge(missing); err != nil {
			return err
		} else {
			o.credit += missing
		}
	}
	o.held += bytes
	o.credit -= bytes
	if line := o.line(o.held); o.credit > 2*line {
		_ = o.of.Charge(line - o.credit) // giving back never fails
		o.credit = line
	}
	return nil
}

// Held is what the owner has charged.
func (o *Owner) Held() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held
}

// Drop gives everything back. What is charged later, by who still works, is given back by
// another Drop.
func (o *Owner) Drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.of.Charge(-(o.held + o.credit))
	o.held, o.credit = 0, 0
}
