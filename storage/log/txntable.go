package log

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// txnIDExpiryMillis: a transactional id that nobody used for so long is forgotten, by commit times.
const txnIDExpiryMillis = 7 * 24 * 60 * 60 * 1000

// txnProducer is what the fold knows of a transactional id. An idempotent producer without one is
// known to its partitions alone, as in Kafka.
type txnProducer struct {
	name          string
	identity      ProducerIdentity
	previous      ProducerIdentity // before the last bump
	timeoutMillis int64
	state         TxnState
	number        uint64 // of the transaction that is open or ended last
	startMillis   int64  // commit time at which the open one began
	lastMillis    int64  // commit time of the newest change
	// Of the open transaction: each partition with the offset of its first record, -1 = none yet, and
	// the pending offsets of groups.
	parts  map[Partition]int64
	groups map[string]map[Partition]GroupOffset
	// owned is the capture behind which the value was made; an older one is shared with an image.
	owned uint64
}

// txnTable are the transactional ids, by name and by their present producer id.
type txnTable struct {
	byName map[string]*txnProducer
	byID   map[int64]*txnProducer
	open   map[int64]*txnProducer
	max    int // 0 = no bound
}

func newTxnTable() txnTable {
	return txnTable{byName: map[string]*txnProducer{}, byID: map[int64]*txnProducer{}, open: map[int64]*txnProducer{}}
}

func (t *txnTable) put(x *txnProducer) {
	t.byName[x.name], t.byID[x.identity.ID] = x, x
	if x.state == TxnOpen {
		t.open[x.identity.ID] = x
	} else {
		delete(t.open, x.identity.ID)
	}
}

func (t *txnTable) drop(x *txnProducer) {
	delete(t.byName, x.name)
	delete(t.byID, x.identity.ID)
	delete(t.open, x.identity.ID)
}

// own is the producer with the id as a value that no image shares; nil if there is none.
func (f *fold) ownTxn(id int64) *txnProducer {
	x := f.txns.byID[id]
	if x == nil || x.owned == f.captures {
		return x
	}
	own := *x
	own.owned = f.captures
	own.parts = maps.Clone(x.parts)
	own.groups = maps.Clone(x.groups)
	for g, offsets := range own.groups {
		own.groups[g] = maps.Clone(offsets)
	}
	f.txns.put(&own)
	return &own
}

// begin opens a transaction unless one is open.
func (x *txnProducer) begin(f *fold, millis int64) {
	x.lastMillis = millis
	if x.state == TxnOpen {
		return
	}
	x.state, x.number, x.startMillis = TxnOpen, x.number+1, millis
	x.parts, x.groups = map[Partition]int64{}, map[string]map[Partition]GroupOffset{}
	f.txns.put(x)
}

func (p *txnPayload) apply(f *fold, a *applied) error {
	millis := max(f.timeMillis, a.TimeMillis)
	if p.Op == txnInit {
		return p.init(f, millis)
	}
	x := f.ownTxn(p.Producer.ID)
	if x == nil || x.identity != p.Producer {
		return fmt.Errorf("%w: transaction of producer %d/%d, which is not there", ErrCorrupt, p.Producer.ID, p.Producer.Epoch)
	}
	x.begin(f, millis)
	a.txns = true
	for _, id := range p.Partitions {
		if _, there := x.parts[id]; !there && f.partition(id) != nil {
			x.parts[id] = -1
		}
	}
	for _, g := range p.Groups {
		x.group(g)
	}
	if p.Op == txnOffsets {
		pending := x.group(p.Group)
		for _, o := range p.Offsets {
			pending[o.Partition] = o
		}
	}
	return nil
}

func (x *txnProducer) group(name string) map[Partition]GroupOffset {
	if x.groups[name] == nil {
		x.groups[name] = map[Partition]GroupOffset{}
	}
	return x.groups[name]
}

// init gives a transactional id to an owner; a transaction that was open has been ended before.
func (p *txnPayload) init(f *fold, millis int64) error {
	if p.Producer.ID >= f.nextProducer {
		return fmt.Errorf("%w: producer id %d was never handed out", ErrCorrupt, p.Producer.ID)
	}
	number := uint64(0)
	if old := f.txns.byName[p.Name]; old != nil {
		if old.state == TxnOpen {
			return fmt.Errorf("%w: transactional id %q begins anew in a transaction", ErrCorrupt, p.Name)
		}
		number = old.number
		f.txns.drop(old)
	}
	f.txns.put(&txnProducer{
		name: p.Name, identity: p.Producer, previous: p.Previous, timeoutMillis: p.TimeoutMillis,
		number: number, lastMillis: millis, owned: f.captures,
	})
	return nil
}

