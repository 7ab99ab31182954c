package group

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf16"

	"github.com/tributary-db/tributary/storage/meta"
)

// JournalPartitions is how many partitions __consumer_offsets has: Kafka's default.
const JournalPartitions = 50

// JournalPartition is where Kafka writes what a group commits.
func JournalPartition(groupID string) int32 {
	var hash int32 // Java's String.hashCode
	for _, unit := range utf16.Encode([]rune(groupID)) {
		hash = 31*hash + int32(unit)
	}
	if hash < 0 {
		hash = max(-hash, 0) // the least has no opposite: Kafka takes 0
	}
	return hash % JournalPartitions
}

// journal gives what groups store the offsets of a log compacted by key, __consumer_offsets: of each key the newest is there.
//
//	Commit, save, Delete ─► number: the next of the group's partition, stored in the row ─► durable ─► publish: it can be read
//
// INVARIANT: a number that was readable is not given out again, also after a restart: it lies below a bound that was
// durable before (number), and a restart goes on at the bound.
// INVARIANT: what becomes readable has a larger number than what is: stores end in the order in which they began.
type journal struct {
	parts   [JournalPartitions]journalPart
	changed chan struct{} // closed when something becomes readable; nil = nobody has asked
}

type journalPart struct {
	next    int64 // to give out
	durable int64 // numbers below it are stored as given out
	end     int64 // behind the newest that can be read
	// entries by number; those whose key has a newer one are left out by readers, and by sweep.
	entries []journalEntry
	dead    int // about how many of them those are
	graves  []grave
	buried  int // bytes of graves
}

// journalEntry is an offset of a group, or with tp noPartition the group's row.
type journalEntry struct {
	number, millis int64
	group          *group
	tp             TopicPartition
}

// grave is a key that was deleted.
type grave struct {
	number, millis int64
	id             string
	tp             TopicPartition
}

var noPartition = TopicPartition{Index: -1}

const (
	// journalStep is for how many numbers a bound is stored, with the row of the first of them. A restart leaves out as many at most.
	journalStep = 64
	// maxBuried bounds what a partition keeps of deleted keys: then the oldest are forgotten.
	maxBuried  = 64 << 10
	graveBytes = 64
	// minSweep is how many dead entries are not worth a sweep.
	minSweep = 64
)

func journalKey(part int32) []byte {
	return binary.BigEndian.AppendUint32([]byte(journalPrefix), uint32(part))
}

func appendBound(dst []byte, bound int64) []byte {
	return appendSum(binary.BigEndian.AppendUint64(append(dst, rowVersion), uint64(bound)))
}

// number takes the next number of g's partition. A bound above it is among writes, if none is durable yet: they are to be
// stored, and then numbered called.
func (m *Machine) number(g *group, writes *[]meta.Write) (n int64) {
	p := &m.journal.parts[g.part]
	n = p.next
	if p.next++; p.next > p.durable {
		*writes = append(*writes, meta.Write{Key: journalKey(g.part), Value: appendBound(nil, n+journalStep)})
	}
	return n
}

// numbered tells that the writes of a number are durable.
func (p *journalPart) numbered(n int64) {
	if n >= p.durable {
		p.durable = n + journalStep
	}
}

// publish makes a row readable under its number.
// REQUIRES: it is durable.
func (m *Machine) publish(g *group, n, millis int64, tp TopicPartition) {
	p := &m.journal.parts[g.part]
	p.numbered(n)
	if len(p.entries) > 0 {
		millis = max(millis, p.entries[len(p.entries)-1].millis) // it is looked up by time
	}
	p.entries = append(p.entries, journalEntry{n, millis, g, tp})
	p.end = n + 1
	p.sweep()
	m.journal.wake()
}

// sweep takes out what is dead once that is half of it.
func (p *journalPart) sweep() {
	if p.dead > len(p.entries)/2+minSweep {
		p.entries = slices.Clip(slices.DeleteFunc(p.entries, func(e journalEntry) bool { return !e.live() }))
		p.dead = 0
	}
}

// bury makes readable that a key is deleted.
// REQUIRES: it is durable.
func (m *Machine) bury(g *group, n, millis int64, tp TopicPartition) {
	p := &m.journal.parts[g.part]
	p.numbered(n)
	p.graves = append(p.graves, grave{n, millis, g.id, tp})
	p.end = n + 1
	p.buried += graveBytes + len(g.id)
	for p.buried > maxBuried && len(p.graves) > 1 {
		p.buried -= graveBytes + len(p.graves[0].id)
		p.graves = slices.Delete(p.graves, 0, 1)
	}
	p.sweep()
	m.journal.wake()
}

