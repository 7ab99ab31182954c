// Package pace keeps a log readable when the same thing happens again and again: the first line at
// once, further ones at most once in a while, with the number of those held back before them.
package pace

import (
	"sync"
	"time"
)

// Line is one line of a log. The zero value is ready; safe for concurrent use.
type Line struct {
	mu   sync.Mutex
	last time.Time
	held int64
}

// Held gives the number of lines that were held back once nothing came for a while: the last line lies at least
// every behind, and no further one has told of them. It is given once.
func (l *Line) Held(now time.Time, every time.Duration) (held int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == 0 || now.Sub(l.last) < every {
		return 0
	}
	held = l.held
	l.last, l.held = now, 0
	return held
}

// Due tells whether the line may be written now, at most once in every. held is how many were not
// since the one before.
func (l *Line) Due(now time.Time, every time.Duration) (held int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last.IsZero() && now.Sub(l.last) < every {
		l.held++
		return 0, false
	}
	held = l.held
	l.last, l.held = now, 0
	return held, true
}
