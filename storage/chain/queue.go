package chain

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/tributary-db/tributary/storage/meta"
)

// maxGroupBytes: a group takes no more once it has so many.
const maxGroupBytes = 16 << 20

// request is a call that waits for its link.
type request struct {
	ctx  context.Context
	txn  *meta.Txn
	seen meta.CommitSeq
	// decide of AppendLog; it runs in the writer.
	decide func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error)

	state   atomic.Int32  // of stateQueued …
	decided chan struct{} // closed once the caller's own are used no more
	done    chan struct{} // closed with err and seq set
	seq     meta.CommitSeq
	err     error
}

const (
	stateQueued = iota
	stateTaken
	stateLeft // the caller has gone
)

// group is what goes into one link.
type group struct {
	batch    meta.Batch
	changing []*request // whose outcome is the link's
	bytes    int
	written  map[string]bool // keys
	once     map[string]bool // identities
}

// Commit implements meta.Store.
func (s *Store) Commit(ctx context.Context, t meta.Txn) error {
	r := &request{ctx: ctx, txn: &t}
	_, err := s.do(r)
	return err
}

// AppendLog implements meta.Store; decide runs in another goroutine while this one waits.
func (s *Store) AppendLog(ctx context.Context, seen meta.CommitSeq, decide func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error)) (meta.CommitSeq, error) {
	r := &request{ctx: ctx, seen: seen, decide: decide}
	return s.do(r)
}

func (s *Store) do(r *request) (meta.CommitSeq, error) {
	r.decided, r.done = make(chan struct{}), make(chan struct{})
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.enqueue(r); err != nil {
		return 0, err
	}
	s.stats.waiting.Add(1)
	defer s.stats.waiting.Add(-1)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	select {
	case <-r.done:
		return r.seq, r.err
	case <-r.ctx.Done():
	}
	if r.state.CompareAndSwap(stateQueued, stateLeft) {
		return 0, r.ctx.Err()
	}
	// why not wait for done: the object store may be away for long.
	<-r.decided
	select {
	case <-r.done:
		return r.seq, r.err
	default:
		return 0, fmt.Errorf("%w: %w", meta.ErrUnknown, r.ctx.Err())
	}
}

func (s *Store) enqueue(r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mu.closed:
		return meta.ErrClosed
	case s.mu.err != nil:
		return s.mu.err
	}
	s.mu.queue = append(s.mu.queue, r)
	return nil
}

// take waits for requests and puts into a group what may be in one link; nil = the store is closed.
func (s *Store) take() *group {
	for {
		s.mu.Lock()
		queue, closed := s.mu.queue, s.mu.closed
		s.mu.queue = nil
		s.mu.Unlock()
		if len(queue) > 0 && closed {
			endAll(queue, meta.ErrClosed)
			continue
		}
		if len(queue) == 0 {
			if closed {
				return nil
			}
			select {
			case <-s.wake:
			case <-s.ctx.Done():
			}
			continue
		}
		g := &group{written: map[string]bool{}, once: map[string]bool{}}
		left := s.gather(g, queue)
		s.mu.Lock()
		s.mu.queue = append(left, s.mu.queue...)
		s.mu.Unlock()
		return g
	}
}

// gather adds requests to g, in order, up to the first that has to see what g has written.
func (s *Store) gather(g *group, queue []*request) (left []*request) {
	if err := s.settle(); err != nil { // the local store is what conditions are about
		endAll(queue, err)
		return nil
	}
	for i, r := range queue {
		if g.bytes >= maxGroupBytes || g.holdsBack(r) {
			return queue[i:]
		}
		if !r.state.CompareAndSwap(stateQueued, stateTaken) {
			continue
		}
		if r.decide != nil {
			s.decide(g, r)
		} else {
			s.check(g, r)
		}
	}
	return nil
}

// holdsBack: the request depends on what the group writes.
func (g *group) holdsBack(r *request) bool {
	if r.decide != nil {
		return g.batch.Seq != 0
	}
	for _, c := range r.txn.Checks {
		if g.written[string(c.Key)] {
			return true
		}
	}
	return g.once[string(r.txn.Identity)]
}

func (s *Store) decide(g *group, r *request) {
	last, err := s.inner.LastSeq(r.ctx)
	var missed []meta.Record
	for after := r.seen; err == nil && after < last; {
		var more []meta.Record
		if more, err = s.inner.ScanLog(r.ctx, after, maxGroupBytes); err == nil {
			missed = append(missed, more...)
			after += meta.CommitSeq(len(more))
		}
	}
	var record []byte
	var writes []meta.Write
	if err == nil {
		record, writes, err = r.decide(last+1, missed)
	}
	defer close(r.decided)
	if err != nil {
		r.end(0, err)
		return
	}
	g.batch.Seq, g.batch.Record = last+1, record
	g.add(r, writes, len(record))
}

func (s *Store) check(g *group, r *request) {
	defer close(r.decided)
	t := r.txn
	if len(t.Identity) > 0 {
		done, err := s.inner.Done(r.ctx, t.Identity)
		if done || err != nil {
			r.end(0, err)
			return
		}
	}
	if len(t.Checks) > 0 {
		err := s.inner.Read(r.ctx, func(snap meta.Snapshot) error {
			for _, c := range t.Checks {
				_, version, err := snap.Get(c.Key)
				if err != nil {
					return err
				}
				if version != c.Version {
					return fmt.Errorf("%w: key %q has version %d, expected %d", meta.ErrConflict, c.Key, version, c.Version)
				}
			}
			return nil
		})
		if err != nil {
			r.end(0, err)
			return
		}
	}
	if len(t.Writes) == 0 && len(t.Identity) == 0 {
		r.end(0, nil)
		return
	}
	if len(t.Identity) > 0 {
		g.once[string(t.Identity)] = true
		g.batch.Identities = append(g.batch.Identities, append([]byte(nil), t.Identity...))
	}
	g.add(r, t.Writes, 0)
}

// add takes copies: the caller may go before the link is put.
func (g *group) add(r *request, writes []meta.Write, bytes int) {
	g.changing = append(g.changing, r)
	g.bytes += bytes
	for _, w := range writes {
		g.written[string(w.Key)] = true
		g.bytes += len(w.Key) + len(w.Value)
		c := meta.Write{Key: append([]byte(nil), w.Key...)}
		if w.Value != nil {
			c.Value = append([]byte{}, w.Value...)
		}
		g.batch.Writes = append(g.batch.Writes, c)
	}
}

// endAll ends requests that nobody has taken.
func endAll(queue []*request, err error) {
	for _, r := range queue {
		if r.state.CompareAndSwap(stateQueued, stateTaken) {
			close(r.decided)
			r.end(0, err)
		}
	}
}

func (r *request) end(seq meta.CommitSeq, err error) {
	r.seq, r.err = seq, err
	close(r.done)
}

// answer tells those whose outcome is the link's.
func (g *group) answer(err error) {
	for _, r := range g.changing {
		seq := meta.CommitSeq(0)
		if r.decide != nil && err == nil {
			seq = g.batch.Seq
		}
		r.end(seq, err)
	}
}
