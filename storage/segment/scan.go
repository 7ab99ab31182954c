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
		Position: position, Visible: run.Visible, Transactions: run.Transactions,
	}, sum: recordbatch.NoSummary}
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
	if !opts.Placed && (run.FirstOffset != 0 || len(run.Visible) > 0 || len(run.Transactions) > 0) {
		return RunInfo{}, fmt.Errorf("%w: offsets or visible-at in a run that is not placed", ErrInvalidRun)
	}
	if opts.Placed && len(run.Visible) == 0 {
		return RunInfo{}, fmt.Errorf("%w: a placed run without visible-at", ErrInvalidRun)
	}
	info := s.end()
	if err := info.check(); err != nil {
		return RunInfo{}, fmt.Errorf("%w: %w", ErrInvalidRun, err)
	}
	return *info, nil
}

// scanner walks record batches in order and fills the index entry.
type scanner struct {
	placed bool
	info   RunInfo
	sum    recordbatch.Summary // what of info is known at the end only
}

func (s *scanner) add(h *recordbatch.Header, raw []byte) error {
	relative := s.sum.Span
	if s.placed {
		if relative = h.BaseOffset - s.info.FirstOffset; relative < s.sum.Span || s.sum.RecordBatches == 0 && relative != 0 {
			return fmt.Errorf("base offset %d, expected %d or more", h.BaseOffset, s.info.FirstOffset+s.sum.Span)
		}
	}
	s.addToChunk(relative, h.MaxTimestamp, raw)
	s.info.CRC = crc32.Update(s.info.CRC, castagnoli, raw)
	s.sum.Add(h, relative)
	return nil
}

// end fills in what all of the run decides.
func (s *scanner) end() *RunInfo {
	r, sum := &s.info, &s.sum
	r.OffsetSpan, r.Length = sum.Span, sum.Bytes
	r.RecordCount, r.RecordBatchCount = int(sum.Records), sum.RecordBatches
	r.MinTimestamp, r.MaxTimestamp, r.MaxTimestampOffset = sum.MinTimestamp, sum.MaxTimestamp, sum.MaxTimestampOffset
	return r
}

func (s *scanner) addToChunk(relative, maxTimestamp int64, raw []byte) {
	r := &s.info
	if n := len(r.Chunks); n == 0 || r.Chunks[n-1].Length >= ChunkBytes {
		r.Chunks = append(r.Chunks, Chunk{
			Offset: relative, Position: s.sum.Bytes, First: s.sum.RecordBatches, MaxTimestamp: maxTimestamp,
		})
	}
	c := &r.Chunks[len(r.Chunks)-1]
	c.Length += int64(len(raw))
	c.Count++
	c.MaxTimestamp = max(c.MaxTimestamp, maxTimestamp)
	c.CRC = crc32.Update(c.CRC, castagnoli, raw)
}