func (j *journal) wake() {
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// live tells whether an entry is the newest of its key.
func (e *journalEntry) live() bool {
	if e.tp == noPartition {
		return e.group.told != nil && e.group.toldNumber == e.number
	}
	o, ok := e.group.offsets[e.tp]
	return ok && o.place == e.number+1
}

// burials are the deletions of keys that are on their way to be stored.
type burials struct {
	g   *group
	of  []TopicPartition
	num []int64
}

// bury numbers the deletion of the offset of tp, or of the group's row, if it was readable ever.
func (b *burials) bury(tp TopicPartition, place int64, writes *[]meta.Write) {
	if place > 0 {
		b.of, b.num = append(b.of, tp), append(b.num, b.g.m.number(b.g, writes))
	}
}

// done makes them readable.
func (b *burials) done(millis int64) {
	for i, tp := range b.of {
		b.g.m.bury(b.g, b.num[i], millis, tp)
	}
}

// restoreBound takes the row of a partition's bound.
func (m *Machine) restoreBound(key, value []byte) error {
	r, err := openRow(value)
	if err != nil {
		return err
	}
	bound := int64(r.u64())
	if err := r.end(); err != nil {
		return err
	}
	at := key[len(journalPrefix):]
	if len(at) != 4 || binary.BigEndian.Uint32(at) >= JournalPartitions || bound < 0 {
		return fmt.Errorf("%w: bound %d of journal partition %x", meta.ErrCorrupt, bound, at)
	}
	m.journal.parts[binary.BigEndian.Uint32(at)].durable = bound
	return nil
}

// restoreJournal puts what was restored into order. What has no number in its row (offsets of transactions, which the log has written, and
// rows of before there was a journal) gets one that is not stored: to write such a row again might undo a transaction that ends
// meanwhile. So who follows reads it again after each restart.
func (m *Machine) restoreJournal(nowMillis int64) {
	var unnumbered []journalEntry
	for _, g := range m.groups {
		p := &m.journal.parts[g.part]
		take := func(tp TopicPartition, place, millis int64) {
			if place > 0 {
				p.entries = append(p.entries, journalEntry{place - 1, millis, g, tp})
			} else {
				unnumbered = append(unnumbered, journalEntry{0, millis, g, tp})
			}
		}
		if g.told != nil {
			take(noPartition, g.place, nowMillis)
		}
		for tp, o := range g.offsets {
			take(tp, o.place, o.CommitMillis)
		}
	}
	for i := range m.journal.parts {
		m.journal.parts[i].restored()
	}
	m.numberRestored(unnumbered)
}

func (p *journalPart) restored() {
	slices.SortFunc(p.entries, func(a, b journalEntry) int { return cmp.Compare(a.number, b.number) })
	for i := 1; i < len(p.entries); i++ {
		p.entries[i].millis = max(p.entries[i].millis, p.entries[i-1].millis)
	}
	if n := len(p.entries); n > 0 {
		p.durable = max(p.durable, p.entries[n-1].number+1)
	}
	p.next, p.end = p.durable, p.durable
}

// numberRestored numbers entries in the order of their times, and stores the bounds alone.
func (m *Machine) numberRestored(entries []journalEntry) {
	if len(entries) == 0 {
		return
	}
	slices.SortFunc(entries, func(a, b journalEntry) int {
		return cmp.Or(cmp.Compare(a.millis, b.millis), cmp.Compare(a.group.id, b.group.id), comparePartitions(a.tp, b.tp))
	})
	parts := map[int32]bool{}
	for i := range entries {
		e := &entries[i]
		p := &m.journal.parts[e.group.part]
		e.number = p.next
		p.next++
		parts[e.group.part] = true
		if e.tp == noPartition {
			e.group.place, e.group.toldNumber = e.number+1, e.number
			continue
		}
		o := e.group.offsets[e.tp]
		o.place = e.number + 1
		e.group.offsets[e.tp] = o
	}
	var writes []meta.Write
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		writes = append(writes, meta.Write{Key: journalKey(part), Value: appendBound(nil, m.journal.parts[part].next+journalStep)})
	}
	m.store(func(_ time.Time, err error) {
		if err != nil {
			return // they are read once they are committed again, or after the next start
		}
		for _, e := range entries {
			m.publish(e.group, e.number, e.millis, e.tp)
		}
	}, writes...)
}
