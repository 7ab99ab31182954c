package log

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/meta"
)

// sumPart is a part of the fold: the sum of its changes, each conditional on the sum before.
type sumPart struct{ sum uint64 }

func (p *sumPart) Name() string { return partOfCatalog }

func (p *sumPart) Check(c Condition, pending []Change) error {
	sum := p.sum
	for _, ch := range pending {
		sum += binary.LittleEndian.Uint64(ch.Payload)
	}
	if sum != uint64(c.Seq) {
		return fmt.Errorf("%w: sum is %d, not %d", ErrCondition, sum, c.Seq)
	}
	return nil
}

func (p *sumPart) Apply(_ CommitSeq, c Change) error {
	p.sum += binary.LittleEndian.Uint64(c.Payload)
	return nil
}

func (p *sumPart) Save() func(io.Writer) error {
	state := binary.LittleEndian.AppendUint64(nil, p.sum)
	return func(w io.Writer) error {
		_, err := w.Write(state)
		return err
	}
}

func (p *sumPart) Load(r io.Reader) error {
	var b [8]byte
	_, err := io.ReadFull(r, b[:])
	p.sum = binary.LittleEndian.Uint64(b[:])
	return err
}

// scribe makes random entries and decides them into records.
type scribe struct {
	t       *testing.T
	rng     *rand.Rand
	f       *fold
	part    *sumPart
	seal    uint64
	objects int
	millis  int64
	still   bool               // time stands
	plain   bool               // no transactions, which see what is committed as an entry is made
	next    map[[2]int64]int32 // sequence by (producer, partition)
	topics  int
	spare   int64 // producer ids of transactional ids begin behind it
}

func newScribe(t *testing.T, seed uint64) *scribe {
	part := &sumPart{}
	return &scribe{t: t, rng: rand.New(rand.NewPCG(seed, 2)), f: newFold([]Part{part}), part: part,
		next: map[[2]int64]int32{}, millis: 1_000_000, spare: 3}
}

func (s *scribe) recordBatch(producer int64, sequence int32) []byte {
	b := recordbatch.NewBuilder(0)
	for range 1 + s.rng.IntN(3) {
		if err := b.Add(nil, []byte("value"), nil, s.rng.Int64N(1000)); err != nil {
			s.t.Fatal(err)
		}
	}
	raw := b.AppendTo(nil)
	if producer >= 0 {
		setProducer(raw, producer, 1, sequence)
	}
	return raw
}

// setProducer makes raw an idempotent producer's. The CRC is not looked at here.
func setProducer(raw []byte, producer int64, epoch int16, sequence int32) {
	binary.BigEndian.PutUint64(raw[43:], uint64(producer))
	binary.BigEndian.PutUint16(raw[51:], uint16(epoch))
	binary.BigEndian.PutUint32(raw[53:], uint32(sequence))
}

