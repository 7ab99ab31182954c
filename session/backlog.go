package session

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// A cursor that was declared with neither SCROLL nor NO SCROLL moves forward as its query gives rows. Those that it has given are kept while
// they are few, so that it may turn around: it has all its rows gathered then, as if it had been declared with SCROLL.

// maxBacklog are the rows that such a cursor may have given when it turns around.
const maxBacklog = 10_000

// backlog are the rows that a cursor has given.
type backlog struct {
	*gathered
	n    int64
	over bool // too many, or no room: it goes forward only
}

func (s *Session) newBacklog(c *portal) *backlog {
	types := make([]sqltype.OID, len(c.fields))
	for i, f := range c.fields {
		types[i] = f.Type.OID
	}
	return &backlog{gathered: s.newGathered(types)}
}

// take keeps rows, up to a number of them in all; 0 = as many as come.
func (b *backlog) take(d *delta.Batch, most int64) {
	if b.over {
		return
	}
	b.n += int64(d.Rows())
	if b.over = most > 0 && b.n > most; !b.over {
		b.over = b.add(d) != nil
	}
	if b.over {
		b.drop()
	}
}

// keeping writes rows that a backlog keeps as well.
type keeping struct {
	face.Writer
	back *backlog
}

func (k keeping) Rows(d *delta.Batch) error {
	k.back.take(d, maxBacklog)
	return k.Writer.Rows(d)
}

// pullKept passes over rows of a cursor that moves forward and gives the next ones, and keeps both.
func (s *Session) pullKept(ctx context.Context, c *portal, skip, limit int, w face.Writer) (sent int, err error) {
	pull := func(limit int, w face.Writer) (n int, ended bool, err error) {
		if !c.turns {
			return s.pullRows(ctx, c, limit, w)
		}
		back := c.back
		if back == nil {
			back = s.newBacklog(c)
		}
		c.back = nil // pullRows closes the portal at the end
		n, ended, err = s.pullRows(ctx, c, limit, keeping{w, back})
		switch {
		case err != nil:
			back.drop()
		case ended && !back.over:
			c.cur = &scrolled{rows: back.gathered, total: back.n, at: back.n + 1}
		case ended:
			c.turns = false
		default:
			c.back = back
		}
		return n, ended, err
	}
	if skip > 0 {
		n, ended, err := pull(skip, noRows{w})
		if c.given += int64(n); err != nil || ended {
			return 0, err
		}
	}
	sent, _, err = pull(limit, w)
	c.given += int64(sent)
	return sent, err
}

// turnAround has a cursor that moved forward gather the rest of its rows.
func (s *Session) turnAround(ctx context.Context, c *portal) error {
	if !c.turns || c.back != nil && c.back.over {
		return errForwardOnly
	}
	back := c.back
	if back == nil {
		back = s.newBacklog(c)
	}
	c.back = nil
	given := c.given
	_, _, err := s.pullRows(ctx, c, 0, gathering{noRows{}, back})
	if err == nil && back.over {
		err = errForwardOnly
	}
	if err != nil {
		back.drop()
		return err
	}
	c.cur = &scrolled{rows: back.gathered, total: back.n, at: given}
	return nil
}

// gathering takes rows for nobody but a backlog.
type gathering struct {
	noRows
	back *backlog
}

func (g gathering) Rows(d *delta.Batch) error {
	g.back.take(d, 0)
	return nil
}
