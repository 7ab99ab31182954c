package catalog

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/storage/log"
)

// Txn collects DDL against one Snapshot. Not safe for concurrent use.
type Txn struct {
	at      *Snapshot
	nextOID OID
	change  change
	others  []log.Change // of topics and progress
	conds   []log.Condition
}

// Begin starts a Txn on the newest version.
func (c *Catalog) Begin() *Txn {
	s := c.Now()
	return &Txn{at: s, nextOID: s.nextOID}
}

// At is the Snapshot the Txn began on.
func (t *Txn) At() *Snapshot { return t.at }

// Put creates r, giving it an OID when it has none, or replaces the relation with its OID.
func (t *Txn) Put(r *Relation) *Relation {
	if r.OID == 0 {
		r.OID = t.nextOID
		t.nextOID++
	}
	t.change.Put = append(t.change.Put, r)
	return r
}

// Drop removes a relation. Dependents are the caller's business.
func (t *Txn) Drop(oid OID) { t.change.Drop = append(t.change.Drop, oid) }

// CreateTopic makes a topic in the same commit; it must not exist.
func (t *Txn) CreateTopic(topic log.Topic) {
	t.others = append(t.others, log.CreateTopicChange(topic))
	t.conds = append(t.conds, log.TopicAbsent(topic.Name))
}

// DropTopic removes a topic in the same commit.
func (t *Txn) DropTopic(id log.TopicID) { t.others = append(t.others, log.DeleteTopicChange(id)) }

// ChangeTopic changes a topic in the same commit: a change that the log's constructors make.
func (t *Txn) ChangeTopic(c log.Change) { t.others = append(t.others, c) }

// ForgetProgress removes the progress of a sink or source in the same commit.
func (t *Txn) ForgetProgress(name string) {
	t.others = append(t.others, log.DropProgressChange(name))
}

// Empty reports whether the Txn changes nothing.
func (t *Txn) Empty() bool { return len(t.change.Put)+len(t.change.Drop)+len(t.others) == 0 }

// Entry is the Txn as an entry of the log, on the condition that the catalog did not move. A
// Txn of topics only still needs that: a relation must not begin to use a topic that goes.
func (t *Txn) Entry() (*log.Entry, error) {
	e := &log.Entry{Changes: t.others, Conds: append(t.conds, atVersion(t.at.version))}
	if len(t.change.Put)+len(t.change.Drop) > 0 {
		c, err := t.change.encode()
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

// maxTries bounds how often Run repeats a Txn that lost to another.
const maxTries = 20

// Run begins a Txn, lets build fill it, and commits, again while it loses to another DDL.
func (c *Catalog) Run(ctx context.Context, l Appender, build func(t *Txn) error) (log.CommitSeq, error) {
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
