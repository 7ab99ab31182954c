package log

import "fmt"

// fold is the state that every broker keeps by applying commit records in order: a pure
// function of a prefix of the log. It has no lock of its own: DB.mu guards it, and only the
// committer changes it.
type fold struct {
	seq        CommitSeq
	timeline   uint32
	timeMillis int64 // commit time of seq
	times      commitTimes

	topics map[TopicID]*topic
	names  map[string]*topic

	txns         txnTable
	writers      map[uint32]writerState
	progress     map[string]progressState
	nextProducer int64 // producer ids from here on were never handed out

	// garbage are objects that left the index and are to be deleted; not in snapshots.
	garbage []string
	// truncated: some partition may have runs before its log start.
	truncated bool

	// captures counts what capture took: what is older than the newest is shared with an image.
	captures uint64
	// forgotMillis is the commit time at which expired producers were forgotten last.
	forgotMillis int64

	// producers counts the states in all partitions; above maxProducers the oldest are forgotten.
	producers    int
	maxProducers int   // 0 = no bound
	evicted      int64 // producers forgotten before they expired

	// inline are the groups whose bytes lie in commit records, in log order.
	inline      []*block
	inlineBytes int64

	parts []Part
	// saved are the states of the parts: of an image alone.
	saved []savedPart
}

type topic struct {
	Topic
	appendTime bool // LogAppendTime
	partitions []*partition
}

// writerState is a broker's fence, the last flush group of it that was decided, and its feature
// level.
type writerState struct{ fence, seal, level uint64 }

type progressState struct {
	seq    CommitSeq
	number int64
}

func newFold(parts []Part) *fold {
	return &fold{
		topics: map[TopicID]*topic{}, names: map[string]*topic{},
		writers: map[uint32]writerState{}, progress: map[string]progressState{},
		nextProducer: 1, parts: parts, txns: newTxnTable(),
	}
}

// part finds the registered part; the log knows one kind of parts, the catalog's.
func (f *fold) part(name string) Part {
	for _, p := range f.parts {
		if p.Name() == name {
			return p
		}
	}
	return nil
}

// partOfCatalog owns KindCatalog.
const partOfCatalog = "catalog"

func (f *fold) partition(p Partition) *partition {
	t := f.topics[p.Topic]
	if t == nil || p.Index < 0 || int(p.Index) >= len(t.partitions) {
		return nil
	}
	return t.partitions[p.Index]
}

// applied tells what a record changed, for publishing it.
type applied struct {
	recordHeader
	partitions []*partition // that got records
	topics     []TopicID    // created or deleted
	truncated  []*partition // whose log start moved
	blocks     []*block     // new
	changes    []Change     // of the record, as stored
	index      int32        // of the change being applied
	txns       bool         // a transaction may have begun
}

// foldChange is a decoded change. apply fails only if the record contradicts the fold, which
// is ErrCorrupt: the record was decided against this very state.
type foldChange interface {
	apply(f *fold, a *applied) error
	describe() string // for the dump
}

// apply applies one durable record. Nothing is changed if it holds a kind or a payload that
// does not decode.
func (f *fold) apply(src []byte) (*applied, error) {
	rec, err := decodeRecord(src)
	if err != nil {
		return nil, err
	}
	if rec.Seq != f.seq+1 {
		return nil, fmt.Errorf("%w: commit record %d follows %d", ErrCorrupt, rec.Seq, f.seq)
	}
	if rec.Timeline < f.timeline {
		return nil, fmt.Errorf("%w: commit record %d of timeline %d follows timeline %d", ErrCorrupt, rec.Seq, rec.Timeline, f.timeline)
	}
	changes := make([]foldChange, len(rec.Changes))
	for i, c := range rec.Changes {
		if changes[i], err = f.decodeChange(c); err != nil {
			return nil, fmt.Errorf("commit record %d, change %d: %w", rec.Seq, i, err)
		}
	}
	a := &applied{recordHeader: rec.recordHeader, changes: rec.Changes}
	for i, c := range changes {
		a.index = int32(i)
		if err := c.apply(f, a); err != nil {
			return nil, fmt.Errorf("commit record %d, change %d: %w", rec.Seq, i, err)
		}
	}
	f.timeline = rec.Timeline
	f.seq, f.timeMillis = rec.Seq, max(f.timeMillis, rec.TimeMillis)
	f.times.add(rec.Seq, f.timeMillis)
	if f.timeMillis-f.forgotMillis >= forgetEveryMillis {
		f.forgetProducers()
		f.forgetTxns()
	}
	f.boundProducers()
	if f.txns.max > 0 && len(f.txns.byName) > f.txns.max {
		f.forgetTxns()
	}
	if w, ok := f.writers[rec.Writer]; ok && w.fence == rec.Fence {
		w.seal = max(w.seal, rec.LastSeal)
		f.writers[rec.Writer] = w
	}
	return a, nil
}

