package log

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

// stretch is a stretch of a run's bytes: whole record batches, the first at offset base.
type stretch struct {
	data []byte
	base int64
	// first is the place of the first record batch in the run of a placed segment (for
	// visible-at); 0 and meaningless otherwise.
	first int
}

// readRun returns a stretch of the run from the record batch on that holds offset, or is the first behind
// it, from memory or from the object. offset is below the run's end. memory is run.data() as read under
// DB.mu.
func (db *DB) readRun(ctx context.Context, p Partition, r *run, memory []byte, offset int64) (stretch, error) {
	if memory != nil {
		s := stretch{data: memory, base: r.base}
		return s, s.seek(r, offset)
	}
	index, info, err := db.runInfo(ctx, p, r)
	if err != nil {
		return stretch{}, err
	}
	at := info.ChunkOf(r.relative + max(offset-r.base, 0))
	if at < 0 {
		return stretch{}, fmt.Errorf("%w: object %s ends before offset %d", ErrCorrupt, r.block.key, offset)
	}
	for {
		data, from, to, err := db.reads.chunks(ctx, index, r.block.key, p, info, at)
		if err != nil {
			return stretch{}, readError(err)
		}
		s, err := r.cut(info, from, data)
		if err != nil {
			return stretch{}, err
		}
		err = s.skipTo(offset, r.block.placed)
		if err == nil && len(s.data) == 0 && to < len(info.Chunks) {
			at = to // the offset lies in a gap at the end of the range
			continue
		}
		if err == nil {
			err = s.seek(r, offset)
		}
		return s, err
	}
}

// seek is skipTo where a record batch must be left.
func (s *stretch) seek(r *run, offset int64) error {
	err := s.skipTo(offset, r.block.placed)
	if err == nil && len(s.data) == 0 {
		err = fmt.Errorf("%w: no record batch at or behind offset %d", ErrCorrupt, offset)
	}
	return err
}

// runInfo finds the index entry of the partition in the run's object.
func (db *DB) runInfo(ctx context.Context, p Partition, r *run) (*segment.Reader, *segment.RunInfo, error) {
	index, err := db.reads.index(ctx, r.block.key, r.block.size)
	if err != nil {
		return nil, nil, readError(err)
	}
	info, ok := index.Find(p.Topic, p.Index)
	if !ok || r.position < info.Position || r.position+r.length > info.Position+info.Length {
		return nil, nil, fmt.Errorf("%w: object %s does not hold what its commit record says", ErrCorrupt, r.block.key)
	}
	return index, info, nil
}

// cut leaves of chunks [from, …) what belongs to the run.
func (r *run) cut(info *segment.RunInfo, from int, data []byte) (stretch, error) {
	c := &info.Chunks[from]
	start := info.Position + c.Position
	s := stretch{base: r.base + c.Offset - r.relative, first: c.First}
	end := min(start+int64(len(data)), r.position+r.length)
	if start >= end {
		return stretch{}, fmt.Errorf("%w: chunk of %s lies outside the run", ErrCorrupt, r.block.key)
	}
	s.data = data[:end-start]
	for start < r.position { // record batches of entries that were refused
		raw, next, err := step(s.data, s.base, false)
		if err != nil {
			return stretch{}, err
		}
		start += int64(len(raw))
		s.data, s.base, s.first = s.data[len(raw):], next, s.first+1
	}
	return s, nil
}

// step takes one record batch off data: next is the offset behind it. In a placed segment the
// bytes know their offsets (compaction leaves gaps), elsewhere they follow each other.
func step(data []byte, base int64, placed bool) (raw []byte, next int64, err error) {
	if len(data) < recordbatch.HeaderSize {
		return nil, 0, fmt.Errorf("%w: record batch cut short", ErrCorrupt)
	}
	size := int64(binary.BigEndian.Uint32(data[8:])) + 12
	if size < recordbatch.HeaderSize || size > int64(len(data)) {
		return nil, 0, fmt.Errorf("%w: record batch of %d bytes in %d", ErrCorrupt, size, len(data))
	}
	if placed {
		base = int64(binary.BigEndian.Uint64(data))
	}
	return data[:size:size], base + int64(binary.BigEndian.Uint32(data[23:])) + 1, nil
}

// offset is where the first record batch begins. REQUIRES: there is one.
func (s *stretch) offset(placed bool) int64 {
	if placed { // there may be a gap before it
		return recordbatch.BaseOffsetOf(s.data)
	}
	return s.base
}

// skipTo drops the record batches that end at or before offset.
func (s *stretch) skipTo(offset int64, placed bool) error {
	for len(s.data) > 0 {
		raw, next, err := step(s.data, s.base, placed)
		if err != nil {
			return err
		}
		if next > offset {
			return nil
		}
		s.data, s.base, s.first = s.data[len(raw):], next, s.first+1
	}
	return nil
}

// readError sorts the errors of the object store and the segment reader.
func readError(err error) error {
	switch {
	case errors.Is(err, segment.ErrCorrupt), errors.Is(err, segment.ErrVersion):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, objstore.ErrRange):
		return fmt.Errorf("%w: object is shorter than its index says: %w", ErrCorrupt, err)
	case errors.Is(err, objstore.ErrNotFound): // nothing deletes an object that the fold names
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return unavailable(err)
}
