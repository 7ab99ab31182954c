package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Keys of what the metadata says about itself.
var (
	clusterKey   = []byte("cluster/id")
	metaIDKey    = []byte("cluster/meta")
	timelinesKey = []byte("cluster/timelines")
	// clampKey is there from an accepted loss on until committed offsets were taken back.
	clampKey = []byte("cluster/clamp")
)

// identity is whose metadata this is, as it says itself.
type identity struct {
	cluster   string // "" = of no cluster yet
	meta      string
	timelines []log.Timeline
}

func (id *identity) timeline() uint32 { return objstore.WriterInfo{Timelines: id.timelines}.Newest() }

func (id *identity) read(s meta.Snapshot) error {
	for _, f := range []struct {
		key  []byte
		into func([]byte) error
	}{
		{clusterKey, func(v []byte) error { id.cluster = string(v); return nil }},
		{metaIDKey, func(v []byte) error { id.meta = string(v); return nil }},
		{timelinesKey, func(v []byte) error { return json.Unmarshal(v, &id.timelines) }},
	} {
		value, version, err := s.Get(f.key)
		if err == nil && version != 0 {
			err = f.into(value)
		}
		if err != nil {
			return fmt.Errorf("%w: key %q: %w", meta.ErrCorrupt, f.key, err)
		}
	}
	return nil
}

func (id *identity) writes() ([]meta.Write, error) {
	timelines, err := json.Marshal(id.timelines)
	return []meta.Write{
		{Key: clusterKey, Value: []byte(id.cluster)}, {Key: metaIDKey, Value: []byte(id.meta)}, {Key: timelinesKey, Value: timelines},
	}, err
}

// complete gives the identity what it lacks; a first start takes the id of a store that holds
// nothing else.
func (id *identity) complete(cluster string) (err error) {
	if id.cluster == "" {
		id.cluster = cluster
	}
	for _, missing := range []*string{&id.cluster, &id.meta} {
		if *missing == "" && err == nil {
			*missing, err = objstore.NewID(rand.Reader)
		}
	}
	return err
}

// claim makes the store this metadata's: identity in the metadata first, so that a start that
// dies in between can be repeated, then cluster.json, then writer.json.
func (s *Server) claim(ctx context.Context, found *findings, id identity) error {
	if err := id.complete(found.cluster); err != nil {
		return err
	}
	writes, err := id.writes()
	if err == nil {
		err = s.meta.Commit(ctx, meta.Txn{Writes: writes})
	}
	if err != nil {
		return fmt.Errorf("write the identity of the metadata: %w", err)
	}
	if err := s.renewCluster(ctx, found, id); err != nil {
		return err
	}
	if found.writerETag != "" && !found.writerKnown {
		s.logger.Warn("writer.json was damaged, it is written anew")
	}
	last, err := s.meta.LastSeq(ctx)
	if err != nil {
		return err
	}
	instance, err := objstore.NewID(rand.Reader)
	if err != nil {
		return err
	}
	s.claimed, err = objstore.Take(ctx, s.objects, found.writerETag, objstore.WriterInfo{
		Cluster: id.cluster, Meta: id.meta, Instance: instance, Timelines: id.timelines,
		Writer: uint32(s.cfg.BrokerID), Fence: found.writer.Fence + 1, Last: uint64(last),
	})
	if err != nil {
		return err
	}
	s.identity = id
	s.onClose(s.release)
	patience := s.cfg.ObjectAttemptTimeout
	if s.onDirectory() { // a disk is not faster when it is asked twice
		patience = 0
	}
	s.patient = objstore.NewPatient(s.objects, s.clock, s.cfg.ObjectRetry, patience)
	s.guarded = objstore.NewGuarded(s.patient, s.claimed.Look)
	return nil
}

// renewCluster writes cluster.json, which nothing but a first start and damage makes necessary.
func (s *Server) renewCluster(ctx context.Context, found *findings, id identity) error {
	if found.cluster == id.cluster {
		return nil
	}
	if found.writerKnown {
		s.logger.Warn("cluster.json was gone or damaged, it is written anew", "cluster", id.cluster)
	}
	return objstore.PutCluster(ctx, s.objects, id.cluster, found.writerKnown)
}

// clampOffsets finishes an accepted loss: no consumer group is behind the end of what is left.
func (s *Server) clampOffsets(ctx context.Context) error {
	due := false
	err := s.meta.Read(ctx, func(snap meta.Snapshot) error {
		_, version, err := snap.Get(clampKey)
		due = version != 0
		return err
	})
	if err != nil || !due {
		return err
	}
	err = group.Clamp(ctx, s.meta, func(tp group.TopicPartition) (int64, bool) {
		ends, err := s.log.Ends(ctx, []log.Partition{{Topic: tp.Topic, Index: tp.Index}}, false)
		if err != nil {
			return 0, false
		}
		return ends[0].HighWatermark, true
	})
	if err != nil {
		return err
	}
	return s.meta.Commit(ctx, meta.Txn{Writes: []meta.Write{{Key: clampKey}}})
}

// release says in the store that this server stopped in order.
func (s *Server) release(ctx context.Context) error {
	last, err := s.meta.LastSeq(ctx)
	if err != nil {
		return nil // the log says why it stopped
	}
	if err := s.claimed.Release(ctx, uint64(last)); err != nil {
		return fmt.Errorf("mark the object store as left in order: %w", err)
	}
	return nil
}

// Lost is closed when another server has taken the object store over; LostTo says which. A
// server that sees it must be stopped.
func (s *Server) Lost() <-chan struct{} { return s.claimed.Lost() }

// LostTo is nil until Lost is closed.
func (s *Server) LostTo() error { return s.claimed.Err() }
