package kafka

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// OffsetsTopic is the internal topic in which Kafka keeps what groups commit.
const OffsetsTopic = topicconfig.ConsumerOffsets

// OffsetsTopicID is no version of UUID that a topic is given.
var OffsetsTopicID = log.TopicID([]byte("consumer_offsets"))

// offsetsLog is the log, and in it the topic __consumer_offsets, which is the journal of the groups put into Kafka's records as it
// is read (docs/decisions/0099). A topic of that name that somebody made before there was this one hides it.
type offsetsLog struct {
	Log
	groups *group.Coordinator
	// caughtUp waits until every transaction that has been answered is in groups.
	caughtUp func(ctx context.Context) error
}

var _ Log = (*offsetsLog)(nil)

var offsetsTopic = log.Topic{
	ID: OffsetsTopicID, Name: OffsetsTopic, Partitions: group.JournalPartitions, Internal: true,
	Configs: map[string]string{"cleanup.policy": "compact", "compression.type": "producer", "segment.bytes": "104857600"},
}

// errInternalTopic is why clients do not write a topic that is Internal.
func errInternalTopic(t *log.Topic) error {
	if t.ID == OffsetsTopicID {
		return refuse(kerr.InvalidTopicException, "topic %q is internal: it shows what groups have committed", t.Name)
	}
	return refuse(kerr.InvalidTopicException, "topic %q belongs to a table and is written through SQL alone", t.Name)
}

// mayChange is nil if a role may alter or delete a topic.
func (s *Server) mayChange(role string, t *log.Topic) error {
	if err := s.mayTopic(role, t.ID, ChangeTopic); err != nil {
		return err
	}
	if t.ID == OffsetsTopicID {
		return errInternalTopic(t)
	}
	return nil
}

func (l *offsetsLog) hidden() bool {
	_, hidden := l.Log.TopicByName(OffsetsTopic)
	return hidden
}

// Topics implements log.Log.
func (l *offsetsLog) Topics() []log.Topic {
	topics := l.Log.Topics()
	at, hidden := slices.BinarySearchFunc(topics, OffsetsTopic, func(t log.Topic, name string) int { return cmp.Compare(t.Name, name) })
	if hidden {
		return topics
	}
	return slices.Insert(topics, at, offsetsTopic)
}

// TopicByName implements log.Log.
func (l *offsetsLog) TopicByName(name string) (log.Topic, bool) {
	t, ok := l.Log.TopicByName(name)
	if !ok && name == OffsetsTopic {
		return offsetsTopic, true
	}
	return t, ok
}

// TopicByID implements log.Log.
func (l *offsetsLog) TopicByID(id log.TopicID) (log.Topic, bool) {
	if id == OffsetsTopicID && !l.hidden() {
		return offsetsTopic, true
	}
	return l.Log.TopicByID(id)
}

// journal is the partition of the journal that p is, if it is one.
func journal(p log.Partition) (part int32, ok bool) {
	return p.Index, p.Topic == OffsetsTopicID && p.Index >= 0 && p.Index < group.JournalPartitions
}

func (l *offsetsLog) ends(part int32) (e log.Ends) {
	l.groups.With(func(_ time.Time, m *group.Machine) { e.HighWatermark = m.JournalEnd(part) })
	e.LastStableOffset = e.HighWatermark
	return e
}

// Ends implements log.Log. What a client was told to be committed is in them, fresh or not.
func (l *offsetsLog) Ends(ctx context.Context, p []log.Partition, fresh bool) ([]log.Ends, error) {
	others := slices.DeleteFunc(slices.Clone(p), func(p log.Partition) bool { _, ok := journal(p); return ok })
	found, err := l.Log.Ends(ctx, others, fresh)
	if err != nil || len(others) == len(p) {
		return found, err
	}
	if fresh {
		if err := l.caughtUp(ctx); err != nil {
			return nil, err
		}
	}
	all := make([]log.Ends, len(p))
	for i := range p {
		if part, ok := journal(p[i]); ok {
			all[i] = l.ends(part)
		} else {
			all[i], found = found[0], found[1:]
		}
	}
	return all, nil
}

// OffsetForTime implements log.Log.
func (l *offsetsLog) OffsetForTime(ctx context.Context, p log.Partition, millis int64, committed bool) (offset, timestamp int64, found bool, err error) {
	part, ok := journal(p)
	if !ok {
		return l.Log.OffsetForTime(ctx, p, millis, committed)
	}
	l.groups.With(func(_ time.Time, m *group.Machine) {
		offset, timestamp, found = m.JournalTime(part, millis, millis == timeMax)
	})
	return offset, timestamp, found, nil
}

// BehindOffset implements Log.
func (l *offsetsLog) BehindOffset(p log.Partition, offset int64) (b log.Behind, known bool) {
	part, ok := journal(p)
	if !ok {
		return l.Log.BehindOffset(p, offset)
	}
	b.Records = max(l.ends(part).HighWatermark-offset, 0)
	l.groups.With(func(_ time.Time, m *group.Machine) { b.Bytes = m.JournalBytes(part) })
	return b, true
}

