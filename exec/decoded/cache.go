package decoded

import (
	"slices"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/storage/log"
)

// Cache keeps the newest decoded commits of streams that several Feeds read.
type Cache struct {
	limit int64 // bytes; 0 = every Feed decodes for itself
	owner *memory.Owner

	mu      sync.Mutex
	streams map[*catalog.Relation]*shelf
	queue   []*entry // as they were published; those that left a shelf are nil
	bytes   int64
	hits    uint64
	misses  uint64
}

// NewCache makes a Cache of limit bytes, which it charges.
func NewCache(limit int64, account *memory.Account) *Cache {
	return &Cache{limit: limit, owner: account.Owner(), streams: map[*catalog.Relation]*shelf{}}
}

// Stats are gauges and counters of a Cache.
type Stats struct {
	Bytes int64
	// Hits are commits of a stream that were taken from the cache, Misses those that were decoded
	// although others read the stream too.
	Hits, Misses uint64
}

// Stats reads the gauges.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Bytes: c.bytes, Hits: c.hits, Misses: c.misses}
}

// shelf is what is kept of one stream, as one descriptor says it is decoded.
type shelf struct {
	readers map[*shared]struct{}
	columns *columnSet // that readers want, all of them
	entries []*entry   // by commit
	claims  map[log.CommitSeq]*claim
	// tooMuch is a commit that was not kept: nobody waits for another to decode it.
	tooMuch log.CommitSeq
}

// claim is of a Feed that decodes a commit for all who want no more columns.
type claim struct {
	of      *shared
	columns *columnSet
	done    chan struct{}
}

// columnSet is columns of a stream in the order in which they are decoded. It never changes.
type columnSet struct {
	list []int
	at   map[int]int
}

func newColumnSet(list []int) *columnSet {
	s := &columnSet{list: list, at: make(map[int]int, len(list))}
	for i, c := range list {
		s.at[c] = i
	}
	return s
}

func (s *columnSet) has(want []int) bool {
	for _, c := range want {
		if _, ok := s.at[c]; !ok {
			return false
		}
	}
	return true
}

// entry is the rows of one commit, or of a piece of it.
type entry struct {
	// before: nothing became visible in (before, at). Guarded by the cache, all else never changes.
	before log.CommitSeq
	at     log.CommitSeq
	micros int64 // commit time
	// columns are those of the parts.
	columns *columnSet
	parts   []part // at least one, which may have no rows
	whole   bool   // these are all rows of the commit; always so in the cache
	last    bool   // these are the last rows of the commit
	bytes   int64
	of      *shelf
}

// part is some rows of a commit.
type part struct {
	rows       int
	cols       []delta.Column
	partitions []int32
	offsets    []int64
}

// partBytes is what a part takes beside its rows.
const partBytes = 256

func (p *part) size() int64 {
	n := int64(partBytes + 12*p.rows)
	for i := range p.cols {
		n += int64(cap(p.cols[i].Data)+cap(p.cols[i].Var)+8*len(p.cols[i].Valid)) + 96
	}
	return n
}

// join makes f one of the readers of its stream.
func (c *Cache) join(f *shared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f.rel]
	if s == nil {
		s = &shelf{readers: map[*shared]struct{}{}, columns: newColumnSet(nil), claims: map[log.CommitSeq]*claim{}}
		c.streams[f.rel] = s
	}
	s.readers[f] = struct{}{}
	if !s.columns.has(f.want) {
		list := slices.Clone(s.columns.list)
		for _, column := range f.want {
			if _, ok := s.columns.at[column]; !ok {
				list = append(list, column)
			}
		}
		s.columns = newColumnSet(list)
	}
	f.shelf = s
}

// leave ends that; what nobody shares any more is forgotten.
func (c *Cache) leave(f *shared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := f.shelf
	delete(s.readers, f)
	if len(s.readers) < 2 {
		// One pass: tens of thousands of small commits may be here, and all readers wait for the mutex.
		c.queue = slices.DeleteFunc(c.queue, func(e *entry) bool { return e == nil || e.of == s })
		for _, e := range s.entries {
			c.giveBackLocked(e)
		}
		s.entries = nil
	}
	if len(s.readers) == 0 {
		delete(c.streams, f.rel)
		return
	}
	var list []int
	for reader := range s.readers {
		list = append(list, reader.want...)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) < len(s.columns.list) {
		s.columns = newColumnSet(list)
	}
}

