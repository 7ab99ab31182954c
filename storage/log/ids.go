package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// producerIDBlock is how many ids one commit takes.
const producerIDBlock = 1000

// producerIDs are ids that this broker took and has not handed out: [next, end). They are lost at a
// restart, never used twice; who uses one nevertheless has invented it. why it is not known of those
// that a restart lost: it would be a durable write for each id.
type producerIDs struct {
	sync.Mutex // of who takes one; it is held over a commit
	next, end  atomic.Int64
}

// check refuses appends by ids that nobody has been given. It waits for nothing.
func (ids *producerIDs) check(p *pending) error {
	for i := range p.appends {
		// An id is behind next before anybody has it; a new block moves next up before end.
		if id := p.appends[i].producerID; id >= ids.next.Load() && id < ids.end.Load() {
			return fmt.Errorf("%w: %d was never handed out", ErrUnknownProducer, id)
		}
	}
	return nil
}

// NewProducerID hands out an id that was never used; every 1,000th call waits for a commit.
func (db *DB) NewProducerID(ctx context.Context) (int64, error) {
	// why held over the commit: whoever comes meanwhile needs the same block.
	db.ids.Lock()
	defer db.ids.Unlock()
	for db.ids.next.Load() == db.ids.end.Load() {
		db.mu.RLock()
		first := db.mu.fold.nextProducer
		db.mu.RUnlock()
		_, err := db.commitOwn(ctx, producerIDsChange(producerIDsPayload{first, producerIDBlock}))
		if errors.Is(err, ErrCondition) {
			continue // another broker took that block
		}
		if err != nil {
			return 0, err
		}
		db.ids.next.Store(first)
		db.ids.end.Store(first + producerIDBlock)
	}
	return db.ids.next.Add(1) - 1, nil
}

// commitOwn commits a change that only the log itself makes.
func (db *DB) commitOwn(ctx context.Context, c Change) (CommitSeq, error) {
	p, err := db.commitDecided(ctx, c)
	return p.result.Seq, err
}

// commitDecided is commitOwn for who asks what was left of the change when it was decided.
func (db *DB) commitDecided(ctx context.Context, c Change) (*pending, error) {
	p := newPending(&Entry{Changes: []Change{c}}, &db.limits)
	p.own = true
	if p.err == nil {
		db.queue.add(p)
	}
	select {
	case <-p.done:
		return p, p.err
	case <-ctx.Done():
		return &pending{}, ctx.Err()
	}
}

// NewTopicID makes a random version 4 UUID of rand's bytes.
func NewTopicID(rand io.Reader) (id TopicID, err error) {
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return TopicID{}, fmt.Errorf("make a topic id: %w", err)
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}