// entry makes one that may be refused for many reasons.
func (s *scribe) entry() *pending {
	if !s.plain && s.rng.IntN(3) == 0 {
		return s.txnEntry()
	}
	e := &Entry{}
	own := false
	switch s.rng.IntN(12) {
	case 0:
		s.topics++
		id := TopicID{byte(s.topics)}
		e.Changes = append(e.Changes, CreateTopicChange(Topic{ID: id, Name: fmt.Sprint("t", s.rng.IntN(6)), Partitions: 2}))
	case 1:
		e.Changes = append(e.Changes, DeleteTopicChange(TopicID{byte(s.rng.IntN(s.topics + 2))}))
	case 2:
		name := fmt.Sprint("p", s.rng.IntN(3))
		e.Conds = append(e.Conds, ProgressIs(name, CommitSeq(s.rng.IntN(3))))
		e.Changes = append(e.Changes, ProgressChange(name, CommitSeq(s.rng.IntN(3)), 5))
	case 3:
		e.Conds = append(e.Conds, Condition{Kind: CondPart, Name: partOfCatalog, Seq: CommitSeq(s.part.sum + uint64(s.rng.IntN(2)))})
		e.Changes = append(e.Changes, Change{Kind: KindCatalog, Payload: binary.LittleEndian.AppendUint64(nil, uint64(s.rng.IntN(2)))})
	case 7:
		p := Partition{Topic: TopicID{byte(1 + s.rng.IntN(s.topics+1))}}
		e.Changes = append(e.Changes, TruncateChange(TruncateRecords, []LogStart{{p, s.rng.Int64N(6)}}))
	case 5:
		e.Changes = append(e.Changes, GrowTopicChange(TopicID{byte(1 + s.rng.IntN(s.topics+1))}, int32(2+s.rng.IntN(3))))
	case 6:
		id := TopicID{byte(1 + s.rng.IntN(s.topics+1))}
		e.Changes = append(e.Changes, ConfigTopicChange(id, []TopicConfig{
			{Name: fmt.Sprint("c", s.rng.IntN(2)), Value: fmt.Sprint(s.rng.IntN(3))}, {Name: "c0", Delete: s.rng.IntN(2) == 0},
		}))
	case 4:
		own = true
		e.Changes = append(e.Changes, producerIDsChange(producerIDsPayload{s.f.nextProducer + int64(s.rng.IntN(2)), 10}))
	}
	for range s.rng.IntN(4) {
		p := Partition{Topic: TopicID{byte(1 + s.rng.IntN(s.topics+1))}, Index: int32(s.rng.IntN(3))}
		raw := s.recordBatch(-1, 0)
		if producer := int64(s.rng.IntN(4)) - 1; producer >= 0 {
			at := [2]int64{producer, int64(p.Topic[0])*3 + int64(p.Index)}
			raw = s.recordBatch(producer, max(s.next[at]-int32(s.rng.IntN(2)), 0))
			h, _ := recordbatch.ParseHeader(raw)
			s.next[at] = h.LastSequence() + 1
		}
		e.Appends = append(e.Appends, Append{Partition: p, RecordBatches: raw})
	}
	limits := Limits{FlushBytes: 500}.withDefaults()
	p := newPending(e, &limits)
	p.own = own
	return p
}

// group seals entries, inline or with made up objects.
func (s *scribe) group(entries ...*pending) *flushGroup {
	s.seal++
	g := &flushGroup{seal: s.seal, entries: entries, ready: true}
	if s.rng.IntN(3) > 0 {
		return g
	}
	n := g.assignBlocks(500)
	for i := range n {
		s.objects++
		b := groupBlock{key: fmt.Sprint("log/", s.objects), size: 32}
		relative := map[Partition]int64{}
		for _, p := range g.pieces(nil, func(_ *pending, _ *appendState, p *piece) bool { return p.block == i }) {
			p.position, p.relative = b.size, relative[p.owner.partition]
			b.size += int64(len(p.bytes))
			relative[p.owner.partition] += p.sum.Span
		}
		g.blocks = append(g.blocks, b)
	}
	return g
}

// commit decides groups and applies the record; nil if there was nothing to commit.
func (s *scribe) commit(groups ...*flushGroup) []byte {
	if !s.still {
		s.millis += s.rng.Int64N(3_600_000)
	}
	c := commit{groups: groups}
	err := c.decide(s.f, writerIdentity{}, s.f.seq+1, s.millis)
	if errors.Is(err, errNothing) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.f.apply(c.record); err != nil {
		s.t.Fatal(err)
	}
	return c.record
}

// swap rolls what is inline into made up segments.
func (s *scribe) swap() *flushGroup {
	db := &DB{}
	db.mu.fold = s.f
	db.published.Store(uint64(s.f.seq))
	out, inline := db.gatherInline()
	layers, err := layInline(inline)
	if err != nil {
		s.t.Fatal(err)
	}
	swap := swapPayload{Out: out}
	for _, runs := range layers {
		s.objects++
		o := swapObject{Key: fmt.Sprint("seg/", s.objects), Size: 32}
		for _, r := range runs {
			r.transactions()
			r.Position = o.Size
			o.Size += r.Length
			o.Runs = append(o.Runs, r.swapRun)
		}
		swap.In = append(swap.In, o)
	}
	limits := Limits{}.withDefaults()
	p := newPending(&Entry{Changes: []Change{{Kind: KindSwap, Payload: swap.appendTo(nil)}}}, &limits)
	p.own = true
	s.seal++
	return &flushGroup{seal: s.seal, entries: []*pending{p}, ready: true}
}

