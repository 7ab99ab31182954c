package fetchsession

import (
	"container/list"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// What memory a session and one partition of it take, about: the structs, the entries of map and slice.
const (
	sessionBytes   = 512
	partitionBytes = 240
)

// Key names a partition, by the id of its topic or by the name, as the client does.
type Key struct {
	Topic log.TopicID
	Name  string
	Index int32
}

// Ask is what a client wants of one partition.
type Ask struct {
	Key
	MaxBytes int32
	Current  int32 // what it takes for the current leader epoch; -1 = it does not say
	Fetched  int32 // the epoch of the last record that it has; -1 = it does not say
	Offset   int64
}

// Seen is what a Fetch finds in one partition.
type Seen struct {
	log.Ends
	Records bool // there are some for the client
	Failed  bool // it is told of an error, or of where the logs parted
}

// told is what the client knows of a partition.
type told struct{ log.Ends }

// update tells whether the client must hear of what was seen. After an error the partition is told of again once it
// is well, as in Kafka.
func (t *told) update(s *Seen) (news bool) {
	news = s.Records || s.Failed || t.Ends != s.Ends
	t.Ends = s.Ends
	if s.Failed {
		t.HighWatermark = -1
	}
	return news
}

type partition struct {
	ask  Ask
	told told
	gone bool // forgotten, and leaves the order
}

// Session is what one consumer fetches.
type Session struct {
	id       int32
	owner    Owner
	topicIDs bool
	created  time.Time

	// Guarded by Cache.mu.
	place *list.Element
	used  time.Time
	held  holding

	mu    sync.Mutex
	epoch int32        // of the next request
	order []*partition // those that had records go behind the others, so that each gets its turn
	index map[Key]*partition
	names int // bytes of names
}

// put asks for a partition, or changes what is asked of it.
func (s *Session) put(a *Ask) *partition {
	p := s.index[a.Key]
	if p == nil {
		p = &partition{}
		p.told.Ends = log.Ends{LogStart: -1, HighWatermark: -1, LastStableOffset: -1}
		s.index[a.Key] = p
		s.order = append(s.order, p)
		s.names += len(a.Name)
	}
	p.ask = *a
	return p
}

func (s *Session) size() int { return len(s.order) }

func (s *Session) bytes() int64 {
	return sessionBytes + int64(len(s.order))*partitionBytes + int64(s.names)
}

// take checks the epoch and applies what changed.
func (s *Session) take(epoch int32, topicIDs bool, asks []Ask, forgotten []Key) (*Turn, holding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != epoch {
		return nil, holding{}, ErrEpoch
	}
	if s.topicIDs != topicIDs {
		return nil, holding{}, ErrTopicIDs
	}
	for i := range asks {
		s.put(&asks[i])
	}
	s.forget(forgotten)
	s.epoch = next(epoch)
	t := &Turn{ID: s.id, session: s, epoch: s.epoch, Asks: make([]Ask, len(s.order))}
	for i, p := range s.order {
		t.Asks[i] = p.ask
	}
	return t, holding{sessions: 1, partitions: s.size(), bytes: s.bytes()}, nil
}

func (s *Session) forget(keys []Key) {
	before := len(s.index)
	for _, k := range keys {
		if p := s.index[k]; p != nil {
			delete(s.index, k)
			s.names -= len(k.Name)
			p.gone = true
		}
	}
	if len(s.index) < before {
		s.order = slices.DeleteFunc(s.order, func(p *partition) bool { return p.gone })
	}
}

// next is the epoch after one: 0 begins a session, so it is never next.
func next(epoch int32) int32 {
	if epoch == math.MaxInt32 {
		return 1
	}
	return epoch + 1
}

// Turn is one incremental Fetch under way.
type Turn struct {
	ID   int32
	Asks []Ask // of all partitions; the turn's own

	session *Session
	epoch   int32
}

// Answer tells which of Asks the client must hear of: one of seen belongs to each, and news is filled likewise. It is
// false when the client has gone on in the session meanwhile, which is told ErrEpoch.
func (t *Turn) Answer(seen []Seen, news []bool) bool {
	s := t.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != t.epoch {
		return false
	}
	var later []*partition
	kept := s.order[:0]
	for i, p := range s.order {
		if news[i] = p.told.update(&seen[i]); seen[i].Records {
			later = append(later, p)
		} else {
			kept = append(kept, p)
		}
	}
	s.order = append(kept, later...)
	return true
}