// addToTxn takes a record batch of a transaction in.
func (f *fold) addToTxn(part *partition, b *producerPayload, offset, millis int64) error {
	x := f.ownTxn(b.ProducerID)
	if x == nil || x.identity.Epoch != b.Epoch {
		return fmt.Errorf("%w: record batch in a transaction of producer %d/%d, which is not there", ErrCorrupt, b.ProducerID, b.Epoch)
	}
	x.begin(f, millis)
	if first, there := x.parts[part.id]; !there || first < 0 {
		x.parts[part.id] = offset
		part.open = append(part.open[:len(part.open):len(part.open)], openTxn{b.ProducerID, offset})
	}
	return nil
}

// ends lists where the open transaction has records, in order; markers are not set.
func (x *txnProducer) ends() []txnEnd {
	ends := make([]txnEnd, 0, len(x.parts))
	for id, first := range x.parts {
		if first >= 0 {
			ends = append(ends, txnEnd{partition: id, first: first})
		}
	}
	sortEnds(ends)
	return ends
}

func sortEnds(ends []txnEnd) {
	slices.SortFunc(ends, func(a, b txnEnd) int { return comparePartitions(a.partition, b.partition) })
}

func (p *endTxnPayload) apply(f *fold, a *applied) error {
	x := f.ownTxn(p.Producer.ID)
	if x == nil || x.identity != p.Producer {
		return fmt.Errorf("%w: end of a transaction of producer %d/%d, which is not there", ErrCorrupt, p.Producer.ID, p.Producer.Epoch)
	}
	millis := max(f.timeMillis, a.TimeMillis)
	if err := p.mark(f, a, x, millis); err != nil {
		return err
	}
	f.txns.drop(x)
	x.state = TxnAborted
	if p.Commit {
		x.state = TxnCommitted
	}
	if p.Next != x.identity {
		x.previous, x.identity = x.identity, p.Next
	}
	x.number, x.startMillis, x.lastMillis, x.parts, x.groups = p.Number, 0, millis, nil, nil
	f.txns.put(x)
	return nil
}

// mark ends the transaction in its partitions. All markers are the same bytes but for their offset:
// they lie in one inline block, which the change itself makes.
func (p *endTxnPayload) mark(f *fold, a *applied, x *txnProducer, millis int64) error {
	ends := x.ends()
	if int64(len(ends)) != p.Markers {
		return fmt.Errorf("%w: a transaction ends in %d partitions, in the fold in %d", ErrCorrupt, p.Markers, len(ends))
	}
	if len(ends) == 0 {
		return nil
	}
	b := p.block(inlineID{a.Seq, a.index}, millis)
	b.charge = b.size * int64(len(ends))
	f.inline = append(f.inline, b)
	f.inlineBytes += b.charge
	a.blocks = append(a.blocks, b)
	sum := uint32(0)
	for i := range ends {
		e := &ends[i]
		part := f.partition(e.partition)
		if part == nil {
			return fmt.Errorf("%w: a transaction ends in a partition that is not there", ErrCorrupt)
		}
		e.marker = part.next
		sum = e.sumMarker(sum)
		part.end(b, p, e, a.Seq, millis)
		a.partitions = append(a.partitions, part)
	}
	if sum != p.Sum {
		return fmt.Errorf("%w: markers of a transaction lie elsewhere than its end says", ErrCorrupt)
	}
	return nil
}

// block is where the markers lie: in the change itself, which is as good as their bytes.
func (p *endTxnPayload) block(id inlineID, millis int64) *block {
	data := p.marker(millis)
	return &block{inline: id, data: data, size: int64(len(data))}
}

// leave takes a topic's partitions out of open transactions: it is deleted.
func (f *fold) leaveTxns(t *topic) {
	for id, x := range f.txns.open {
		for _, p := range t.partitions {
			if _, there := x.parts[p.id]; there {
				x = f.ownTxn(id)
				delete(x.parts, p.id)
			}
		}
	}
}

// forgetTxns drops transactional ids that were not used for long, and above the bound those used
// longest ago; never one with an open transaction.
func (f *fold) forgetTxns() {
	over := 0
	if f.txns.max > 0 {
		over = len(f.txns.byName) - f.txns.max
	}
	var idle []*txnProducer
	for _, x := range f.txns.byName {
		if x.state == TxnOpen {
			continue
		}
		if f.timeMillis-x.lastMillis > txnIDExpiryMillis {
			f.txns.drop(x)
			over--
			continue
		}
		if over > 0 {
			idle = append(idle, x)
		}
	}
	if over <= 0 {
		return
	}
	slices.SortFunc(idle, func(a, b *txnProducer) int {
		return cmp.Or(cmp.Compare(a.lastMillis, b.lastMillis), cmp.Compare(a.name, b.name))
	})
	for _, x := range idle[:min(over+f.txns.max/8, len(idle))] {
		f.txns.drop(x)
	}
}
