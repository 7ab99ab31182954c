package segment

import (
	"fmt"
	"hash/crc32"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// scanRun makes the index entry of a run that will lie at position.
func scanRun(opts Options, run *Run, position int64) (RunInfo, error) {
	s := scanner{placed: opts.Placed, info: RunInfo{
		Topic: run.Topic, Partition: run.Partition, FirstOffset: run.FirstOffset,
		Position: position, MinTimestamp: recordbatch.NoTimestamp, MaxTimestamp: recordbatch.NoTimestamp,
		Visible: run.Visible, Aborted: run.Aborted,
	}}
	for _, part := range run.RecordBatches {
		for len(part) > 0 {
			h, raw, rest, err := recordbatch.Next(part)
			if err == nil {
				err = s.add(&h, raw)
			}
			if err != nil {
				return RunInfo{}, fmt.Errorf("%w: topic %x partition %d: %w", ErrInvalidRun, run.Topic, run.Partition, err)
			}
			part = rest
		}
	}
	if !opts.Placed && (run.FirstOffset != 0 || len(run.Visible) > 0 || len(run.Aborted) > 0) {
		return RunInfo{}, fmt.Errorf("%w: offsets or visible-at in a run that is not placed", ErrInvalidRun)
	}
	if opts.Placed && len(run.Visible) == 0 {
		return RunInfo{}, fmt.Errorf("%w: a placed run without visible-at", ErrInvalidRun)
	}
	if err := s.info.check(); err != nil {
		return RunInfo{}, fmt.Errorf("%w: %w", ErrInvalidRun, err)
	}
	return s.info, nil
}

// scanner walks record batches in order and fills the index entry.
type scanner struct {
	placed bool
	info   RunInfo
}

func (s *scanner) add(h *recordbatch.Header, raw []byte) error {
	r := &s.info
	if h.LastOffsetDelta < 0 || h.RecordCount < 0 {
		return fmt.Errorf("%d records, last offset delta %d", h.RecordCount, h.LastOffsetDelta)
	}
	relative := r.OffsetSpan
	if s.placed {
		if relative = h.BaseOffset - r.FirstOffset; relative < r.OffsetSpan || r.RecordBatchCount == 0 && relative != 0 {
			return fmt.Errorf("base offset %d, expected %d or more", h.BaseOffset, r.NextOffset())
		}
	}
	if h.BaseTimestamp >= 0 && (r.MinTimestamp < 0 || h.BaseTimestamp < r.MinTimestamp) {
		r.MinTimestamp = h.BaseTimestamp
	}
	if h.MaxTimestamp > r.MaxTimestamp {
		r.MaxTimestamp, r.MaxTimestampOffset = h.MaxTimestamp, relative
	}
	s.addToChunk(relative, h.MaxTimestamp, raw)
	r.CRC = crc32.Update(r.CRC, castagnoli, raw)
	r.OffsetSpan = relative + int64(h.LastOffsetDelta) + 1
	r.RecordCount += int(h.RecordCount)
	r.RecordBatchCount++
	r.Length += int64(len(raw))
	return nil
}

func (s *scanner) addToChunk(relative, maxTimestamp int64, raw []byte) {
	r := &s.info
	if n := len(r.Chunks); n == 0 || r.Chunks[n-1].Length >= ChunkBytes {
		r.Chunks = append(r.Chunks, Chunk{
			Offset: relative, Position: r.Length, First: r.RecordBatchCount, MaxTimestamp: maxTimestamp,
		})
	}
	c := &r.Chunks[len(r.Chunks)-1]
	c.Length += int64(len(raw))
	c.Count++
	c.MaxTimestamp = max(c.MaxTimestamp, maxTimestamp)
	c.CRC = crc32.Update(c.CRC, castagnoli, raw)
}
