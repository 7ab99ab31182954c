package kafka

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// memLog is a log.Log in memory for tests of the listener alone: appends commit at once, unless
// hold is set. It knows nothing of idempotence. It is Topics too.
type memLog struct {
	noTransactions

	mu      sync.Mutex
	topics  []log.Topic
	parts   map[log.Partition]*memPartition
	seq     log.CommitSeq
	changed chan struct{}
	nextPID int64
	failing error    // what Fetch and Append return
	inUse   []string // topics that DeleteTopic refuses
	held    []*memPending
	hold    bool
	cut     bool // Fetch says that there is more
}

// noTransactions refuses all that changes something.
type noTransactions struct{}

func (noTransactions) InitTransactions(context.Context, string, time.Duration, log.ProducerIdentity) (log.ProducerIdentity, error) {
	return log.NoIdentity, log.ErrUnavailable
}

func (noTransactions) AddToTransaction(context.Context, string, log.ProducerIdentity, []log.Partition, []string) error {
	return log.ErrUnavailable
}

func (noTransactions) AddOffsets(context.Context, string, log.ProducerIdentity, string, []log.GroupOffset, bool) error {
	return log.ErrUnavailable
}

func (noTransactions) EndTransaction(context.Context, string, log.ProducerIdentity, bool, bool) (log.ProducerIdentity, error) {
	return log.NoIdentity, log.ErrUnavailable
}

func (noTransactions) Transactions([]string) []log.Transaction { return nil }

func (noTransactions) Unstable(string) map[log.Partition]bool { return nil }

func (noTransactions) Producers(log.Partition) ([]log.ActiveProducer, error) { return nil, nil }

type memPartition struct {
	batches [][]byte
	bases   []int64
	end     int64
	touched log.CommitSeq
}

type memPending struct {
	done  chan struct{}
	entry *log.Entry
	res   log.Appended
	err   error
}

func (p *memPending) Done() <-chan struct{}         { return p.done }
func (p *memPending) Result() (log.Appended, error) { return p.res, p.err }

var (
	_ Log    = (*memLog)(nil)
	_ Topics = (*memLog)(nil)

	noDeadline time.Time
)

func newMemLog() *memLog {
	return &memLog{parts: map[log.Partition]*memPartition{}, changed: make(chan struct{})}
}

func (l *memLog) Admit(ctx context.Context, _ string, _ int) (func(), error) {
	return func() {}, ctx.Err()
}

// NewStage is for those who write more than the listener does.
func (l *memLog) NewStage() *log.Stage { panic("the listener stages nothing") }

func (l *memLog) Append(e *log.Entry) log.Pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &memPending{done: make(chan struct{}), entry: e}
	if l.hold {
		l.held = append(l.held, p)
		return p
	}
	l.commitLocked(p)
	return p
}

func (l *memLog) Commit(e *log.Entry) (log.Appended, error) {
	p := l.Append(e)
	<-p.Done()
	return p.Result()
}

// noFollowing has everything: nothing is ever delivered.
type noFollowing struct{}

func (noFollowing) Reached(context.Context, log.CommitSeq) error { return nil }
func (noFollowing) Then(_ log.CommitSeq, fn func())              { fn() }
func (noFollowing) Again()                                       {}
func (noFollowing) Stop(context.Context) error                   { return nil }

// releaseHeld commits what waits, last first, so that answers come from order and not from luck.
func (l *memLog) releaseHeld() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold = false
	for _, p := range l.held {
		l.commitLocked(p)
	}
	l.held = nil
}

// trim forgets what was appended, for benchmarks.
func (l *memLog) trim() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.parts {
		p.batches, p.bases = nil, nil
	}
}

