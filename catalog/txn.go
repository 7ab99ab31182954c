package catalog

import (
	"context"
	"errors"
	"sync"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
)

// Txn is DDL that is not committed yet: steps over the newest version. Not safe for concurrent use.
//
// What a Txn changes must not be changed by others until it ends; who runs several at once holds locks on
// names and relations (exec/table). So what others commit meanwhile goes under its steps.
type Txn struct {
	c     *Catalog
	mu    sync.Mutex // of At, which the shards of a statement call
	temp  *Temp      // nil = there are no temporary relations
	base  *Snapshot
	view  *Snapshot // base with the temporary relations and the steps; nil = to be made
	steps []step
	// Making, if set, is called with what is made, before it has an OID.
	Making func(*Relation)
}

// step is one change: exactly one of its fields is set, and what is said of a drop.
type step struct {
	put     *Relation
	drop    OID
	ofTemp  bool // what is dropped is temporary
	creates *log.Topic
	deletes log.TopicID
	other   *log.Change // of a topic, or of progress
}

// Begin starts a Txn on the newest version.
func (c *Catalog) Begin() *Txn { return &Txn{c: c, base: c.Now()} }

// At is the newest version with what the Txn has done so far. Any goroutine may call it between two steps.
func (t *Txn) At() *Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.c.Now(); now != t.base {
		t.base, t.view = now, nil
	}
	if t.view == nil {
		t.view = t.temp.Over(t.base)
		for i := range t.steps {
			t.apply(&t.steps[i])
		}
	}
	return t.view
}

// apply takes a step into the view, if there is one.
func (t *Txn) apply(s *step) {
	switch {
	case t.view == nil:
	case s.put != nil:
		t.view = t.view.with(t.c.draft(), change{Put: []*Relation{s.put}})
	case s.drop != 0:
		t.view = t.view.with(t.c.draft(), change{Drop: []OID{s.drop}})
	}
}

func (t *Txn) add(s step) {
	t.steps = append(t.steps, s)
	t.apply(&s)
}

// Put creates r, giving it an OID when it has none, or replaces the relation with its OID.
func (t *Txn) Put(r *Relation) *Relation {
	if r.OID == 0 && t.Making != nil {
		t.Making(r)
	}
	for r.OID == 0 || r.Kind == KindType && r.CreatedAt == 0 && !t.Created(r.OID) && sqltype.IsDefined(sqltype.OID(r.OID)) {
		r.OID = t.c.newOID()
	}
	t.add(step{put: r})
	if r.Kind == KindType && !sqltype.IsDefined(sqltype.OID(r.OID)) {
		define(r) // nobody else knows the OID
	}
	return r
}

// Drop removes a relation. Dependents are the caller's business.
func (t *Txn) Drop(oid OID) {
	r, ok := t.At().ByOID(oid)
	t.add(step{drop: oid, ofTemp: ok && r.Temporary()})
}

// CreateTopic makes a topic in the same commit; it must not exist then.
func (t *Txn) CreateTopic(topic log.Topic) { t.add(step{creates: &topic}) }

// DropTopic removes a topic in the same commit.
func (t *Txn) DropTopic(id log.TopicID) { t.add(step{deletes: id}) }

// ChangeTopic changes a topic in the same commit: a change that the log's constructors make.
func (t *Txn) ChangeTopic(c log.Change) { t.add(step{other: &c}) }

// ForgetProgress removes the progress of a sink or source in the same commit.
func (t *Txn) ForgetProgress(name string) { t.ChangeTopic(log.DropProgressChange(name)) }

// Topic tells what the Txn has done to the topics of a name: the one that it creates, and the one it deletes.
func (t *Txn) Topic(name string, there log.TopicID) (created *log.Topic, deleted bool) {
	created = nil
	for i := range t.steps {
		switch s := &t.steps[i]; {
		case s.creates != nil && s.creates.Name == name:
			created = s.creates
		case s.deletes != log.TopicID{}:
			if created != nil && created.ID == s.deletes {
				created = nil
			}
			deleted = deleted || s.deletes == there
		}
	}
	return created, deleted
}

