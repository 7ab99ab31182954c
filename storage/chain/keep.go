package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// deletesAtOnce bounds one request of the object store.
const deletesAtOnce = 500

// keepBase begins a base when one is due, and takes note of one that has ended.
func (s *Store) keepBase() {
	if s.based != nil {
		select {
		case err := <-s.based:
			s.based = nil
			if err != nil && s.ctx.Err() == nil {
				s.cfg.Logger.Warn("no base of the metadata could be written, will be tried again", "error", err)
			}
		default:
			return
		}
	}
	if s.pending != nil || s.sinceNum < s.cfg.BaseLinks && s.sinceLen < s.cfg.BaseBytes {
		return
	}
	s.sinceNum, s.sinceLen = 0, 0
	im, err := s.inner.Image(s.ctx)
	if err != nil {
		return // the next write tells
	}
	s.based = make(chan error, 1)
	at, done := s.at, s.based
	go func() { // run waits for it
		defer im.Close()
		done <- s.putBase(s.ctx, at, im)
	}()
}

// writeBase writes one of what the inner store has now.
// REQUIRES: nothing is written meanwhile.
func (s *Store) writeBase(ctx context.Context) error {
	im, err := s.inner.Image(ctx)
	if err != nil {
		return err
	}
	defer im.Close()
	s.sinceNum, s.sinceLen = 0, 0
	return s.putBase(ctx, s.at, im)
}

// putBase writes a base, reads it back, and then removes what the one before makes superfluous: two bases are
// kept, and the links behind the older one.
func (s *Store) putBase(ctx context.Context, at Position, im *meta.Image) error {
	key := baseKey(at.Number)
	info := BaseInfo{Position: at, Timeline: s.cfg.Timeline, TimeMillis: s.cfg.Clock.Now().UnixMilli()}
	if _, err := WriteBase(ctx, s.cfg.Objects, key, info, im); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	if _, err := ReadBase(ctx, s.cfg.Objects, key, func(_, _ []byte) error { return nil }); err != nil {
		return fmt.Errorf("read %s back: %w", key, err)
	}
	s.stats.bases.Add(1)
	s.stats.baseNumber.Store(int64(at.Number))
	return s.prune(ctx, at.Number)
}

// prune removes the links that no kept base needs, and the bases before them.
func (s *Store) prune(ctx context.Context, newest uint64) error {
	found, err := Find(ctx, s.cfg.Objects)
	if err != nil {
		return err
	}
	older := uint64(0)
	for _, n := range found.Bases {
		if n < newest {
			older = n
			break
		}
	}
	var gone []string
	for _, n := range found.Bases {
		if n < older {
			gone = append(gone, baseKey(n))
		}
	}
	for _, n := range found.Links {
		if n <= older {
			gone = append(gone, linkKey(n))
		}
	}
	for len(gone) > 0 {
		n := min(len(gone), deletesAtOnce)
		if err := s.cfg.Objects.Delete(ctx, gone[:n]...); err != nil {
			return err
		}
		gone = gone[n:]
	}
	return nil
}

// Restored is what Restore has found.
type Restored struct {
	Base BaseInfo
	// Skipped bases are newer and damaged.
	Skipped []string
	At      Position
	Newest  meta.CommitSeq
	Links   int
	Flags   Flags // of the newest link
	Gap     *Gap  // what ended it early
	Mark    *Mark // of the chain's end; nil = there is none, or a damaged one
}

// TakeOver takes the chain for a store that Restore has built, with writes of the new owner: whoever wrote to it finds
// out at the next link. Links that the store could not take are given up. objstore.ErrFenced: somebody writes to the
// chain right now.
func TakeOver(ctx context.Context, cfg Config, writes []meta.Write) error {
	cfg.setDefaults()
	s := &Store{cfg: cfg, inner: cfg.Inner, ctx: ctx}
	found, err := Find(ctx, cfg.Objects)
	if err != nil {
		return err
	}
	if s.at, _, err = position(ctx, s.inner); err != nil {
		return err
	}
	if s.newest, err = s.inner.LastSeq(ctx); err != nil {
		return err
	}
	l := &Link{Flags: TakenOver, Batch: meta.Batch{Writes: writes}}
	if newest := found.Newest(); newest > s.at.Number {
		s.at = Position{Number: newest}
		l.Flags |= Begin
	}
	if err := s.putNext(ctx, l); err != nil {
		return err
	}
	defer s.markLast()
	if err := Take(ctx, s.inner, l); err != nil || l.Flags&Begin == 0 {
		return err
	}
	if err := s.writeBases(ctx); err != nil {
		return err
	}
	return s.inner.Commit(ctx, meta.Txn{Writes: []meta.Write{s.at.write()}})
}

// ErrNoBase: the object store has no base of the metadata that is whole.
var ErrNoBase = errors.New("no whole base of the metadata")

// Restore builds a store at path, in place of the remains of an earlier Restore, of the newest base that is whole and the links behind
// it, as far as they go, and leaves it closed.
func Restore(ctx context.Context, objects objstore.Store, path string, opts meta.PebbleOptions) (r Restored, err error) {
	found, err := Find(ctx, objects)
	if err != nil {
		return r, err
	}
	r.Mark = found.Mark
	based := false
	for _, n := range found.Bases {
		err = meta.Rebuild(ctx, path, opts, func(put func(key, value []byte) error) (err error) {
			r.Base, err = ReadBase(ctx, objects, baseKey(n), put)
			return err
		})
		if based = err == nil && r.Base.Number == n; based {
			break
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, objstore.ErrNotFound) {
			return r, err
		}
		r.Skipped = append(r.Skipped, baseKey(n))
	}
	if !based {
		return r, ErrNoBase
	}
	store, err := meta.OpenPebble(path, opts)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Commit(ctx, meta.Txn{Writes: []meta.Write{r.Base.Position.write()}}); err != nil {
		return r, err
	}
	r.At, err = found.Follow(ctx, objects, r.Base.Position, func(l *Link) error {
		r.Links++
		r.Flags = l.Flags
		return Take(ctx, store, l)
	})
	if errors.As(err, &r.Gap) {
		err = nil
	}
	if err != nil {
		return r, err
	}
	r.Newest, err = store.LastSeq(ctx)
	return r, err
}
