package checkpoint

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Config is what a Store needs.
type Config struct {
	Objects objstore.Store
	Meta    meta.Store
	Rand    io.Reader // unpredictable bytes for object names
	Logger  *slog.Logger
}

// Store keeps the newest checkpoint and the one before it. Not safe for concurrent use.
type Store struct{ cfg Config }

// NewStore makes a Store; it does nothing yet.
func NewStore(cfg Config) *Store { return &Store{cfg: cfg} }

// Info of a checkpoint that was taken.
type Info struct {
	Key      string        `json:"key"`
	Boundary log.CommitSeq `json:"boundary"`
	Bytes    int64         `json:"bytes"`
}

// pointer is the value of pointerKey.
type pointer struct {
	Newest   Info  `json:"newest"`
	Previous *Info `json:"previous,omitempty"`
}

var pointerKey = []byte("checkpoint/newest")

// ObjectPrefix of all checkpoints; behind it stands the boundary, 20 digits.
const ObjectPrefix = "state/ckpt/"

// readPointer gives the pointer and the version of its key, 0 when there is none.
func (s *Store) readPointer(ctx context.Context) (p pointer, version uint64, err error) {
	err = s.cfg.Meta.Read(ctx, func(snap meta.Snapshot) error {
		value, v, err := snap.Get(pointerKey)
		if err != nil || v == 0 {
			return err
		}
		version = v
		if err := json.Unmarshal(value, &p); err != nil {
			return corrupt("pointer: %v", err)
		}
		return nil
	})
	return p, version, err
}

// Newest loads the newest checkpoint that can be read and is of this log, whose newest commit
// is at. nil: there is none, everything is built from the log. Only ctx ending is an error.
func (s *Store) Newest(ctx context.Context, at log.CommitSeq) (*Loaded, error) {
	p, version, err := s.readPointer(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s.cfg.Logger.Warn("no checkpoint can be found, state is built from the log", "error", err)
		return nil, nil
	}
	if version == 0 {
		return nil, nil
	}
	candidates := []Info{p.Newest}
	if p.Previous != nil {
		candidates = append(candidates, *p.Previous)
	}
	for _, c := range candidates {
		l, err := s.candidate(ctx, c, at)
		if err == nil {
			return l, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s.cfg.Logger.Warn("checkpoint not used", "object", c.Key, "boundary", c.Boundary, "error", err)
	}
	s.cfg.Logger.Warn("no checkpoint can be used, state is built from the log")
	return nil, nil
}

func (s *Store) candidate(ctx context.Context, c Info, at log.CommitSeq) (*Loaded, error) {
	if c.Boundary > at {
		return nil, fmt.Errorf("it is newer than the log, which ends at %d", at)
	}
	l, err := load(ctx, s.cfg.Objects, c.Key)
	if err == nil && l.Boundary != c.Boundary {
		err = corrupt("boundary %d, pointer says %d", l.Boundary, c.Boundary)
	}
	return l, err
}

// Write makes a checkpoint: write gives the sections to the Writer and returns the manifest.
// Once it is durable, the pointer names it, and the one before the last is removed. After an
// error the checkpoints are as they were.
func (s *Store) Write(ctx context.Context, boundary log.CommitSeq, write func(w *Writer) (*Manifest, error)) (Info, error) {
	p, version, err := s.readPointer(ctx)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return Info{}, err
	}
	info := Info{Boundary: boundary}
	if info.Key, err = s.newKey(boundary); err != nil {
		return Info{}, err
	}
	if info.Bytes, err = s.upload(ctx, info.Key, write); err != nil {
		return Info{}, err
	}
	next := pointer{Newest: info}
	if version != 0 && p.Newest.Key != "" {
		next.Previous = &p.Newest
	}
	value, err := json.Marshal(next)
	if err != nil {
		return Info{}, err
	}
	err = s.cfg.Meta.Commit(ctx, meta.Txn{
		Checks: []meta.Check{{Key: pointerKey, Version: version}},
		Writes: []meta.Write{{Key: pointerKey, Value: value}},
	})
	if err != nil {
		// The object may be named after all (unknown outcome); what is not is removed at a start.
		return Info{}, fmt.Errorf("commit the checkpoint pointer: %w", err)
	}
	if p.Previous != nil {
		if err := s.cfg.Objects.Delete(ctx, p.Previous.Key); err != nil {
			s.cfg.Logger.Warn("old checkpoint not removed", "object", p.Previous.Key, "error", err)
		}
	}
	return info, nil
}

func (s *Store) newKey(boundary log.CommitSeq) (string, error) {
	var random [8]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%020d-%s.ckpt", ObjectPrefix, boundary, hex.EncodeToString(random[:])), nil
}

func (s *Store) upload(ctx context.Context, key string, write func(w *Writer) (*Manifest, error)) (int64, error) {
	u, err := s.cfg.Objects.Create(ctx, key)
	if err != nil {
		return 0, err
	}
	defer func() { _ = u.Abort() }() // harmless after Commit
	w, err := newWriter(u)
	if err != nil {
		return 0, err
	}
	m, err := write(w)
	if err != nil {
		return 0, err
	}
	if err := w.finish(m); err != nil {
		return 0, err
	}
	_, err = u.Commit()
	return w.at, err
}

// Sweep removes the checkpoints that the pointer does not name: those that a crash left behind.
// REQUIRES: nobody else writes checkpoints.
func (s *Store) Sweep(ctx context.Context) error {
	p, _, err := s.readPointer(ctx)
	if err != nil {
		return err
	}
	var gone []string
	for info, err := range s.cfg.Objects.List(ctx, ObjectPrefix, "") {
		if err != nil {
			return err
		}
		if info.Key != p.Newest.Key && (p.Previous == nil || info.Key != p.Previous.Key) {
			gone = append(gone, info.Key)
		}
	}
	return s.cfg.Objects.Delete(ctx, gone...)
}