// Empty reports whether the Txn changes nothing.
func (t *Txn) Empty() bool { return len(t.steps) == 0 }

// Created reports whether the Txn has made the relation, which is still there.
func (t *Txn) Created(oid OID) bool {
	for i := range t.steps {
		if r := t.steps[i].put; r != nil && r.OID == oid && r.CreatedAt == 0 {
			_, there := t.At().ByOID(oid)
			return there
		}
	}
	return false
}

// Mark is a place to go back to.
func (t *Txn) Mark() int { return len(t.steps) }

// RollbackTo takes back what was done since the mark.
func (t *Txn) RollbackTo(mark int) {
	if mark < len(t.steps) {
		t.steps, t.view = t.steps[:mark], nil
	}
}

// net is what the steps come to for others. What the Txn itself made and dropped again is not in it, nor is what is temporary;
// topics go before others come, which may have their names.
func (t *Txn) net() (change, []log.Change) {
	puts, made := map[OID]*Relation{}, map[log.TopicID]*log.Topic{}
	for i := range t.steps {
		switch s := &t.steps[i]; {
		case s.put != nil:
			puts[s.put.OID] = s.put
		case s.drop != 0:
			delete(puts, s.drop)
		case s.creates != nil:
			made[s.creates.ID] = s.creates
		case s.deletes != log.TopicID{} && made[s.deletes] != nil:
			made[s.deletes] = nil
		}
	}
	var c change
	var gone, others, come []log.Change
	for i := range t.steps {
		switch s := &t.steps[i]; {
		case s.temporary():
		case s.put != nil && puts[s.put.OID] == s.put:
			c.Put = append(c.Put, s.put)
		case s.drop != 0:
			if _, before := t.base.ByOID(s.drop); before {
				c.Drop = append(c.Drop, s.drop)
			}
		case s.creates != nil && made[s.creates.ID] == s.creates:
			come = append(come, log.CreateTopicChange(*s.creates))
		case s.deletes != log.TopicID{}:
			if _, own := made[s.deletes]; !own {
				gone = append(gone, log.DeleteTopicChange(s.deletes))
			}
		case s.other != nil:
			others = append(others, *s.other)
		}
	}
	return c, append(append(gone, others...), come...)
}

// Entry is the Txn as an entry of the log, on the condition that the catalog did not move since At. A
// Txn of topics only still needs that: a relation must not begin to use a topic that goes.
func (t *Txn) Entry() (*log.Entry, error) {
	relations, others := t.net()
	e := &log.Entry{Changes: others, Conds: []log.Condition{atVersion(t.base.version)}}
	if len(relations.Put)+len(relations.Drop) > 0 {
		c, err := relations.encode()
		if err != nil {
			return nil, err
		}
		e.Changes = append(e.Changes, c)
	}
	return e, nil
}

// Appender is the part of the log that DDL needs.
type Appender interface {
	Append(e *log.Entry) log.Pending
}

// Commit appends the Txn and waits. ErrChanged: run it again on a new Txn. Past the append the
// outcome is the log's: a cancel does not take it back, so what follows a DDL is done for each
// that happened.
func (t *Txn) Commit(l Appender) (log.CommitSeq, error) {
	e, err := t.Entry()
	if err != nil {
		return 0, err
	}
	p := l.Append(e)
	<-p.Done()
	res, err := p.Result()
	return res.Seq, err
}

// Turn waits until no other Txn of this process is about to commit; done ends the turn. From At under it to
// the end of the commit the catalog does not move, unless another broker moves it.
func (c *Catalog) Turn(ctx context.Context) (done func(), err error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// maxTries bounds how often Run repeats a Txn that lost to another broker's.
const maxTries = 20

// Run begins a Txn, lets build fill it, and commits, again while it loses to another DDL. build must not wait
// for another Txn.
func (c *Catalog) Run(ctx context.Context, l Appender, build func(t *Txn) error) (log.CommitSeq, error) {
	done, err := c.Turn(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		t := c.Begin()
		if err := build(t); err != nil {
			return 0, err
		}
		v, err := t.Commit(l)
		if errors.Is(err, ErrChanged) && try < maxTries {
			continue
		}
		return v, err
	}
}
