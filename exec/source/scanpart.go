package source

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
)

// scanPart is how far the scan of a first tick is that comes in parts.
type scanPart struct {
	most   int64
	enough func(rows int64) bool // nil: the scan is not in parts
	rows   int64                 // of this part
	last   []delta.Column        // the last row of the parts so far
	whole  bool                  // nothing is left
	sel    []int32
}

// cut takes note of a batch of the scan, the last if more is false, leaves of it what belongs to the part,
// and reports whether that goes on.
func (p *scanPart) cut(raw *delta.Batch, more bool) bool {
	if p.enough == nil {
		return more
	}
	n := int64(raw.Rows())
	if left := p.most - p.rows; n > left {
		n, more = left, true
		p.sel = p.sel[:0]
		for i := range int32(raw.Len) {
			p.sel = append(p.sel, i)
		}
		if raw.Sel == nil {
			raw.Sel = p.sel
		}
		raw.Sel = raw.Sel[:n]
	}
	p.rows += n
	if p.whole = !more; p.whole {
		return false
	}
	if n == 0 || p.rows < p.most && !p.enough(p.rows) {
		return true
	}
	at := int32(raw.Len - 1)
	if raw.Sel != nil {
		at = raw.Sel[n-1]
	}
	p.last = make([]delta.Column, len(raw.Cols))
	for i := range raw.Cols {
		p.last[i] = delta.Copy(&raw.Cols[i], []int32{at})
	}
	return false
}

// Size implements exec.Scanner.
func (c *contents) Size(t exec.Tick) (int64, error) {
	if c.errors {
		errs, err := c.cfg.Inputs.Errors(c.node.Relation, t.To)
		if err != nil || errs == nil {
			return 0, err
		}
		defer errs.Release()
		return errs.Rows(), nil
	}
	view, err := c.open(t)
	if err != nil {
		return 0, err
	}
	defer view.Release()
	return view.Rows(), nil
}

// BeginPart implements exec.Scanner.
func (c *contents) BeginPart(ctx context.Context, t exec.Tick, most int64, enough func(rows int64) bool) error {
	c.part = scanPart{most: most, enough: enough, last: c.part.last, whole: true} // until rows come that are not the last
	return c.begin(ctx, t)
}

// Place implements exec.Scanner.
func (c *contents) Place() (last []delta.Column, whole bool) { return c.part.last, c.part.whole }

// Resume implements exec.Scanner.
func (c *contents) Resume(last []delta.Column) { c.part = scanPart{last: last} }