func (f *fold) decodeChange(c Change) (foldChange, error) {
	switch c.Kind {
	case KindAppend:
		return decodeAppend(c.Payload)
	case KindTruncate:
		return decodeTruncate(c.Payload)
	case KindTxn:
		return decodeTxn(c.Payload)
	case KindEndTxn:
		return decodeEndTxn(c.Payload)
	case KindSwap:
		if len(c.Payload) > 0 && c.Payload[0] == swapClean {
			return decodeClean(c.Payload)
		}
		return decodeSwap(c.Payload)
	case KindTopic:
		return decodeTopic(c.Payload)
	case KindWriter:
		return decodeWriter(c.Payload)
	case KindProgress:
		return decodeProgress(c.Payload)
	case KindProducer:
		return decodeProducerIDs(c.Payload)
	case KindTime:
		return decodeTime(c.Payload)
	case KindCatalog:
		if part := f.part(partOfCatalog); part != nil {
			return partChange{part, c}, nil
		}
		return nil, fmt.Errorf("%w: nobody takes catalog changes", ErrUnknownKind)
	}
	return nil, fmt.Errorf("%w: change of kind %d", ErrUnknownKind, c.Kind)
}

type partChange struct {
	part   Part
	change Change
}

// apply: the change is durable; a part that does not take it contradicts its own Check, and
// the log stops.
func (p partChange) apply(_ *fold, a *applied) error {
	if err := p.part.Apply(a.Seq, p.change); err != nil {
		return fmt.Errorf("%w: %s does not take its change: %w", ErrCorrupt, p.part.Name(), err)
	}
	return nil
}

func (p *topicPayload) apply(f *fold, a *applied) error {
	a.topics = append(a.topics, p.Topic.ID)
	if p.Op == topicCreate {
		return p.create(f)
	}
	t := f.topics[p.Topic.ID]
	if t == nil {
		return fmt.Errorf("%w: topic to delete or to change is not there", ErrCorrupt)
	}
	switch p.Op {
	case topicDelete:
		f.producers -= t.countProducers()
		f.leaveTxns(t)
		t.dropRuns(f)
		delete(f.topics, t.ID)
		delete(f.names, t.Name)
	case topicPartitions:
		if p.Topic.Partitions <= t.Partitions {
			return fmt.Errorf("%w: topic %q has %d partitions and is to have %d", ErrCorrupt, t.Name, t.Partitions, p.Topic.Partitions)
		}
		t.grow(p.Topic.Partitions, a.Seq)
	case topicConfigs:
		t.configure(p.configured(t.Configs))
	}
	return nil
}

// grow adds partitions. REQUIRES: DB.mu held, or nobody else has the topic.
func (t *topic) grow(to int32, at CommitSeq) {
	t.Grown = append(t.Grown[:len(t.Grown):len(t.Grown)], Growth{At: at, First: t.Partitions})
	for i := t.Partitions; i < to; i++ {
		t.partitions = append(t.partitions, &partition{id: Partition{Topic: t.ID, Index: i}})
	}
	t.Partitions = to
}

func (t *topic) configure(configs map[string]string) {
	t.Configs = configs
	t.appendTime = t.logAppendTime()
}

func (p *topicPayload) create(f *fold) error {
	if f.topics[p.Topic.ID] != nil || f.names[p.Topic.Name] != nil {
		return fmt.Errorf("%w: topic %q is there already", ErrCorrupt, p.Topic.Name)
	}
	f.addTopic(p.Topic)
	return nil
}

func (f *fold) addTopic(t Topic) *topic {
	out := &topic{Topic: t, appendTime: t.logAppendTime(), partitions: make([]*partition, t.Partitions)}
	for i := range out.partitions {
		out.partitions[i] = &partition{id: Partition{Topic: t.ID, Index: int32(i)}}
	}
	f.topics[t.ID], f.names[t.Name] = out, out
	return out
}

func (p *progressPayload) apply(f *fold, _ *applied) error {
	if p.Drop {
		delete(f.progress, p.Name)
	} else {
		f.progress[p.Name] = progressState{seq: p.Seq, number: p.Number}
	}
	return nil
}

// apply: the time of a commit is in its header.
func (timePayload) apply(*fold, *applied) error { return nil }

func (p *writerPayload) apply(f *fold, _ *applied) error {
	if p.Fence <= f.writers[p.Writer].fence {
		return fmt.Errorf("%w: fence %d of writer %d does not rise", ErrCorrupt, p.Fence, p.Writer)
	}
	f.writers[p.Writer] = writerState{fence: p.Fence, level: p.Level}
	return nil
}

func (p *producerIDsPayload) apply(f *fold, _ *applied) error {
	if p.First != f.nextProducer {
		return fmt.Errorf("%w: producer ids from %d on, %d expected", ErrCorrupt, p.First, f.nextProducer)
	}
	f.nextProducer = p.First + p.Count
	return nil
}
