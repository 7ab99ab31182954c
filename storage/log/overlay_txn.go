package log

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tributary-db/tributary/storage/meta"
)

// txnRequest is what an entry asks of a transaction, and what came of it.
type txnRequest struct {
	op       uint8 // txnInit, txnAdd, txnOffsets or txnEndOp
	name     string
	who      ProducerIdentity
	timeout  int64 // txnInit, in ms
	spare    int64 // a producer id never used, in case a new one is needed; -1 = none
	parts    []Partition
	groups   []string
	group    string
	offsets  []GroupOffset
	implicit bool // txnOffsets: the group need not have been added
	commit   bool
	bump     bool
	cause    EndCause
	number   uint64 // EndByTimeout: the transaction that is too old

	identity ProducerIdentity // the answer
	early    *txnPayload      // goes before the appends of the commit
	end      *endTxnPayload   // behind them
	late     *txnPayload      // behind end
}

// txnEndOp is the op of a request to end a transaction, which has a kind of its own.
const txnEndOp = 255

// txnOverlay is a transactional id as the entries before left it.
type txnOverlay struct {
	txnProducer // parts and groups of the fold are not copied: what is added lies below
	base        *txnProducer
	added       map[Partition]int64 // taken in by this commit, or with a first record by it
	pending     map[string][]GroupOffset
	// closed: the commit ends its transaction or gives it a new owner; nothing else of it can be in
	// this commit, since markers come behind all appends.
	closed bool
}

// txn finds a transactional id by its producer id; nil if there is none.
func (o *overlay) txn(id int64) *txnOverlay {
	if x := o.txns[id]; x != nil {
		return x
	}
	base := o.f.txns.byID[id]
	if base == nil {
		return nil
	}
	return o.keepTxn(base)
}

func (o *overlay) keepTxn(base *txnProducer) *txnOverlay {
	x := &txnOverlay{txnProducer: *base, base: base}
	if o.txns == nil {
		o.txns = map[int64]*txnOverlay{}
	}
	o.txns[base.identity.ID] = x
	return x
}

// first tells whether the partition is in the open transaction, and where that begins in it.
func (x *txnOverlay) first(id Partition) (offset int64, there bool) {
	if offset, there = x.added[id]; there {
		return offset, true
	}
	if x.base != nil && x.base.state == TxnOpen {
		offset, there = x.base.parts[id]
	}
	return offset, there
}

func (x *txnOverlay) hasGroup(name string) bool {
	_, there := x.pending[name]
	if !there && x.base != nil && x.base.state == TxnOpen {
		_, there = x.base.groups[name]
	}
	return there
}

func (x *txnOverlay) begin() {
	if x.state != TxnOpen {
		x.state, x.number = TxnOpen, x.number+1
	}
}

// checkTxn checks a record batch of a producer against its transactional id; nil = it has none.
func (o *overlay) checkTxn(a *appendState) (*txnOverlay, error) {
	x := o.txn(a.producerID)
	switch {
	case x == nil && !a.transactional:
		return nil, nil
	case x == nil, a.transactional && a.txnName != x.name:
		return nil, fmt.Errorf("%w: producer id %d", ErrProducerIDMapping, a.producerID)
	case a.epoch != x.identity.Epoch:
		return nil, fmt.Errorf("%w: %d, the producer's is %d", ErrInvalidEpoch, a.epoch, x.identity.Epoch)
	case x.closed:
		return nil, ErrConcurrentTransactions
	case !a.transactional && x.state == TxnOpen:
		return nil, fmt.Errorf("%w: a record batch outside the open transaction", ErrInvalidTxnState)
	case !a.transactional:
		return nil, nil
	}
	if _, there := x.first(a.partition); !a.implicit && (x.state != TxnOpen || !there) {
		return nil, fmt.Errorf("%w: the partition was not added to the transaction", ErrInvalidTxnState)
	}
	return x, nil
}

// take takes a record batch at offset into the transaction; u remembers how to undo it.
func (x *txnOverlay) take(id Partition, offset int64, u *undoAppend) {
	u.txn, u.txnState, u.txnNumber = x, x.state, x.number
	x.begin()
	first, there := x.first(id)
	if there && first >= 0 {
		return
	}
	u.txnFirst, u.txnAdded = x.added[id]
	u.txnTook = true
	set(&x.added, id, offset)
}

