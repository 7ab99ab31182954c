package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/backup"
)

// copying is a line on a terminal that tells how far copying is; it is silent elsewhere.
type copying struct {
	out   io.Writer // nil = silent
	clock clock.Clock
	mu    sync.Mutex
	shown time.Time
}

// copyingEvery is how often the line changes.
const copyingEvery = 200 * time.Millisecond

func newCopying(w io.Writer) *copying {
	c := &copying{clock: clock.Real{}}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			c.out = w
		}
	}
	return c
}

func (c *copying) show(p backup.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if c.out == nil || now.Sub(c.shown) < copyingEvery {
		return
	}
	c.shown = now
	part := 100.0
	if p.OfBytes > 0 {
		part = 100 * float64(p.Bytes) / float64(p.OfBytes)
	}
	fmt.Fprintf(c.out, "\r\x1b[K%3.0f %%  %d of %d objects, %d of %d MB", part, p.Objects, p.OfObjects, p.Bytes>>20, p.OfBytes>>20)
}

// end takes the line away.
func (c *copying) end() {
	if c.out != nil {
		fmt.Fprint(c.out, "\r\x1b[K")
	}
}