// Fetch implements log.Log.
func (l *offsetsLog) Fetch(ctx context.Context, req []log.PartitionRead, b log.Budget, dst *log.FetchResult) error {
	if !readsOffsets(req) {
		return l.Log.Fetch(ctx, req, b, dst)
	}
	others := slices.DeleteFunc(slices.Clone(req), func(r log.PartitionRead) bool { _, ok := journal(r.Partition); return ok })
	if err := l.Log.Fetch(ctx, others, b, dst); err != nil {
		return err
	}
	found, all := dst.Partitions, make([]log.PartitionData, len(req))
	for i := range req {
		if part, ok := journal(req[i].Partition); ok {
			all[i] = l.fetch(part, &req[i], b.MaxBytes-dst.Bytes, dst.Bytes == 0)
			dst.Bytes += len(all[i].RecordBatches)
		} else {
			all[i], found = found[0], found[1:]
		}
	}
	dst.Partitions = all
	return nil
}

func readsOffsets(req []log.PartitionRead) bool {
	return slices.ContainsFunc(req, func(r log.PartitionRead) bool { _, ok := journal(r.Partition); return ok })
}

// How many records are made at once, for the groups wait meanwhile; and how long one is thought to be, at least.
const (
	journalReadRecords = 2048
	journalRecordBytes = 64
)

// fetch reads a partition. Like the log it gives one record in any case if it is the first to give any.
func (l *offsetsLog) fetch(part int32, r *log.PartitionRead, room int, first bool) (d log.PartitionData) {
	room = min(room, r.MaxBytes)
	limit := min(max(room/journalRecordBytes, 1), journalReadRecords)
	var records []group.JournalRecord
	next := r.Offset
	l.groups.With(func(_ time.Time, m *group.Machine) {
		d.HighWatermark = m.JournalEnd(part)
		d.LastStableOffset = d.HighWatermark
		switch {
		case r.Offset < 0 || r.Offset > d.HighWatermark:
			d.Err = log.ErrOffsetOutOfRange
		case r.Offset < d.HighWatermark && (room > 0 || first):
			records, next, d.Err = m.Journal(part, r.Offset, limit)
		}
	})
	if d.Err == nil && next > r.Offset {
		d.RecordBatches = l.encode(records, next, room, first)
	}
	return d
}

// encode puts records, and that there are none up to next, into record batches of up to room bytes, but for a first one.
func (l *offsetsLog) encode(records []group.JournalRecord, next int64, room int, first bool) (dst []byte) {
	b := recordbatch.NewBuilder(math.MaxInt32).Plain() // a group of many members is one record
	base, at := int64(0), int64(0)                     // of the open record batch: its first offset, and the one behind its last
	flush := func() {
		start := len(dst)
		if dst = b.AppendTo(dst); len(dst) > start {
			recordbatch.Patch(dst[start:], base, 0)
		}
	}
	for i := range records {
		r := &records[i]
		key, value, ok := l.record(r)
		if !ok {
			continue
		}
		if b.Count() > 0 {
			if b.Gap(r.Number - at) {
				at = r.Number
			} else {
				flush()
			}
		}
		if b.Count() == 0 {
			base = r.Number
		}
		full := len(dst)+b.Size()+len(key)+len(value) > room && !(first && b.Count() == 0 && len(dst) == 0)
		if full || b.Add(key, value, nil, r.Millis) != nil {
			if next = r.Number; b.Count() == 0 {
				next = at
			}
			break
		}
		at = r.Number + 1
	}
	if b.Count() > 0 && b.Gap(next-at) {
		at = next
	}
	flush()
	if at < next && len(dst) == 0 { // a reader comes to the end over what has gone
		dst = recordbatch.AppendEmpty(dst, &recordbatch.Header{BaseOffset: next - 1})
	}
	return dst
}

// Wait implements log.Log; it knows nothing of __consumer_offsets (changed does).
func (l *offsetsLog) Wait(ctx context.Context, f log.Filter, after log.CommitSeq) (log.CommitSeq, error) {
	others := slices.DeleteFunc(slices.Clone(f.Topics), func(t log.TopicFilter) bool { return t.Topic == OffsetsTopicID })
	if len(others) == 0 && len(f.Topics) > 0 {
		<-ctx.Done()
		return after, ctx.Err()
	}
	return l.Log.Wait(ctx, log.Filter{Topics: others}, after)
}

// changed is closed once __consumer_offsets has more than now; nil if nobody reads it.
func (l *offsetsLog) changed(req []log.PartitionRead) (ch <-chan struct{}) {
	if readsOffsets(req) {
		l.groups.With(func(_ time.Time, m *group.Machine) { ch = m.JournalChanged() })
	}
	return ch
}

// waitOr is Wait, or until changed.
func (l *offsetsLog) waitOr(ctx context.Context, changed <-chan struct{}, f log.Filter, after log.CommitSeq) error {
	if changed == nil {
		_, err := l.Wait(ctx, f, after)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err := l.Wait(ctx, f, after)
	cancel()
	<-done
	select {
	case <-changed:
		return nil
	default:
		return err
	}
}