func (u *undoAppend) revertTxn() {
	x := u.txn
	if x == nil {
		return
	}
	x.state, x.number = u.txnState, u.txnNumber
	switch {
	case !u.txnTook:
	case u.txnAdded:
		x.added[u.partition.id] = u.txnFirst
	default:
		delete(x.added, u.partition.id)
	}
}

// transaction checks what an entry asks of a transaction and takes it in. It changes nothing if it
// refuses.
func (o *overlay) transaction(r *txnRequest) error {
	r.early, r.end, r.late = nil, nil, nil
	if r.op == txnInit {
		return o.initTxn(r)
	}
	x := o.txn(r.who.ID)
	var prior *txnProducer // the id is another's by now
	if x == nil {
		if prior = o.f.txns.byName[r.name]; prior == nil || r.who.ID < 0 || prior.previous != r.who {
			return fmt.Errorf("%w: producer id %d of %q", ErrProducerIDMapping, r.who.ID, r.name)
		}
		if x = o.txn(prior.identity.ID); x == nil {
			return ErrConcurrentTransactions
		}
	}
	if x.name != r.name {
		return fmt.Errorf("%w: producer id %d of %q", ErrProducerIDMapping, r.who.ID, r.name)
	}
	if x.closed {
		return ErrConcurrentTransactions
	}
	if r.op == txnEndOp {
		return o.endTxn(x, r)
	}
	if r.who != x.identity {
		return fmt.Errorf("%w: epoch %d, the newest is %d", ErrProducerFenced, r.who.Epoch, x.identity.Epoch)
	}
	if r.op == txnAdd {
		return o.addToTxn(x, r)
	}
	return o.txnOffsets(x, r)
}

func (o *overlay) addToTxn(x *txnOverlay, r *txnRequest) error {
	for _, p := range r.parts {
		if o.partition(p) == nil {
			return ErrUnknownTopic
		}
	}
	more := x.state != TxnOpen
	for _, p := range r.parts {
		if _, there := x.first(p); !there {
			more = true
			set(&x.added, p, -1)
		}
	}
	for _, g := range r.groups {
		if !x.hasGroup(g) {
			more = true
			set(&x.pending, g, nil)
		}
	}
	x.begin()
	if more {
		r.early = &txnPayload{Op: txnAdd, Producer: x.identity, Partitions: r.parts, Groups: r.groups}
	}
	return nil
}

func (o *overlay) txnOffsets(x *txnOverlay, r *txnRequest) error {
	if !r.implicit && (x.state != TxnOpen || !x.hasGroup(r.group)) {
		return fmt.Errorf("%w: group %q was not added to the transaction", ErrInvalidTxnState, r.group)
	}
	x.begin()
	set(&x.pending, r.group, append(x.pending[r.group], r.offsets...))
	r.early = &txnPayload{Op: txnOffsets, Producer: x.identity, Group: r.group, Offsets: r.offsets}
	return nil
}

// endTxn decides how a transaction ends. What a client may repeat because it lost the answer is
// answered again.
func (o *overlay) endTxn(x *txnOverlay, r *txnRequest) error {
	wanted := TxnAborted
	if r.commit {
		wanted = TxnCommitted
	}
	again := r.who == x.previous && x.previous.ID >= 0 && r.bump // the answer to an end with a bump was lost
	switch {
	case r.cause == EndByTimeout && (r.who != x.identity || x.state != TxnOpen || x.number != r.number):
		return ErrCondition
	case again && x.state == wanted:
		r.identity = x.identity
		return nil
	case r.who != x.identity:
		return fmt.Errorf("%w: epoch %d, the newest is %d", ErrProducerFenced, r.who.Epoch, x.identity.Epoch)
	case x.state == TxnOpen:
	case !r.bump && x.state == wanted:
		r.identity = x.identity
		return nil
	case !r.bump || r.commit: // a client that aborts need not know whether it had begun
		return fmt.Errorf("%w: no transaction is open", ErrInvalidTxnState)
	}
	next := x.identity
	if r.bump {
		var err error
		if next, err = o.bumped(x.identity, r.spare); err != nil {
			return err
		}
	}
	r.identity = next
	r.end = &endTxnPayload{Producer: x.identity, Next: next, Number: x.number, Commit: r.commit, Cause: r.cause}
	x.closed = true
	return nil
}

