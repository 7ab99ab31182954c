package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/internal/nexmark"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// Bounds of one entry, and the pace.
const (
	maxEntryEvents = 50_000
	maxEntryBytes  = 4 << 20
	tick           = 50 * time.Millisecond
	retryPause     = 200 * time.Millisecond
)

// source fills one stream.
type source struct {
	cfg    *Config
	rel    *catalog.Relation
	asked  nexmark.Source
	gen    *nexmark.Generator
	name   string // of its progress
	topic  log.TopicID
	builds []*recordbatch.Builder // by partition
	sealed [][]byte

	seq  log.CommitSeq // entries so far
	next int64         // the event that comes next
	json []byte
}

// ProgressName is the name under which the log keeps how far a stream's source is.
func ProgressName(oid catalog.OID) string { return fmt.Sprintf("%s/%d", Nexmark, oid) }

func newSource(cfg *Config, rel *catalog.Relation) (*source, error) {
	asked, err := parse(rel)
	if err != nil {
		return nil, err
	}
	gen, err := nexmark.New(asked.Config)
	if err != nil {
		return nil, err
	}
	topic, ok := cfg.Log.TopicByID(rel.Topic)
	if !ok {
		return nil, fmt.Errorf("%w: %s", log.ErrUnknownTopic, rel.TopicName)
	}
	s := &source{cfg: cfg, rel: rel, asked: asked, gen: gen, name: ProgressName(rel.OID), topic: topic.ID}
	s.sealed = make([][]byte, topic.Partitions)
	for range topic.Partitions {
		s.builds = append(s.builds, recordbatch.NewBuilder(cfg.MaxRecordBatch))
	}
	return s, nil
}

// run appends what is due until the events or ctx end.
func (s *source) run(ctx context.Context) {
	job.Label("source", "relation", s.rel.QualifiedName())
	logger := s.cfg.Logger.With("stream", s.rel.QualifiedName())
	for ctx.Err() == nil {
		s.seq, s.next = s.cfg.Log.Progress(s.name)
		err := s.paced(ctx)
		switch {
		case err == nil:
			return
		case ctx.Err() != nil, errors.Is(err, log.ErrClosed):
			return
		case errors.Is(err, log.ErrCondition), errors.Is(err, log.ErrUnavailable):
			// The outcome is in the progress: read it again and go on there.
			logger.Warn("source waits for the log", "err", err)
			s.pause(ctx, retryPause)
		default:
			logger.Error("source stopped", "err", err)
			return
		}
	}
}

// paced appends events at the rate asked for, counted from now on; nil at the last event and
// when the stream is gone.
func (s *source) paced(ctx context.Context) error {
	start, first := s.cfg.Clock.Now(), s.next
	for {
		if _, ok := s.cfg.Catalog.Now().ByOID(s.rel.OID); !ok || s.ended() {
			return nil
		}
		due := first + eventsIn(s.cfg.Clock.Now().Sub(start), s.asked.Config.Rate)
		if due <= s.next {
			if !s.pause(ctx, max(tick, time.Second/time.Duration(s.asked.Config.Rate))) {
				return ctx.Err()
			}
			continue
		}
		if err := s.append(ctx, due); err != nil {
			return err
		}
	}
}

func (s *source) ended() bool {
	return s.next >= nexmark.MaxEvents || (s.asked.Events > 0 && s.next >= s.asked.Events)
}

// eventsIn is how many events fall into a time.
func eventsIn(d time.Duration, rate int64) int64 {
	return int64(d/time.Second)*rate + int64(d%time.Second)*rate/int64(time.Second)
}

// pause waits; false when ctx ended first.
func (s *source) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-s.cfg.Clock.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// append makes one entry of the events from s.next up to due, as far as the bounds of an entry
// allow, and waits until it is durable.
func (s *source) append(ctx context.Context, due int64) error {
	if s.asked.Events > 0 {
		due = min(due, s.asked.Events)
	}
	end, appends, size, err := s.records(min(due, s.next+maxEntryEvents))
	if err != nil {
		return err
	}
	if len(appends) == 0 { // none of these events is of this table: nothing to remember yet
		s.next = end
		return nil
	}
	release, err := s.cfg.Log.Admit(ctx, "source "+s.name, size)
	if err != nil {
		return err
	}
	defer release()
	p := s.cfg.Log.Append(&log.Entry{
		Appends: appends,
		Conds:   []log.Condition{log.ProgressIs(s.name, s.seq)},
		Changes: []log.Change{log.ProgressChange(s.name, s.seq+1, end)},
	})
	select {
	case <-p.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := p.Result(); err != nil {
		return err
	}
	s.seq, s.next = s.seq+1, end
	return nil
}

// records makes the records of events [s.next, end), or of fewer when an entry is full, and says
// where it stopped.
func (s *source) records(end int64) (at int64, appends []log.Append, size int, err error) {
	var e nexmark.Event
	for at = s.next; at < end && size < maxEntryBytes; at++ {
		if !s.asked.Table.Has(s.gen.Kind(at)) {
			continue
		}
		s.gen.At(at, &e)
		s.json = e.AppendFlat(s.json[:0])
		size += len(s.json)
		if err := s.add(s.partition(at), s.json, e.Millis); err != nil {
			return at, nil, 0, err
		}
	}
	size = 0
	for i, b := range s.builds {
		if bytes := b.AppendTo(s.sealed[i]); len(bytes) > 0 {
			appends = append(appends, log.Append{Partition: log.Partition{Topic: s.topic, Index: int32(i)}, RecordBatches: bytes})
			size += len(bytes)
		}
		s.sealed[i] = nil // the log owns the bytes
	}
	return at, appends, size, nil
}

// add puts a record into a partition's record batch, sealing the full one before.
func (s *source) add(partition int, value []byte, millis int64) error {
	b := s.builds[partition]
	err := b.Add(nil, value, nil, millis)
	if errors.Is(err, recordbatch.ErrFull) {
		s.sealed[partition] = b.AppendTo(s.sealed[partition])
		err = b.Add(nil, value, nil, millis)
	}
	return err
}

// partition spreads events by their position alone, so that a restart changes nothing.
func (s *source) partition(at int64) int {
	if len(s.builds) == 1 {
		return 0
	}
	return int(uint64(at) * 0x9e3779b97f4a7c15 >> 32 % uint64(len(s.builds)))
}
