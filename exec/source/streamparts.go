package source

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/delta"
)

var _ exec.Divisible = (*stream)(nil)

// Divide implements exec.Divisible.
func (s *stream) Divide() bool { return s.feed.Divide() }

// NextPart implements exec.Divisible.
func (s *stream) NextPart(ctx context.Context, bytes int, old exec.Part) (exec.Part, error) {
	free, _ := old.(*decoded.Part)
	p, err := s.feed.NextPart(ctx, bytes, free)
	if p == nil || err != nil {
		return nil, err
	}
	return p, nil
}

// EndParts implements exec.Divisible.
func (s *stream) EndParts() error { return s.endRange() }

// NewPartReader implements exec.Divisible.
func (s *stream) NewPartReader() (exec.PartReader, error) {
	r := &streamPartReader{of: s, places: places{topic: s.places.topic}, given: s.given.empty()}
	var err error
	r.decoder, err = decoded.NewPartDecoder(s.rel, s.want)
	return r, err
}

// streamPartReader is an exec.PartReader. But for Judge it shares nothing with its stream that changes in a tick.
type streamPartReader struct {
	of      *stream
	decoder *decoded.PartDecoder
	rows    decoded.Rows
	given   given
	whole   []delta.Column // of rows
	next    int            // of rows
	cols    []delta.Column
	places  places
}

func (r *streamPartReader) Begin(p exec.Part) { r.decoder.Begin(p.(*decoded.Part)) }

func (r *streamPartReader) Fill(ctx context.Context, breathe func() error) (bool, error) {
	r.next, r.rows.Len = 0, 0
	return r.decoder.Fill(ctx, &r.rows, breathe)
}

func (r *streamPartReader) Judged() bool { return r.of.mark != nil }

// Judge uses the watermark of the stream.
func (r *streamPartReader) Judge() error {
	err := r.of.judge(&r.rows, r.given)
	r.whole = r.of.shape(r.whole[:0], &r.rows, r.given)
	return err
}

func (r *streamPartReader) Next(dst *delta.Batch) bool {
	from, to := r.next, min(r.next+rowsPerBatch, r.rows.Len)
	if from == to {
		return false
	}
	r.next, r.cols = to, r.cols[:0]
	for i := range r.whole {
		r.cols = append(r.cols, r.whole[i].Slice(from, to))
	}
	r.places.partitions, r.places.offsets = r.rows.Partitions[from:to], r.rows.Offsets[from:to]
	*dst = delta.Batch{Len: to - from, Cols: r.cols, From: &r.places}
	return true
}

func (r *streamPartReader) Close() { r.decoder.Close() }