// bumped is the identity behind p: the next epoch, or a new id when those are used up.
func (o *overlay) bumped(p ProducerIdentity, spare int64) (ProducerIdentity, error) {
	if p.Epoch+1 < maxProducerEpoch {
		return ProducerIdentity{p.ID, p.Epoch + 1}, nil
	}
	if spare < 0 || spare >= o.f.nextProducer {
		return NoIdentity, errNoSpare
	}
	return ProducerIdentity{ID: spare}, nil
}

// initTxn gives a transactional id an owner.
func (o *overlay) initTxn(r *txnRequest) error {
	base := o.f.txns.byName[r.name]
	if o.renamed[r.name] {
		return ErrConcurrentTransactions
	}
	if base == nil {
		if r.spare < 0 || r.spare >= o.f.nextProducer {
			return errNoSpare
		}
		r.identity = ProducerIdentity{ID: r.spare}
		r.late = &txnPayload{Op: txnInit, Producer: r.identity, Name: r.name, TimeoutMillis: r.timeout, Previous: NoIdentity}
		set(&o.renamed, r.name, true)
		return nil
	}
	x := o.txn(base.identity.ID)
	if x.closed {
		return ErrConcurrentTransactions
	}
	next, previous := x.identity, x.previous
	switch {
	case r.who == NoIdentity || r.who == x.identity:
		var err error
		if next, err = o.bumped(x.identity, r.spare); err != nil {
			return err
		}
		// A new owner, who names none, leaves nothing by which the old one could come back.
		previous = r.who
	case r.who == x.previous && x.state != TxnOpen: // its answer was lost, or a timeout took the epoch
	default:
		return fmt.Errorf("%w: producer %d/%d, the newest is %d/%d", ErrProducerFenced, r.who.ID, r.who.Epoch, x.identity.ID, x.identity.Epoch)
	}
	if x.state == TxnOpen {
		r.end = &endTxnPayload{Producer: x.identity, Next: next, Number: x.number, Cause: EndByInit}
	}
	r.identity = next
	r.late = &txnPayload{Op: txnInit, Producer: next, Name: r.name, TimeoutMillis: r.timeout, Previous: previous}
	x.closed = true
	return nil
}

// finishEnd gives the markers their places, behind everything that the commit appends, and the pending
// offsets their rows.
func (o *overlay) finishEnd(p *endTxnPayload, rows func(string, []GroupOffset, int64) []meta.Write) (writes []meta.Write) {
	x := o.txns[p.Producer.ID]
	ends := o.txnEnds(x)
	p.Markers, p.Sum = int64(len(ends)), 0
	for i := range ends {
		e := &ends[i]
		part := o.partition(e.partition)
		e.marker = part.next
		part.next++
		p.Sum = e.sumMarker(p.Sum)
	}
	p.Groups = nil
	if !p.Commit {
		return nil
	}
	for _, g := range x.offsets() {
		p.Groups = append(p.Groups, g)
		if rows != nil {
			writes = append(writes, rows(g.Group, g.Offsets, o.millis)...)
		}
	}
	return writes
}

// txnEnds lists where the transaction has records, those of this commit included, in order.
func (o *overlay) txnEnds(x *txnOverlay) (ends []txnEnd) {
	take := func(id Partition, first int64) {
		if first >= 0 && !o.meta.deleted[id.Topic] {
			ends = append(ends, txnEnd{partition: id, first: first})
		}
	}
	for id, first := range x.added {
		take(id, first)
	}
	if x.base != nil && x.base.state == TxnOpen {
		for id, first := range x.base.parts {
			if _, there := x.added[id]; !there {
				take(id, first)
			}
		}
	}
	sortEnds(ends)
	return ends
}

// offsets are the pending ones, by group and partition.
func (x *txnOverlay) offsets() (all []groupOffsets) {
	merged := map[string]map[Partition]GroupOffset{}
	if x.base != nil && x.base.state == TxnOpen {
		for g, offsets := range x.base.groups {
			merged[g] = maps.Clone(offsets)
		}
	}
	for g, offsets := range x.pending {
		for _, v := range offsets {
			m := merged[g]
			set(&m, v.Partition, v)
			merged[g] = m
		}
	}
	for _, g := range slices.Sorted(maps.Keys(merged)) {
		offsets := slices.Collect(maps.Values(merged[g]))
		if len(offsets) == 0 {
			continue
		}
		slices.SortFunc(offsets, func(a, b GroupOffset) int { return comparePartitions(a.Partition, b.Partition) })
		all = append(all, groupOffsets{g, offsets})
	}
	return all
}
