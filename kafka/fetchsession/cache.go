package fetchsession

import (
	"container/list"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
)

// What a request for a session may be told.
var (
	ErrNotFound = errors.New("fetch session not found")
	ErrEpoch    = errors.New("invalid fetch session epoch")
	ErrTopicIDs = errors.New("fetch session was begun with the other kind of topic names")
)

// Limits of a Cache; all are required.
type Limits struct {
	Slots    int           // sessions; max.incremental.fetch.session.cache.slots
	MaxBytes int64         // of all sessions
	MinAge   time.Duration // a session younger, or used more recently, keeps its place from larger ones
}

// Cache holds sessions. Safe for concurrent use.
type Cache struct {
	limits Limits
	clock  clock.Clock
	rand   io.Reader

	mu struct {
		sync.Mutex
		byID    map[int32]*Session
		used    list.List // of *Session, the one used least recently first
		peers   map[string]*holding
		total   holding
		evicted int64
		refused int64
	}
}

// holding is what a peer, or all of them, have.
type holding struct {
	sessions   int
	partitions int
	bytes      int64
}

// Stats of a Cache.
type Stats struct {
	Sessions, Partitions int
	Bytes                int64
	Evicted              int64 // sessions that lost their place to another
	Refused              int64 // sessions not begun, or ended as they grew, for want of room
}

// New makes an empty Cache. rand gives the ids.
func New(limits Limits, c clock.Clock, rand io.Reader) *Cache {
	k := &Cache{limits: limits, clock: c, rand: rand}
	k.mu.byID, k.mu.peers = map[int32]*Session{}, map[string]*holding{}
	return k
}

// Stats may be called at any time.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.mu.total
	return Stats{Sessions: t.sessions, Partitions: t.partitions, Bytes: t.bytes, Evicted: c.mu.evicted, Refused: c.mu.refused}
}

// Owner is who asks: a session is found by its user, and its room counted to its peer.
type Owner struct{ User, Peer string }

// Close ends a session of the owner's user, if it is there.
func (c *Cache) Close(id int32, who Owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.mu.byID[id]; s != nil && s.owner.User == who.User {
		c.removeLocked(s)
	}
}

