package chain

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Layout of the mark; byte level: docs/formats/chain.md.
const (
	markMagic   = "TRMK"
	markVersion = 1
	markSize    = 48
	markSumAt   = 44
	markKey     = "meta/mark"
)

// Mark is what the mark says: the chain has had this link. It lies apart from the links, and so tells when the newest
// ones are missing, which nothing behind them does.
type Mark struct {
	Position
	Timeline   uint32
	Newest     meta.CommitSeq // newest commit in the chain up to there
	TimeMillis int64
}

func (m *Mark) encode() []byte {
	dst := make([]byte, markSize)
	le := binary.LittleEndian
	copy(dst, markMagic)
	le.PutUint16(dst[4:], markVersion)
	le.PutUint64(dst[8:], m.Number)
	le.PutUint32(dst[16:], m.Sum)
	le.PutUint32(dst[20:], m.Timeline)
	le.PutUint64(dst[24:], uint64(m.Newest))
	le.PutUint64(dst[32:], uint64(m.TimeMillis))
	le.PutUint32(dst[markSumAt:], crc32.Checksum(dst[:markSumAt], castagnoli))
	return dst
}

func decodeMark(src []byte) (Mark, error) {
	le := binary.LittleEndian
	if len(src) != markSize || string(src[:4]) != markMagic || crc32.Checksum(src[:markSumAt], castagnoli) != le.Uint32(src[markSumAt:]) {
		return Mark{}, fmt.Errorf("%w: checksum of the mark", ErrCorrupt)
	}
	if v := le.Uint16(src[4:]); v != markVersion {
		return Mark{}, fmt.Errorf("%w: mark of version %d", ErrVersion, v)
	}
	return Mark{Position: Position{Number: le.Uint64(src[8:]), Sum: le.Uint32(src[16:])}, Timeline: le.Uint32(src[20:]),
		Newest: meta.CommitSeq(le.Uint64(src[24:])), TimeMillis: int64(le.Uint64(src[32:]))}, nil
}

// readMark returns nil if there is none, or one that is damaged and tells nothing.
func readMark(ctx context.Context, objects objstore.Store) (*Mark, error) {
	src := make([]byte, markSize+1)
	n, err := objects.GetRange(ctx, markKey, 0, src)
	if errors.Is(err, objstore.ErrNotFound) || errors.Is(err, objstore.ErrRange) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the mark of the metadata's chain: %w", err)
	}
	m, err := decodeMark(src[:n])
	if errors.Is(err, ErrCorrupt) {
		return nil, nil
	}
	return &m, err
}

// runMarks has the mark follow the chain: at once when nothing was put for MarkEvery, else MarkEvery after the last time.
func (s *Store) runMarks() {
	defer close(s.marksDone)
	job.Label("mark of the metadata chain")
	for {
		select {
		case <-s.markWake:
		case <-s.ctx.Done():
			return
		}
		if err := s.putMark(s.ctx); err != nil && s.ctx.Err() == nil {
			s.cfg.Logger.Warn("the end of the metadata's chain could not be marked, will be tried again", "error", err)
			s.wakeMarks()
		}
		select {
		case <-s.cfg.Clock.After(s.cfg.MarkEvery):
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Store) wakeMarks() {
	select {
	case s.markWake <- struct{}{}:
	default:
	}
}

// putMark marks the newest link. Whoever else has the chain by now has marked a later one, which stays.
// REQUIRES: called by one at a time.
func (s *Store) putMark(ctx context.Context) error {
	m := s.newestLink.Load()
	if m == nil || m.Number <= s.marked {
		return nil
	}
	if s.markCond == (objstore.Condition{}) {
		if err := s.findMark(ctx); err != nil || m.Number <= s.marked {
			return err
		}
	}
	info, err := s.cfg.Objects.Put(ctx, markKey, [][]byte{m.encode()}, s.markCond)
	if err != nil { // it may be there: looked at before the next one
		s.markCond = objstore.Condition{}
		return fmt.Errorf("put %s: %w", markKey, err)
	}
	s.markCond, s.marked = objstore.Condition{IfMatch: info.ETag}, m.Number
	s.stats.marks.Add(1)
	return nil
}

// findMark learns which mark is there, to replace no other one.
func (s *Store) findMark(ctx context.Context) error {
	info, err := s.cfg.Objects.Stat(ctx, markKey)
	if errors.Is(err, objstore.ErrNotFound) {
		s.markCond = objstore.Condition{IfAbsent: true}
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", markKey, err)
	}
	there, err := readMark(ctx, s.cfg.Objects)
	if err != nil {
		return err
	}
	s.markCond = objstore.Condition{IfMatch: info.ETag}
	if there != nil {
		s.marked = max(s.marked, there.Number)
	}
	return nil
}

// markLast marks the newest link of a store that writes no more, if the object store answers.
func (s *Store) markLast() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.cfg.AttemptTimeout)
	defer cancel()
	if err := s.putMark(ctx); err != nil {
		s.cfg.Logger.Warn("the end of the metadata's chain could not be marked", "error", err)
	}
}