func encoded(t *testing.T, f *fold) []byte {
	t.Helper()
	b, err := f.capture().encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFoldIsAFunctionOfTheLog: applying the records to an empty fold gives the state of the
// fold they were decided on, and so does any chain of snapshots in between.
func TestFoldIsAFunctionOfTheLog(t *testing.T) {
	for seed := range uint64(100) {
		s := newScribe(t, seed)
		var records [][]byte
		for range 40 {
			var groups []*flushGroup
			for range 1 + s.rng.IntN(3) {
				var entries []*pending
				for range 1 + s.rng.IntN(4) {
					entries = append(entries, s.entry())
				}
				groups = append(groups, s.group(entries...))
			}
			if s.rng.IntN(5) == 0 && len(s.f.inline) > 0 {
				groups = append(groups, s.swap())
			}
			if rec := s.commit(groups...); rec != nil {
				records = append(records, rec)
			}
		}
		want := encoded(t, s.f)
		replayed := newFold([]Part{&sumPart{}})
		for i, rec := range records {
			if _, err := replayed.apply(rec); err != nil {
				t.Fatalf("seed %d, record %d: %v", seed, i, err)
			}
			if s.rng.IntN(6) == 0 {
				replayed = throughSnapshot(t, replayed, records)
			}
		}
		if !bytes.Equal(encoded(t, replayed), want) {
			t.Fatalf("seed %d: replay with snapshots gives another state", seed)
		}
	}
}

// TestImage: an image stays what it was whatever is committed behind it.
func TestImage(t *testing.T) {
	for seed := range uint64(20) {
		s := newScribe(t, seed)
		var images []*fold
		var want [][]byte
		for range 60 {
			groups := []*flushGroup{s.group(s.entry(), s.entry(), s.entry())}
			if s.rng.IntN(4) == 0 && len(s.f.inline) > 0 {
				groups = append(groups, s.swap())
			}
			s.commit(groups...)
			if s.rng.IntN(3) == 0 {
				images = append(images, s.f.capture())
				want = append(want, encoded(t, s.f))
			}
		}
		for i, image := range images {
			got, err := image.encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want[i]) {
				t.Fatalf("seed %d: image %d of %d changed after it was taken", seed, i, len(images))
			}
		}
	}
}

