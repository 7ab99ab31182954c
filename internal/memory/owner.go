package memory

import "sync"

// creditLine is what an owner draws from its account ahead of its need, at most.
const creditLine = 1 << 20

// Owner is what one statement, subscription or dataflow holds of an account, with a limit of
// its own.
type Owner struct {
	of    *Account
	name  string
	limit int64

	mu     sync.Mutex
	held   int64 // charged by the owner
	credit int64 // drawn from the account beyond held
}

// Owner opens an owner without a limit of its own.
func (a *Account) Owner() *Owner { return &Owner{of: a} }

// Limited opens an owner that the setting name limits to limit bytes, 0 = no limit.
func (a *Account) Limited(name string, limit int64) *Owner {
	return &Owner{of: a, name: name, limit: limit}
}

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
		// The line grows with the owner: what lies idle stays a small part of what is used.
		line := min((o.held+bytes)/8, creditLine)
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
	if o.credit > 2*creditLine {
		_ = o.of.Charge(creditLine - o.credit) // giving back never fails
		o.credit = creditLine
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
