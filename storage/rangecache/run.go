package rangecache

import (
	"context"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

// afterFailure is how long nothing is written after a write has failed, or found no room.
const afterFailure = 10 * time.Second

// writeBytes are written at once, if so much waits.
const writeBytes = 1 << 20

// writer is Run's own.
type writer struct {
	c       *Cache
	pack    *pack // nil = the next entry begins one
	number  uint64
	buffer  []byte // entries that are to be written to pack
	entries []buffered
	rests   time.Time // until then
}

// buffered is an entry in writer.buffer; at is where its bytes are there.
type buffered struct {
	entry
	at int
}

// Run reads the packs that are there, then writes what is Put until ctx ends. It is called once; after it nothing is
// found any more.
func (c *Cache) Run(ctx context.Context) error {
	job.Label("cache of ranges")
	defer c.close()
	w := &writer{c: c}
	if n := len(c.mu.packs); n > 0 {
		w.number = c.mu.packs[n-1].number
	}
	c.load(ctx)
	c.shrink(0)
	close(c.loaded)
	for {
		select {
		case i := <-c.queue:
			for more := true; more; {
				w.add(&i)
				c.queued.Add(-int64(len(i.data)))
				select {
				case i = <-c.queue:
				default:
					more = false
				}
			}
			w.write()
		case <-ctx.Done():
			return nil
		}
	}
}

// load reads the packs, oldest first; one that cannot be read is removed.
func (c *Cache) load(ctx context.Context) {
	c.mu.RLock()
	packs := append([]*pack(nil), c.mu.packs...)
	c.mu.RUnlock()
	for _, p := range packs {
		if ctx.Err() != nil {
			return
		}
		err := p.scan(func(e entry, at int64) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.noteLocked(e.object, e.position, location{p, at, e.length, e.crc})
		})
		if err != nil {
			c.cfg.Logger.Warn("a file of the cache of ranges cannot be read and is removed", "file", p.path, "error", err)
			c.drop(p)
		}
	}
}

// shrink removes old packs until more bytes have room.
func (c *Cache) shrink(more int64) {
	for {
		c.mu.RLock()
		over := len(c.mu.packs) > 0 && (c.mu.bytes+more > c.cfg.Limit || c.mu.entries > c.cfg.Limit/leastEntry)
		var oldest *pack
		if over {
			oldest = c.mu.packs[0]
		}
		c.mu.RUnlock()
		if !over {
			return
		}
		c.drop(oldest)
	}
}

// drop removes a pack.
func (c *Cache) drop(p *pack) {
	c.mu.Lock()
	for i, other := range c.mu.packs {
		if other == p {
			c.mu.packs = append(c.mu.packs[:i:i], c.mu.packs[i+1:]...)
			c.mu.bytes -= p.size
			break
		}
	}
	for _, at := range p.held {
		c.forgetLocked(at.object, at.position, p)
	}
	c.mu.Unlock()
	if err := p.remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.fail("remove", err)
	}
}

func (c *Cache) fail(what string, err error) {
	if c.failures.Add(1) == 1 {
		c.cfg.Logger.Warn("the cache of ranges cannot "+what+" its files; records are read from the object store", "error", err)
	}
}

// add puts an entry into the buffer, which is written when it is full, or its pack is.
func (w *writer) add(i *item) {
	c := w.c
	if now := c.cfg.Clock.Now(); now.Before(w.rests) {
		c.dropped.Add(1)
		return
	}
	e := entry{object: i.object, position: i.position, length: int64(len(i.data)), crc: crc32.Checksum(i.data, castagnoli)}
	size := entryHeader + int64(len(i.object)) + e.length
	if w.pack != nil && w.pack.size+int64(len(w.buffer))+size > c.packSize+entryHeader+maxKeyLength {
		w.write()
		w.pack = nil
	}
	if w.pack == nil && !w.begin(size) {
		w.rests = c.cfg.Clock.Now().Add(afterFailure)
		c.dropped.Add(1)
		return
	}
	w.buffer = e.appendTo(w.buffer)
	w.entries = append(w.entries, buffered{e, len(w.buffer)})
	w.buffer = append(w.buffer, i.data...)
	if len(w.buffer) >= writeBytes {
		w.write()
	}
}

// write appends the buffer to the pack; its entries can be read from then on.
func (w *writer) write() {
	c, p := w.c, w.pack
	if len(w.entries) == 0 {
		return
	}
	if _, err := p.file.WriteAt(w.buffer, p.size); err != nil {
		c.fail("write", err)
		c.dropped.Add(int64(len(w.entries)))
		c.drop(p) // what a failed write has left is not known
		w.pack, w.rests = nil, c.cfg.Clock.Now().Add(afterFailure)
	} else {
		size := int64(len(w.buffer))
		c.written.Add(size)
		c.mu.Lock()
		for i := range w.entries {
			e := &w.entries[i]
			c.noteLocked(e.object, e.position, location{p, p.size + int64(e.at), e.length, e.crc})
		}
		p.size += size
		c.mu.bytes += size
		c.mu.Unlock()
	}
	w.buffer, w.entries = w.buffer[:0], w.entries[:0]
	if cap(w.buffer) > 4*writeBytes {
		w.buffer = nil
	}
}

// begin makes a new pack, with room for it.
func (w *writer) begin(size int64) bool {
	c := w.c
	if !c.roomy() {
		return false
	}
	c.shrink(max(c.packSize, size))
	w.number++
	p := &pack{number: w.number, path: packPath(c.cfg.Dir, w.number)}
	file, err := os.OpenFile(p.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		c.fail("make", err)
		return false
	}
	p.file = file
	header := appendPackHeader(nil)
	if _, err := file.WriteAt(header, 0); err != nil {
		c.fail("write", err)
		_ = p.remove() // tried for tidiness
		return false
	}
	p.size = int64(len(header))
	c.mu.Lock()
	c.mu.packs = append(c.mu.packs, p)
	c.mu.bytes += p.size
	c.mu.Unlock()
	w.pack = p
	return true
}

// roomy tells whether the disk has room for another pack beside what others need of it; old packs make
// some.
func (c *Cache) roomy() bool {
	if c.cfg.Free == nil {
		return true
	}
	for {
		free, err := c.cfg.Free()
		if err != nil || free >= 2*c.cfg.Reserve+c.packSize {
			return true // why: who cannot tell finds out by writing
		}
		c.mu.RLock()
		var oldest *pack
		if len(c.mu.packs) > 0 {
			oldest = c.mu.packs[0]
		}
		c.mu.RUnlock()
		if oldest == nil {
			return false
		}
		c.drop(oldest)
	}
}

// close ends reading; the files stay.
func (c *Cache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.mu.packs {
		if p.file != nil {
			_ = p.file.Close() // nothing was promised of it
		}
	}
	clear(c.mu.index)
	c.mu.entries, c.mu.packs, c.mu.bytes = 0, nil, 0
}
