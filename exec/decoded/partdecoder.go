package decoded

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// maxPartRows is how many bytes of rows of a part are decoded before they are asked for.
const maxPartRows = 4 << 20

// Part is some runs of the log, which follow each other, as they are there.
type Part struct {
	runs  []log.ChangeRun
	bytes []byte
}

// nextPart gives the next runs of the range: at least one, and no more once they have so many bytes.
func (r *Records) nextPart(ctx context.Context, most int, p *Part) (*Part, error) {
	for r.at == len(r.res.Runs) {
		if !r.more {
			return nil, nil
		}
		r.res.Runs, r.at = r.res.Runs[:0], 0
		var err error
		if r.more, err = r.changes.Next(ctx, log.Budget{MaxBytes: readBytes}, &r.res); err != nil {
			return nil, err
		}
	}
	end, size := r.at, 0
	for end < len(r.res.Runs) && size < most {
		size += len(r.res.Runs[end].RecordBatch)
		end++
	}
	if p == nil {
		p = &Part{}
	}
	p.runs = p.runs[:0]
	if p.bytes = p.bytes[:0]; cap(p.bytes) < size {
		p.bytes = make([]byte, 0, size)
	}
	for _, run := range r.res.Runs[r.at:end] {
		at := len(p.bytes)
		p.bytes = append(p.bytes, run.RecordBatch...)
		run.RecordBatch = p.bytes[at:]
		p.runs = append(p.runs, run)
	}
	r.at = end
	return p, nil
}

// beginPart turns to the runs of a part.
func (r *Records) beginPart(p *Part) {
	r.End()
	r.res.Runs = append(r.res.Runs, p.runs...)
}

// PartDecoder decodes parts of a stream. It belongs to one goroutine, and shares nothing with the Feed that
// the parts are of, nor with other PartDecoders of it.
type PartDecoder struct {
	alone *alone
	over  bool
}

// NewPartDecoder decodes the columns want, as Open does.
func NewPartDecoder(rel *catalog.Relation, want []int) (*PartDecoder, error) {
	f, err := newFiller(rel, want)
	return &PartDecoder{alone: &alone{records: &Records{}, filler: f}}, err
}

// Begin turns to a part, which is borrowed until its last Fill.
func (d *PartDecoder) Begin(p *Part) {
	d.alone.records.beginPart(p)
	d.alone.inRun, d.over = false, false
}

// Fill decodes the next rows of the part into dst, whose memory is the decoder's until the next call: all that are
// left if whole, else as many as may be held. breathe stands between some thousand rows; nil = nowhere.
func (d *PartDecoder) Fill(ctx context.Context, dst *Rows, breathe func() error) (whole bool, err error) {
	a := d.alone
	a.filler.clear()
	a.rows.clear()
	for more := !d.over; more && a.filler.size() < maxPartRows; {
		a.most = a.rows.Len + rowsPerBatch
		for more && a.rows.Len < a.most {
			if more, err = a.step(ctx); err != nil {
				return false, err
			}
		}
		d.over = !more
		if breathe != nil && more {
			if err := breathe(); err != nil {
				return false, err
			}
		}
	}
	for _, b := range a.filler.outs {
		a.rows.Cols = append(a.rows.Cols, b.Column())
	}
	*dst = a.rows
	return d.over, nil
}

// Close gives back what the decoder holds.
func (d *PartDecoder) Close() { d.alone.Close() }
