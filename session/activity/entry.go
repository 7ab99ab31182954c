package activity

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Doing is what the session does now.
func (e *Entry) Doing() Doing {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.Doing
}

// Run says that a statement has begun, in a transaction that has since then.
func (e *Entry) Run(query string, now, xact time.Time) {
	if len(query) > maxQueryBytes {
		query = clipped(query)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.State != Active {
		e.mu.State, e.mu.StateChange = Active, now
	}
	e.mu.Query, e.mu.QueryStart, e.mu.XactStart = query, now, xact
}

// Rest says that the session waits for its client; xact is zero outside a transaction.
func (e *Entry) Rest(s State, now, xact time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.State, e.mu.StateChange, e.mu.XactStart = s, now, xact
}

// Wait says what the statement waits for; call end when it does no more.
func (e *Entry) Wait(kind, event string) (end func()) {
	set := func(kind, event string) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.mu.WaitType, e.mu.WaitEvent = kind, event
	}
	set(kind, event)
	return func() { set("", "") }
}

// Name is application_name.
func (e *Entry) Name(application string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.Application = application
}

// clipped keeps the head of a text, and none of its other bytes alive.
func clipped(text string) string {
	n := maxQueryBytes
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.Clone(text[:n])
}
