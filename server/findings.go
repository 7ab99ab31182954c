package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/internal/redact"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// findings is all that a start can know without changing a byte.
type findings struct {
	metaPath, storeURL string

	extent   meta.Extent
	damage   error       // of the metadata
	readable meta.Extent // with damage: what can be read all the same
	identity identity    // zero when it cannot be read
	proven   meta.Proven // by the file beside the metadata

	cluster     string // of cluster.json, "" when there is none or it is damaged
	writer      objstore.WriterInfo
	writerETag  string // "" = there is no writer.json
	writerKnown bool   // it is whole
	others      bool   // the store holds something else

	proofs   []proof
	snapshot foundSnapshot

	chained  bool // the metadata's commits are in the chain
	position chain.Position
	chain    *chain.Found
	standing chain.Standing // of metadata that is chained
}

// proof says that a commit was durable once.
type proof struct {
	by       string
	timeline uint32
	last     log.CommitSeq
}

type foundSnapshot struct {
	found      bool
	seq, needs log.CommitSeq
}

// find looks at metadata and object store.
func (s *Server) find(ctx context.Context) (*findings, error) {
	f := &findings{metaPath: s.metaPath(), storeURL: redact.URL(s.cfg.ObjectStore), proven: s.proof.Proven()}
	if err := f.findMeta(); err != nil {
		return nil, err
	}
	if err := f.findStore(ctx, s.objects); err != nil {
		return nil, err
	}
	if err := f.findChain(ctx, s.objects); err != nil {
		return nil, err
	}
	if err := f.gatherProofs(ctx, s.objects, !strings.HasPrefix(s.cfg.ObjectStore, "file://")); err != nil {
		return nil, err
	}
	lines := f.identity.timelines
	if f.identity.meta == "" {
		lines = f.writer.Timelines
	}
	var err error
	f.snapshot.seq, f.snapshot.needs, f.snapshot.found, err = log.FindSnapshot(ctx, s.objects, lines)
	return f, err
}

func (f *findings) findMeta() error {
	if err := meta.FinishSalvage(f.metaPath); err != nil {
		return err
	}
	var err error
	f.extent, err = meta.Probe(f.metaPath, meta.PebbleOptions{}, func(snap meta.Snapshot) (err error) {
		if f.position, f.chained, err = chain.ReadPosition(snap); err != nil {
			return fmt.Errorf("%w: %w", meta.ErrCorrupt, err)
		}
		return f.identity.read(snap)
	})
	switch {
	case errors.Is(err, meta.ErrLocked):
		return fmt.Errorf("metadata directory %s is in use by another process", f.metaPath)
	case errors.Is(err, meta.ErrCorrupt):
		f.damage, f.extent, f.identity, f.chained = err, meta.Extent{}, identity{}, false
		f.readable = meta.Readable(f.metaPath)
	case err != nil:
		return err
	}
	if f.identity.meta == "" {
		f.identity.meta = f.proven.Meta
	}
	return nil
}

func (f *findings) findStore(ctx context.Context, store objstore.Store) error {
	writer, etag, err := objstore.ReadWriter(ctx, store)
	if err != nil && !errors.Is(err, objstore.ErrNotFound) && !errors.Is(err, objstore.ErrDamaged) {
		return err
	}
	f.writer, f.writerETag, f.writerKnown = writer, etag, err == nil
	info, err := objstore.ReadCluster(ctx, store)
	// Another format beside a writer.json of this one is damage.
	if errors.Is(err, objstore.ErrFormatVersion) && f.writerKnown {
		err = nil
	}
	if err != nil && !errors.Is(err, objstore.ErrNotFound) && !errors.Is(err, objstore.ErrDamaged) {
		return err
	}
	f.cluster = info.ID
	f.others = f.writerETag != ""
	for info, err := range store.List(ctx, "", "") {
		if err != nil {
			return fmt.Errorf("list the object store: %w", err)
		}
		if info.Key != "cluster.json" {
			f.others = true
			break
		}
	}
	return nil
}

// findChain looks how the metadata stands to the chain in the object store. What the chain has more is the metadata's.
func (f *findings) findChain(ctx context.Context, store objstore.Store) (err error) {
	if f.chain, err = chain.Find(ctx, store); err != nil || !f.chained {
		return err
	}
	if f.standing, err = f.chain.Stand(ctx, store, f.position); err != nil {
		return err
	}
	if f.standing.Follows {
		f.extent.Last = max(f.extent.Last, log.CommitSeq(f.standing.Newest))
	}
	return nil
}

// gatherProofs is the one place that knows what tells how far the log went.
func (f *findings) gatherProofs(ctx context.Context, store objstore.Store, remote bool) error {
	if f.proven.Last > 0 {
		f.proofs = append(f.proofs, proof{f.metaPath + ".proof", f.proven.Timeline, f.proven.Last})
	}
	if f.writerKnown {
		f.proofs = append(f.proofs, proof{"writer.json", f.writer.Newest(), log.CommitSeq(f.writer.Last)})
	}
	snapshots, err := log.SnapshotProofs(ctx, store)
	if err != nil {
		return err
	}
	if remote {
		// A directory's own proof lies beside the metadata, and is lost with it or not at all.
		segments, err := log.SegmentProofs(ctx, store)
		if err != nil {
			return err
		}
		snapshots = append(snapshots, segments...)
	}
	for _, n := range snapshots {
		f.proofs = append(f.proofs, proof{n.Key, n.Timeline, n.Seq})
	}
	for info, err := range store.List(ctx, checkpoint.ObjectPrefix, "") {
		if err != nil {
			return fmt.Errorf("list checkpoints: %w", err)
		}
		if of, ok := piece.ParseObject(strings.TrimPrefix(info.Key, checkpoint.ObjectPrefix)); ok {
			f.proofs = append(f.proofs, proof{info.Key, of.Timeline, log.CommitSeq(of.Commit)})
		}
	}
	return nil
}
