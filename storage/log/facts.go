package log

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// Newest is the newest published commit; fresh asks the store and waits until the fold is
// there, so that nothing acknowledged before the call is missing.
func (db *DB) Newest(ctx context.Context, fresh bool) (CommitSeq, error) {
	if fresh {
		last, err := db.cfg.Meta.LastSeq(ctx)
		if err != nil {
			return 0, unavailable(err)
		}
		if CommitSeq(db.published.Load()) < last {
			if err := db.follow(ctx, last); err != nil {
				return 0, err
			}
		}
	}
	return CommitSeq(db.published.Load()), nil
}

// follow brings the fold to last, which is durable: it is this broker's own commit, about to
// be published, or another's.
func (db *DB) follow(ctx context.Context, last CommitSeq) error {
	var err error
	alive := db.queue.do(func() {
		for db.mu.fold.seq < last && err == nil {
			var records []meta.Record
			if records, err = db.cfg.Meta.ScanLog(ctx, db.mu.fold.seq, scanBytes); err == nil {
				_, err = db.catchUp(records, nil, nil)
			}
		}
	})
	if !alive {
		return ErrClosed
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// Ends answers in the order asked; ErrUnknownTopic if one of the partitions is unknown.
func (db *DB) Ends(ctx context.Context, parts []Partition, fresh bool) ([]Ends, error) {
	if fresh {
		if _, err := db.Newest(ctx, true); err != nil {
			return nil, err
		}
	}
	out := make([]Ends, len(parts))
	db.mu.RLock()
	defer db.mu.RUnlock()
	for i, id := range parts {
		p := db.mu.fold.partition(id)
		if p == nil {
			return nil, ErrUnknownTopic
		}
		out[i] = p.ends()
	}
	return out, nil
}

func (p *partition) ends() Ends {
	return Ends{LogStart: p.logStart, HighWatermark: p.highWatermark, LastStableOffset: p.lastStable()}
}

// CommitTime of a commit; the zero time for those longer ago than the newest 65,536.
func (db *DB) CommitTime(v CommitSeq) time.Time {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if millis, ok := db.mu.fold.times.at(v); ok {
		return time.UnixMilli(millis)
	}
	return time.Time{}
}

// Now is the time that a commit made now would have at least.
func (db *DB) Now() time.Time {
	now := db.time.nowMillis()
	db.mu.RLock()
	defer db.mu.RUnlock()
	return time.UnixMilli(max(now, db.mu.fold.timeMillis))
}

// Topics of the fold, ordered by name.
func (db *DB) Topics() []Topic {
	db.mu.RLock()
	defer db.mu.RUnlock()
	out := make([]Topic, 0, len(db.mu.fold.topics))
	for t := range maps.Values(db.mu.fold.topics) {
		out = append(out, copyTopic(&t.Topic))
	}
	slices.SortFunc(out, func(a, b Topic) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// TopicByName finds a topic.
func (db *DB) TopicByName(name string) (Topic, bool) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if t := db.mu.fold.names[name]; t != nil {
		return copyTopic(&t.Topic), true
	}
	return Topic{}, false
}

// TopicByID finds a topic.
func (db *DB) TopicByID(id TopicID) (Topic, bool) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if t := db.mu.fold.topics[id]; t != nil {
		return copyTopic(&t.Topic), true
	}
	return Topic{}, false
}

// Progress last committed under name; zeros if there is none.
func (db *DB) Progress(name string) (seq CommitSeq, number int64) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	s := db.mu.fold.progress[name]
	return s.seq, s.number
}