func (l *memLog) commitLocked(p *memPending) {
	defer close(p.done)
	if p.err = l.failing; p.err != nil {
		return
	}
	l.seq++
	for _, a := range p.entry.Appends {
		part := l.parts[a.Partition]
		h, raw, _, err := recordbatch.Next(a.RecordBatches)
		if part == nil || err != nil {
			p.err = log.ErrUnknownTopic
			return
		}
		recordbatch.Patch(raw, part.end, 0)
		p.res.BaseOffsets = append(p.res.BaseOffsets, part.end)
		p.res.LogStarts = append(p.res.LogStarts, 0)
		p.res.AppendTimes = append(p.res.AppendTimes, -1)
		p.res.Duplicate = append(p.res.Duplicate, false)
		part.batches, part.bases = append(part.batches, raw), append(part.bases, part.end)
		part.end += int64(h.LastOffsetDelta) + 1
		part.touched = l.seq
	}
	p.res.Seq = l.seq
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *memLog) Fetch(_ context.Context, req []log.PartitionRead, b log.Budget, dst *log.FetchResult) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failing != nil {
		return l.failing
	}
	*dst = log.FetchResult{AsOf: l.seq, Cut: l.cut}
	for _, r := range req {
		var d log.PartitionData
		part := l.parts[r.Partition]
		switch {
		case part == nil:
			d.Err = log.ErrUnknownTopic
		case r.Offset < 0 || r.Offset > part.end:
			d.Err = log.ErrOffsetOutOfRange
			d.HighWatermark, d.LastStableOffset = part.end, part.end
		default:
			d.HighWatermark, d.LastStableOffset = part.end, part.end
			i, found := slices.BinarySearch(part.bases, r.Offset)
			if !found {
				i--
			}
			for ; i >= 0 && i < len(part.batches); i++ {
				if h, _ := recordbatch.ParseHeader(part.batches[i]); h.LastOffset() < r.Offset {
					continue
				}
				n := len(part.batches[i])
				if dst.Bytes > 0 && (len(d.RecordBatches)+n > r.MaxBytes || dst.Bytes+n > b.MaxBytes) {
					break
				}
				d.RecordBatches = append(d.RecordBatches, part.batches[i]...)
				dst.Bytes += n
			}
		}
		dst.Partitions = append(dst.Partitions, d)
	}
	return nil
}

func (l *memLog) Changes(context.Context, log.CommitSeq, log.CommitSeq, log.Filter) (log.ChangeReader, error) {
	return nil, log.ErrUnavailable
}

func (l *memLog) Ends(_ context.Context, p []log.Partition, _ bool) ([]log.Ends, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ends := make([]log.Ends, len(p))
	for i := range p {
		part := l.parts[p[i]]
		if part == nil {
			return nil, log.ErrUnknownTopic
		}
		ends[i] = log.Ends{HighWatermark: part.end, LastStableOffset: part.end}
	}
	return ends, nil
}

func (l *memLog) OffsetForTime(_ context.Context, p log.Partition, ms int64, _ bool) (int64, int64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	part := l.parts[p]
	var best, bestTime int64 = -1, -1
	for _, raw := range part.batches {
		var r recordbatch.Reader
		h, _ := recordbatch.ParseHeader(raw)
		if err := r.Reset(raw, 0); err != nil {
			return 0, 0, false, err
		}
		for r.Next() {
			ts := r.Record().Timestamp
			if ms == timeMax && ts > bestTime || ms >= 0 && ts >= ms && best < 0 {
				best, bestTime = h.BaseOffset+int64(r.Record().OffsetDelta), ts
			}
		}
		r.Release()
	}
	return best, bestTime, best >= 0, nil
}

func (l *memLog) Newest(context.Context, bool) (log.CommitSeq, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq, nil
}

func (l *memLog) touchedLocked(f log.Filter) (newest log.CommitSeq) {
	for p, part := range l.parts {
		for _, t := range f.Topics {
			if t.Topic == p.Topic && (t.Partitions == nil || slices.Contains(t.Partitions, p.Index)) {
				newest = max(newest, part.touched)
			}
		}
	}
	return newest
}

func (l *memLog) Touched(f log.Filter, _ log.CommitSeq) log.CommitSeq {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.touchedLocked(f)
}

