package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Config is what a Store needs.
type Config struct {
	Objects objstore.Store
	// Local: the objects lie on a disk of this machine.
	Local     bool
	Meta      meta.Store
	Timelines []log.Timeline // of the log, behind the first
	Rand      io.Reader      // unpredictable bytes for object names
	Logger    *slog.Logger
}

// Store keeps the newest checkpoint and the one before it. Not safe for concurrent use, but for what
// reads pieces.
type Store struct {
	cfg     Config
	objects *objects
	// newest is the newest that can be read, which the next one stands before; nil = none.
	newest *Loaded
	info   Info
	// latest is the same, for others.
	latest atomic.Pointer[Loaded]
}

// NewStore makes a Store; it does nothing yet. Pieces can be read until ctx ends.
func NewStore(ctx context.Context, cfg Config) *Store {
	o := &objects{bg: ctx, store: cfg.Objects, local: cfg.Local}
	o.mu.all = map[piece.Object]*object{}
	return &Store{cfg: cfg, objects: o}
}

// Info of a checkpoint that was taken.
type Info struct {
	Object   string        `json:"object"`
	Boundary log.CommitSeq `json:"boundary"`
	Bytes    int64         `json:"bytes"` // that were written for it
}

// pointer is the value of pointerKey.
type pointer struct {
	Newest   Info  `json:"newest"`
	Previous *Info `json:"previous,omitempty"`
}

var pointerKey = []byte("checkpoint/newest")

// ObjectPrefix of all objects of checkpoints; behind it stands a piece.Object.
const ObjectPrefix = "state/ckpt/"

// timeline is the newest.
func (s *Store) timeline() uint32 {
	if n := len(s.cfg.Timelines); n > 0 {
		return s.cfg.Timelines[n-1].Number
	}
	return 1
}

// exists: what a checkpoint is of is part of the log, behind all accepted losses.
func (s *Store) exists(o piece.Object) bool {
	ours := o.Timeline == 1
	for _, t := range s.cfg.Timelines {
		if t.Number > o.Timeline && o.Commit > t.Kept {
			return false
		}
		ours = ours || t.Number == o.Timeline
	}
	return ours
}

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
	for i, c := range candidates {
		l, err := s.candidate(ctx, c, at)
		if err == nil {
			s.settle(l, c)
			var before []objectUse
			if i+1 < len(candidates) {
				if p, err := s.candidate(ctx, candidates[i+1], at); err == nil {
					before = p.uses
				}
			}
			s.objects.adopt(l.uses, before)
			return l, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s.cfg.Logger.Warn("checkpoint not used", "object", c.Object, "boundary", c.Boundary, "error", err)
	}
	s.cfg.Logger.Warn("no checkpoint can be used, state is built from the log")
	return nil, nil
}

func (s *Store) candidate(ctx context.Context, c Info, at log.CommitSeq) (*Loaded, error) {
	name, ok := piece.ParseObject(c.Object)
	switch {
	case !ok:
		return nil, corrupt("object name %q", c.Object)
	case c.Boundary > at:
		return nil, fmt.Errorf("it is newer than the log, which ends at %d", at)
	case !s.exists(name):
		return nil, errors.New("the commits that it is of are lost")
	}
	l, err := s.load(ctx, name)
	if err == nil && (l.Boundary != c.Boundary || uint64(l.Boundary) != name.Commit) {
		err = corrupt("boundary %d, pointer says %d", l.Boundary, c.Boundary)
	}
	return l, err
}

// Write makes a checkpoint: write gives the pieces to the Writer and returns the manifest.
// Once it is durable, the pointer names it, and what only older ones named is removed. After an
// error the checkpoints are as they were.
func (s *Store) Write(ctx context.Context, boundary log.CommitSeq, write func(w *Writer) (*Manifest, error)) (Info, error) {
	p, version, err := s.readPointer(ctx)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return Info{}, err
	}
	s.follow(ctx, p)
	w := s.writer(ctx, boundary)
	r, err := w.all(write)
	if err != nil {
		w.abort()
		return Info{}, err
	}
	info := Info{Object: w.name.String(), Boundary: boundary, Bytes: w.bytes}
	next := pointer{Newest: info}
	var before []objectUse
	if s.newest != nil {
		kept := s.info
		next.Previous, before = &kept, s.newest.uses
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
	s.settle(&Loaded{Manifest: r.Manifest, Object: w.name, objects: s.objects, uses: r.objects}, info)
	s.remove(ctx, s.objects.adopt(r.objects, before))
	return info, nil
}