func throughSnapshot(t *testing.T, f *fold, records [][]byte) *fold {
	t.Helper()
	out, err := decodeSnapshot(encoded(t, f), []Part{&sumPart{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range out.inline {
		if err := fillInline([]*block{b}, meta.Record{Seq: b.inline.Seq, Bytes: records[b.inline.Seq-1]}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestGrouping: the same entries in the same order get the same answers however they are cut
// into groups and commits.
func TestGrouping(t *testing.T) {
	type answer struct {
		base      []int64
		duplicate []bool
		err       string
	}
	for seed := range uint64(100) {
		var want []answer
		for cut := range 4 {
			s := newScribe(t, seed) // the same entries each time
			rng := rand.New(rand.NewPCG(seed, uint64(cut)))
			var all, open []*pending
			var groups []*flushGroup
			s.still, s.plain = true, true
			for i := range 60 {
				e := s.entryOf(i)
				all, open = append(all, e), append(open, e)
				if cut == 0 || rng.IntN(3) == 0 {
					s.seal++
					groups = append(groups, &flushGroup{seal: s.seal, entries: open})
					open = nil
				}
				if len(groups) > 0 && (cut == 0 || rng.IntN(4) == 0) {
					s.commit(groups...)
					groups = nil
				}
			}
			s.commit(append(groups, &flushGroup{seal: s.seal + 1, entries: open})...)
			var got []answer
			for _, e := range all {
				a := answer{err: fmt.Sprint(e.err)}
				for k := range e.appends {
					if e.err == nil {
						a.base = append(a.base, e.appends[k].base)
						a.duplicate = append(a.duplicate, e.appends[k].duplicate)
					}
				}
				got = append(got, a)
			}
			if cut == 0 {
				want = got
				continue
			}
			for i := range got {
				if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
					t.Fatalf("seed %d, cut %d, entry %d: %v, alone %v", seed, cut, i, got[i], want[i])
				}
			}
		}
	}
}

// entryOf is entry without what depends on the fold's present state or on commit numbers.
func (s *scribe) entryOf(i int) *pending {
	if i == 0 {
		s.topics = 3
		limits := Limits{}.withDefaults()
		e := &Entry{}
		for k := range byte(3) {
			e.Changes = append(e.Changes, CreateTopicChange(Topic{ID: TopicID{k + 1}, Name: fmt.Sprint("u", k), Partitions: 2}))
		}
		return newPending(e, &limits)
	}
	for {
		p := s.entry()
		if !p.own && (len(p.entry.Conds) == 0 || p.entry.Conds[0].Kind != CondPart) {
			return p
		}
	}
}

func TestSequences(t *testing.T) {
	const max = 1<<31 - 1
	type batch struct {
		epoch      int16
		base, last int32
		hours      int64 // since the one before
		offset     int64 // expected; -1 = new
		err        error
	}
	for name, batches := range map[string][]batch{
		"in order":         {{1, 0, 4, 0, -1, nil}, {1, 5, 5, 0, -1, nil}, {1, 6, 9, 0, -1, nil}},
		"begins anywhere":  {{1, 77, 78, 0, -1, nil}, {1, 79, 79, 0, -1, nil}},
		"gap":              {{1, 0, 0, 0, -1, nil}, {1, 2, 2, 0, 0, ErrOutOfOrderSequence}, {1, 1, 1, 0, -1, nil}},
		"duplicate":        {{1, 0, 4, 0, -1, nil}, {1, 5, 5, 0, -1, nil}, {1, 0, 4, 0, 0, nil}, {1, 5, 5, 0, 1, nil}, {1, 6, 6, 0, -1, nil}},
		"overlap":          {{1, 0, 4, 0, -1, nil}, {1, 3, 7, 0, 0, ErrOutOfOrderSequence}},
		"beyond five":      {{1, 0, 0, 0, -1, nil}, {1, 1, 1, 0, -1, nil}, {1, 2, 2, 0, -1, nil}, {1, 3, 3, 0, -1, nil}, {1, 4, 4, 0, -1, nil}, {1, 5, 5, 0, -1, nil}, {1, 1, 1, 0, 1, nil}, {1, 0, 0, 0, 0, ErrOutOfOrderSequence}},
		"wraps":            {{1, max - 1, max, 0, -1, nil}, {1, 0, 1, 0, -1, nil}},
		"wraps inside":     {{1, max, 1, 0, -1, nil}, {1, 2, 2, 0, -1, nil}},
		"old epoch":        {{2, 0, 0, 0, -1, nil}, {1, 1, 1, 0, 0, ErrInvalidEpoch}},
		"new epoch":        {{1, 0, 9, 0, -1, nil}, {2, 0, 0, 0, -1, nil}, {2, 1, 1, 0, -1, nil}},
		"new epoch not 0":  {{1, 0, 9, 0, -1, nil}, {2, 10, 10, 0, 0, ErrOutOfOrderSequence}},
		"forgotten":        {{1, 0, 0, 0, -1, nil}, {1, 9, 9, 25, -1, nil}, {1, 0, 0, 0, 0, ErrOutOfOrderSequence}},
		"not yet forgoten": {{1, 0, 0, 0, -1, nil}, {1, 9, 9, 24, 0, ErrOutOfOrderSequence}},
	} {
		var s producerState
		millis, offset := int64(0), int64(0)
		for i, b := range batches {
			millis += b.hours * 3_600_000
			got, duplicate, err := s.check(b.epoch, b.base, b.last, millis)
			if !errors.Is(err, b.err) || (err == nil && duplicate != (b.offset >= 0)) || (duplicate && got != b.offset) {
				t.Errorf("%s, batch %d: offset %d, duplicate %v, %v", name, i, got, duplicate, err)
			}
			if err == nil && !duplicate {
				s.add(b.epoch, producedBatch{b.base, b.last, offset}, millis)
				offset++
			}
		}
	}
}
