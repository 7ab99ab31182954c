package kafkahistory

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// book is the history while it is made.
type book struct {
	mu       sync.Mutex
	h        History
	stamps   atomic.Int64
	sessions atomic.Int64
	values   atomic.Int64
	txns     atomic.Int64
}

func (b *book) now() Stamp { return Stamp(b.stamps.Add(1)) }

func (b *book) session() int { return int(b.sessions.Add(1)) }

// write begins a send.
func (b *book) write(process, key, txn int) *Write {
	w := &Write{Key: key, Value: fmt.Sprint("v", b.values.Add(1)), Offset: -1, Process: process, Txn: txn, Sent: b.now()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.h.Writes = append(b.h.Writes, w)
	return w
}

func (b *book) poll(p Poll) {
	p.At = b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.h.Polls = append(b.h.Polls, p)
}

// committed are the offsets of a group: what was acknowledged, and what somebody has seen.
type committed struct {
	mu   sync.Mutex
	acks map[int]int64
	bad  []string
}

func (c *committed) acked(part int, offset int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acks[part] = max(c.acks[part], offset)
}

// least is what whoever asks from now on has to see.
func (c *committed) least() map[int]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[int]int64{}
	for p, o := range c.acks {
		out[p] = o
	}
	return out
}

// seen notes what was there after least.
func (c *committed) seen(least, now map[int]int64) {
	for p, o := range least {
		if now[p] < o {
			c.mu.Lock()
			c.bad = append(c.bad, fmt.Sprintf("the committed offset of partition %d went from %d to %d", p, o, now[p]))
			c.mu.Unlock()
		}
	}
	for p, o := range now {
		c.acked(p, o)
	}
}