// Begin opens a session with what a full Fetch asked for, and what it was told of it (one of seen for each of asks).
// It returns the id, 0 when there is no room or nothing was asked for.
func (c *Cache) Begin(who Owner, topicIDs bool, asks []Ask, seen []Seen) (id int32) {
	s := &Session{owner: who, topicIDs: topicIDs, epoch: 1, created: c.clock.Now()}
	s.index = make(map[Key]*partition, len(asks))
	for i := range asks {
		p := s.put(&asks[i])
		p.told.update(&seen[i])
	}
	if s.size() == 0 {
		return 0
	}
	s.held = holding{sessions: 1, partitions: s.size(), bytes: s.bytes()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.makeRoomLocked(s) {
		c.mu.refused++
		return 0
	}
	s.id = c.newIDLocked()
	s.used, s.place = s.created, c.mu.used.PushBack(s)
	c.mu.byID[s.id] = s
	c.countLocked(s, s.held, 1)
	return s.id
}

// Take is a turn of an incremental Fetch: the session with asks and without forgotten, which are applied. Of a session
// that has none left it is nil: it is closed.
func (c *Cache) Take(id, epoch int32, who Owner, topicIDs bool, asks []Ask, forgotten []Key) (*Turn, error) {
	c.mu.Lock()
	s := c.mu.byID[id]
	c.mu.Unlock()
	if s == nil || s.owner.User != who.User {
		return nil, ErrNotFound
	}
	turn, held, err := s.take(epoch, topicIDs, asks, forgotten)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.byID[id] != s {
		return nil, ErrNotFound
	}
	if held.partitions == 0 {
		c.removeLocked(s)
		return nil, nil
	}
	if grown := held.bytes - s.held.bytes; grown > 0 && (held.bytes > c.limits.MaxBytes/4 || c.mu.total.bytes+grown > c.limits.MaxBytes) {
		c.removeLocked(s)
		c.mu.refused++
		return nil, ErrNotFound
	}
	c.countLocked(s, s.held, -1)
	s.held = held
	c.countLocked(s, s.held, 1)
	s.used = c.clock.Now()
	c.mu.used.MoveToBack(s.place)
	return turn, nil
}

// countLocked adds to what there is, or takes from it.
func (c *Cache) countLocked(s *Session, h holding, sign int) {
	peer := c.mu.peers[s.owner.Peer]
	if peer == nil {
		peer = &holding{}
		c.mu.peers[s.owner.Peer] = peer
	}
	for _, at := range []*holding{&c.mu.total, peer} {
		at.sessions += sign * h.sessions
		at.partitions += sign * h.partitions
		at.bytes += int64(sign) * h.bytes
	}
	if peer.sessions == 0 {
		delete(c.mu.peers, s.owner.Peer)
	}
}

func (c *Cache) removeLocked(s *Session) {
	delete(c.mu.byID, s.id)
	c.mu.used.Remove(s.place)
	c.countLocked(s, s.held, -1)
}

// makeRoomLocked evicts until there is room for s.
func (c *Cache) makeRoomLocked(s *Session) bool {
	if s.held.bytes > c.limits.MaxBytes/4 {
		return false
	}
	for c.mu.total.sessions >= c.limits.Slots || c.mu.total.bytes+s.held.bytes > c.limits.MaxBytes {
		victim := c.victimLocked(s)
		if victim == nil {
			return false
		}
		c.removeLocked(victim)
		c.mu.evicted++
	}
	return true
}

// victimLocked is the session that gives its place to s, nil = none does.
func (c *Cache) victimLocked(s *Session) *Session {
	oldest := c.mu.used.Front()
	if oldest == nil {
		return nil
	}
	if o := oldest.Value.(*Session); s.created.Sub(o.used) > c.limits.MinAge {
		return o
	}
	var smallest *Session
	for at := oldest; at != nil; at = at.Next() {
		o := at.Value.(*Session)
		if s.created.Sub(o.created) > c.limits.MinAge && o.held.partitions < s.held.partitions &&
			(smallest == nil || o.held.partitions < smallest.held.partitions) {
			smallest = o
		}
	}
	if smallest != nil {
		return smallest
	}
	return c.greediestLocked(s)
}

// greediestLocked is the least recently used session of the peer that has most of what is short, if that is more than
// twice what the peer of s would have with it.
func (c *Cache) greediestLocked(s *Session) *Session {
	bytesShort := c.mu.total.sessions < c.limits.Slots
	most := func(h *holding) int64 {
		if bytesShort {
			return h.bytes
		}
		return int64(h.sessions)
	}
	mine := s.held
	if h := c.mu.peers[s.owner.Peer]; h != nil {
		mine.sessions += h.sessions
		mine.bytes += h.bytes
	}
	greediest, has := "", int64(0)
	for peer, h := range c.mu.peers {
		if n := most(h); n > has || n == has && peer < greediest {
			greediest, has = peer, n
		}
	}
	if has <= 2*most(&mine) {
		return nil
	}
	for at := c.mu.used.Front(); at != nil; at = at.Next() {
		if o := at.Value.(*Session); o.owner.Peer == greediest {
			return o
		}
	}
	return nil
}

// newIDLocked is a positive number that no session has and that nobody guesses.
func (c *Cache) newIDLocked() int32 {
	for {
		var b [4]byte
		if _, err := io.ReadFull(c.rand, b[:]); err != nil {
			panic(fmt.Sprintf("fetchsession: random source: %v", err)) // crypto/rand cannot fail
		}
		if id := int32(binary.BigEndian.Uint32(b[:]) & (1<<31 - 1)); id != 0 && c.mu.byID[id] == nil {
			return id
		}
	}
}
