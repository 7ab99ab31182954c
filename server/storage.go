package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/redact"
	"github.com/tributary-db/tributary/kafka/epoch"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// openStorage looks at everything, judges it, and only then opens anything for writing.
func (s *Server) openStorage(ctx context.Context) error {
	if err := s.openObjects(ctx); err != nil {
		return err
	}
	found, err := s.find(ctx)
	if err != nil {
		return err
	}
	id, err := s.accept(ctx, found)
	if err != nil {
		return err
	}
	s.times.done("looked")
	if err := s.openBallast(); err != nil {
		return err
	}
	store, err := meta.OpenPebble(s.metaPath(), meta.PebbleOptions{Logger: s.logger, Probed: true, Ballast: s.releaseBallast})
	if errors.Is(err, meta.ErrLocked) {
		return fmt.Errorf("metadata directory %s is in use by another process", s.metaPath())
	}
	if err != nil {
		return err
	}
	s.meta, s.local, s.metaSyncs = store, store, store.SyncLatency
	s.onClose(func(context.Context) error { return s.meta.Close() })
	s.times.done("metadata")
	if err := s.openChain(ctx, found, store, id); err != nil {
		return err
	}
	if err := s.claim(ctx, found, id); err != nil {
		return err
	}
	s.openAccounts()
	s.openRanges(ctx)
	s.catalog = catalog.New(append(system.Catalog(), pgcatalog.Catalog()...)...)
	s.log, err = log.Open(ctx, s.logConfig())
	if err != nil {
		return fmt.Errorf("open the commit log: %w", err)
	}
	s.onClose(s.closeLog)
	s.times.done("log")
	if err := s.clampOffsets(ctx); err != nil {
		return err
	}
	if err := s.loadBackups(ctx); err != nil {
		return err
	}
	if s.epochs, err = epoch.Load(ctx, s.meta, s.log, s.identity.timeline()); err != nil {
		return err
	}
	return s.keepProofs(ctx)
}

func (s *Server) openObjects(ctx context.Context) error {
	store, err := objstore.Open(ctx, s.cfg.ObjectStore)
	if err != nil {
		return err
	}
	s.onClose(func(context.Context) error { return objstore.Close(store) })
	s.objects = objstore.NewCounting(store)
	if dir, ok := store.(*objstore.Dir); ok {
		s.dirSyncs = dir.SyncLatency
	}
	if s.metaPath() == "" {
		return fmt.Errorf("meta %q: only pebble://DIRECTORY is there now", redact.URL(s.cfg.Meta))
	}
	if s.proof, err = meta.OpenProof(s.metaPath()); err != nil {
		return err
	}
	s.onClose(func(context.Context) error { return s.proof.Close() })
	return nil
}

// onDirectory tells whether the object store is a directory.
func (s *Server) onDirectory() bool { return strings.HasPrefix(s.cfg.ObjectStore, "file://") }

// metaPath is the directory of the metadata, "" if it lies elsewhere.
func (s *Server) metaPath() string {
	path, ok := strings.CutPrefix(s.cfg.Meta, "pebble://")
	if !ok {
		return ""
	}
	return path
}

// accept judges what was found and carries out what the operator has agreed to lose. It returns
// the identity to go on with.
func (s *Server) accept(ctx context.Context, found *findings) (identity, error) {
	v, err := found.judge(s.cfg.AcceptLoss, s.cfg.TakeOver)
	if err != nil {
		return identity{}, err
	}
	id := found.identity
	if id.cluster == "" {
		id.cluster = found.writer.Cluster
	}
	if v.begin == nil {
		return id, nil
	}
	if id.timelines == nil {
		id.timelines = found.writer.Timelines
	}
	id.timelines = append(id.timelines, *v.begin)
	if v.loss == nil {
		return id, nil
	}
	if err := id.complete(found.cluster); err != nil {
		return identity{}, err
	}
	writes, err := id.writes()
	if err != nil {
		return identity{}, err
	}
	// State of the lost end would fit the new log by its numbers alone.
	writes = append(writes, meta.Write{Key: []byte("checkpoint/newest")}, meta.Write{Key: clampKey, Value: []byte{1}}, meta.Write{Key: chain.PositionKey})
	s.logger.Warn("a loss is accepted, a new timeline begins", "timeline", v.begin.Number, "kept", v.begin.Kept)
	salvage := meta.Salvage{Kept: v.loss.kept, Readable: v.loss.readable, NoLog: v.loss.noLog, Writes: writes,
		Suffix: fmt.Sprintf(".lost-%d", v.begin.Number)}
	return id, salvage.Do(ctx, s.metaPath(), meta.PebbleOptions{Logger: s.logger})
}

// closeLog closes the log and proves how far it went.
func (s *Server) closeLog(ctx context.Context) error {
	err := s.log.Close(ctx)
	last, lastErr := s.meta.LastSeq(ctx)
	if lastErr != nil {
		return err // the log says why it stopped
	}
	return errors.Join(err, s.prove(last))
}