// follow makes what the pointer says the newest that we know, as far as it can be read: the outcome of
// a Write may not have been known.
func (s *Store) follow(ctx context.Context, p pointer) {
	if p.Newest.Object == "" || s.newest != nil && p.Newest.Object == s.info.Object {
		return
	}
	l, err := s.candidate(ctx, p.Newest, p.Newest.Boundary)
	if err != nil {
		return
	}
	var before []objectUse
	if s.newest != nil {
		before = s.newest.uses
	}
	s.settle(l, p.Newest)
	s.objects.adopt(l.uses, before) // what it no longer names goes at a start
}

func (s *Store) writer(ctx context.Context, boundary log.CommitSeq) *Writer {
	w := &Writer{
		ctx: ctx, store: s, boundary: boundary, may: s.objects.keepable(), used: map[piece.Object]int64{},
		recent: map[piece.Object]int64{}, made: map[piece.Object]int64{}, before: map[catalog.OID]Parts{},
	}
	if s.newest != nil {
		for i := range s.newest.Tables {
			w.before[s.newest.Tables[i].OID] = s.newest.Tables[i].Parts
		}
		for i := range s.newest.Members {
			if p := s.newest.Members[i].Parts; p != nil {
				w.before[s.newest.Members[i].OID] = *p
			}
		}
	}
	return w
}

// all writes the whole checkpoint.
func (w *Writer) all(write func(w *Writer) (*Manifest, error)) (*root, error) {
	m, err := write(w)
	if err != nil {
		return nil, err
	}
	return w.finish(m)
}

// Latest is the newest checkpoint that can be read, nil if there is none. Safe for concurrent use.
func (s *Store) Latest() *Loaded { return s.latest.Load() }

func (s *Store) settle(newest *Loaded, info Info) {
	s.newest, s.info = newest, info
	s.latest.Store(newest)
}

// OnDamage has fn called, in any goroutine, when a piece cannot be read. Call it before anything is.
func (s *Store) OnDamage(fn func()) { s.objects.onDamage = fn }

// remove deletes objects; what stays goes at a start.
func (s *Store) remove(ctx context.Context, gone []piece.Object) {
	keys := make([]string, len(gone))
	for i, o := range gone {
		keys[i] = key(o)
	}
	if err := s.cfg.Objects.Delete(ctx, keys...); err != nil && len(keys) > 0 {
		s.cfg.Logger.Warn("objects of old checkpoints not removed", "objects", len(keys), "error", err)
	}
}

// Sweep removes the objects that no kept checkpoint names: those that a crash left behind. Nothing is
// removed while a kept one cannot be read, as what it names is not known. REQUIRES: nobody else
// writes checkpoints, and nothing of one is open.
func (s *Store) Sweep(ctx context.Context) error {
	p, version, err := s.readPointer(ctx)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, info := range []*Info{&p.Newest, p.Previous} {
		if version == 0 || info == nil {
			continue
		}
		name, ok := piece.ParseObject(info.Object)
		if !ok {
			return corrupt("object name %q", info.Object)
		}
		l, err := s.load(ctx, name)
		if err != nil {
			return err
		}
		for _, u := range l.uses {
			named[key(u.name)] = true
		}
	}
	var gone []string
	for info, err := range s.cfg.Objects.List(ctx, ObjectPrefix, "") {
		if err != nil {
			return err
		}
		if !named[info.Key] && strings.HasPrefix(info.Key, ObjectPrefix) {
			gone = append(gone, info.Key)
		}
	}
	slices.Sort(gone)
	return s.cfg.Objects.Delete(ctx, gone...)
}