func (l *memLog) Wait(ctx context.Context, f log.Filter, after log.CommitSeq) (log.CommitSeq, error) {
	for {
		l.mu.Lock()
		seq, touched, changed := l.seq, l.touchedLocked(f), l.changed
		l.mu.Unlock()
		if touched > after {
			return seq, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (l *memLog) Follow(log.FollowConfig, log.Follower) log.Following {
	return noFollowing{}
}

func (l *memLog) BehindOffset(p log.Partition, offset int64) (b log.Behind, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	part := l.parts[p]
	if part == nil {
		return b, false
	}
	for i, raw := range part.batches {
		if part.bases[i] >= offset {
			b.Bytes += int64(len(raw))
		}
	}
	return b, true
}

func (l *memLog) LostBy(log.TopicID) log.CommitSeq      { return 0 }
func (l *memLog) LostUntil(log.TopicID) log.CommitSeq   { return 0 }
func (l *memLog) TruncatedBy(log.TopicID) log.CommitSeq { return 0 }

func (l *memLog) CommitTime(log.CommitSeq) time.Time { return time.Time{} }
func (l *memLog) Now() time.Time                     { return time.Time{} }

func (l *memLog) Topics() []log.Topic {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.topics)
}

func (l *memLog) find(is func(t *log.Topic) bool) (log.Topic, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.topics {
		if is(&l.topics[i]) {
			return l.topics[i], true
		}
	}
	return log.Topic{}, false
}

func (l *memLog) TopicByName(name string) (log.Topic, bool) {
	return l.find(func(t *log.Topic) bool { return t.Name == name })
}

func (l *memLog) TopicByID(id log.TopicID) (log.Topic, bool) {
	return l.find(func(t *log.Topic) bool { return t.ID == id })
}

func (l *memLog) Progress(string) (log.CommitSeq, int64) { return 0, 0 }

func (l *memLog) NewProducerID(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nextPID++
	return l.nextPID, l.failing
}

func (l *memLog) CreateTopic(_ context.Context, n NewTopic) (log.Topic, error) {
	if _, ok := l.TopicByName(n.Name); ok {
		return log.Topic{}, log.ErrTopicExists
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := log.Topic{Name: n.Name, Partitions: n.Partitions, Configs: n.Configs}
	_, _ = rand.Read(t.ID[:])
	l.topics = append(l.topics, t)
	slices.SortFunc(l.topics, func(a, b log.Topic) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) })
	for i := range t.Partitions {
		l.parts[log.Partition{Topic: t.ID, Index: i}] = &memPartition{}
	}
	return t, nil
}

func (l *memLog) GrowTopic(_ context.Context, id log.TopicID, n int32, validateOnly bool) error {
	return l.change(id, validateOnly, func(t *log.Topic) {
		for i := t.Partitions; i < n; i++ {
			l.parts[log.Partition{Topic: t.ID, Index: i}] = &memPartition{}
		}
		t.Partitions = n
	})
}

func (l *memLog) ConfigureTopic(_ context.Context, id log.TopicID, changes []log.TopicConfig, validateOnly bool) error {
	return l.change(id, validateOnly, func(t *log.Topic) {
		configs := map[string]string{}
		maps.Copy(configs, t.Configs)
		for _, c := range changes {
			if c.Delete {
				delete(configs, c.Name)
			} else {
				configs[c.Name] = c.Value
			}
		}
		t.Configs = configs
	})
}

func (l *memLog) change(id log.TopicID, validateOnly bool, change func(*log.Topic)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.topics {
		switch t := &l.topics[i]; {
		case t.ID != id:
		case slices.Contains(l.inUse, t.Name):
			return ErrTopicInUse
		case validateOnly:
			return nil
		default:
			change(t)
			return nil
		}
	}
	return log.ErrUnknownTopic
}

func (l *memLog) DeleteTopic(_ context.Context, id log.TopicID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.topics {
		if l.topics[i].ID != id {
			continue
		}
		if slices.Contains(l.inUse, l.topics[i].Name) {
			return ErrTopicInUse
		}
		l.topics = slices.Delete(l.topics, i, i+1)
		return nil
	}
	return log.ErrUnknownTopic
}