// wanted are the columns to decode for all readers of f's stream; nil when f is the only one.
func (c *Cache) wanted(f *shared) *columnSet {
	if c.limit == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(f.shelf.readers) < 2 {
		return nil
	}
	return f.shelf.columns
}

// after finds the entry of the first commit behind a version, nil if it is not here with all columns
// that f wants.
func (c *Cache) after(f *shared, v log.CommitSeq) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := f.shelf
	i, _ := slices.BinarySearchFunc(s.entries, v+1, compareEntry)
	if i == len(s.entries) || s.entries[i].before > v || !s.entries[i].columns.has(f.want) {
		return nil
	}
	c.hits++
	return s.entries[i]
}

func compareEntry(e *entry, v log.CommitSeq) int {
	switch {
	case e.at < v:
		return -1
	case e.at > v:
		return 1
	}
	return 0
}

// claim asks for the commit at, the first behind f.at: its entry if it is here, or who decodes it, to be
// waited for. Else f is to decode it, for the others too if mine: release must follow.
func (c *Cache) claim(f *shared, at log.CommitSeq) (e *entry, busy <-chan struct{}, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := f.shelf
	if i, ok := slices.BinarySearchFunc(s.entries, at, compareEntry); ok && s.entries[i].columns.has(f.want) {
		e = s.entries[i]
		e.before = min(e.before, f.at) // whoever made it began in between
		c.hits++
		return e, nil, false
	}
	if other := s.claims[at]; other != nil {
		if other.columns.has(f.want) {
			return nil, other.done, false
		}
		return nil, nil, false
	}
	if s.tooMuch == at {
		return nil, nil, false
	}
	s.claims[at] = &claim{of: f, columns: f.maker.columns, done: make(chan struct{})}
	return nil, nil, true
}

// release ends a claim: those who wait look again.
func (c *Cache) release(f *shared, at log.CommitSeq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if mine := f.shelf.claims[at]; mine != nil && mine.of == f {
		delete(f.shelf.claims, at)
		close(mine.done)
	}
}

// most is how large one entry may be.
func (c *Cache) most() int64 { return c.limit / 4 }

// publish makes e known to all readers of f's stream, unless they have as much already. It keeps
// nothing that there is no memory for.
func (c *Cache) publish(f *shared, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := f.shelf
	if e.last {
		c.misses++
	}
	if !e.whole {
		s.tooMuch = e.at
	}
	if len(s.readers) < 2 || !e.whole {
		return
	}
	i, found := slices.BinarySearchFunc(s.entries, e.at, compareEntry)
	if found {
		old := s.entries[i]
		if old.columns.has(e.columns.list) && old.before <= e.before {
			return
		}
		e.before = min(e.before, old.before)
		c.dropLocked(old)
	}
	for len(c.queue) > 0 && (c.queue[0] == nil || c.bytes+e.bytes > c.limit) {
		if c.queue[0] != nil {
			c.dropLocked(c.queue[0])
		}
		c.queue = c.queue[1:]
	}
	if c.owner.Charge(e.bytes) != nil {
		s.tooMuch = e.at
		return
	}
	i, _ = slices.BinarySearchFunc(s.entries, e.at, compareEntry)
	s.entries = slices.Insert(s.entries, i, e)
	e.of = s
	c.queue = append(c.queue, e)
	c.bytes += e.bytes
}

// dropLocked forgets an entry; who gives it out just then keeps it.
func (c *Cache) dropLocked(e *entry) {
	i, ok := slices.BinarySearchFunc(e.of.entries, e.at, compareEntry)
	if !ok || e.of.entries[i] != e {
		return
	}
	e.of.entries = slices.Delete(e.of.entries, i, i+1)
	c.giveBackLocked(e)
	if k := slices.Index(c.queue, e); k >= 0 { // nearly always the first
		c.queue[k] = nil
	}
}

// giveBackLocked ends the charge for an entry.
func (c *Cache) giveBackLocked(e *entry) {
	c.bytes -= e.bytes
	_ = c.owner.Charge(-e.bytes) // giving back never fails
	if c.bytes == 0 {
		c.owner.Drop() // its credit too
	}
}
