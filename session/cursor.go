package session

import (
	"context"
	"strconv"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// planCursor plans the query of a DECLARE.
func (s *Session) planCursor(b *parse.Declare, given []sqltype.OID) (*plan.Query, error) {
	if b.Subscribes() {
		return s.planSubscription(b.Query, given)
	}
	return s.planQuery(b.Query, given)
}

// declare is DECLARE: a portal under the cursor's name. Its snapshot is that of the DECLARE.
func (s *Session) declare(ctx context.Context, p *portal, b *parse.Declare, w face.Writer) error {
	switch {
	case b.Subscribes() && (b.Hold || b.Scroll):
		return unsupported("a SCROLL or WITH HOLD cursor FOR SUBSCRIBE TO").WithHint("Its rows have no end: it moves forward only.")
	case p.plan.dml != nil && p.plan.dml.lock == nil:
		return sqlerr.New(sqlerr.FeatureNotSupported, "DECLARE CURSOR must not contain data-modifying statements in WITH")
	case p.plan.dml != nil && b.Hold:
		return sqlerr.New(sqlerr.FeatureNotSupported, "DECLARE CURSOR WITH HOLD ... %s is not supported", p.plan.dml.locksWords()).WithDetail("Holdable cursors must be READ ONLY.")
	case p.plan.dml != nil && b.Scroll:
		return sqlerr.New(sqlerr.FeatureNotSupported, "DECLARE SCROLL CURSOR ... %s is not supported", p.plan.dml.locksWords()).WithDetail("Scrollable cursors must be READ ONLY.")
	case !s.tx.block && !b.Hold:
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
	case s.portals[b.Name] != nil:
		return sqlerr.New(sqlerr.DuplicateCursor, "cursor %q already exists", b.Name)
	case len(s.portals) >= maxNamed:
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "too many portals")
	}
	c := &portal{name: b.Name, args: p.args, done: true, plan: &planned{query: p.plan.query}, hold: b.Hold, scroll: b.Scroll, turns: !b.NoScroll && !b.Subscribes() && p.plan.dml == nil, binary: b.Binary, declared: s.db.Clock.Now()}
	body := parse.Body(&parse.Select{Query: b.Query})
	var fields []face.Field
	if p.plan.dml != nil {
		fields = fieldsOf(p.plan.dml.returning().Fields)
	} else {
		fields = resultFields(p.plan.query)
	}
	if b.Subscribes() {
		body, fields = &parse.Subscribe{Query: b.Query}, subscribeFields(fields)
	}
	format := face.Text
	if b.Binary {
		format = face.Binary
	}
	env := s.codecEnv()
	for i := range fields {
		fields[i].Format, fields[i].Encode = format, face.EncodeIn(fields[i].Type.OID, format, env)
	}
	c.fields, c.plan.fields = fields, fields
	c.prepared = &prepared{statement: &statement{
		Statement: parse.Statement{Body: body, Tag: "SELECT"}, sql: p.prepared.statement.sql, memory: p.prepared.statement.memory,
	}}
	s.tx.queried = true
	if b.Hold || b.Scroll || p.plan.dml != nil {
		var err error
		if c.cur, err = s.gatherCursor(ctx, p, b, fields); err != nil {
			return err
		}
		c.cur.forward = c.cur.forward || p.plan.dml != nil
		s.keepPortal(c)
		return w.Complete("DECLARE CURSOR")
	}
	var err error
	if c.run, err = s.startPull(ctx, c); err != nil {
		return err
	}
	if !c.subscribes() {
		if err := c.run.prime(ctx); err != nil {
			c.close()
			return err
		}
	}
	s.keepPortal(c)
	return w.Complete("DECLARE CURSOR")
}

// cursorFields describe the rows of a FETCH, nil for MOVE and for a cursor that is not there.
func (s *Session) cursorFields(b *parse.Fetch) []face.Field {
	c, ok := s.portals[b.Cursor]
	if !ok || b.Move || c.plan == nil {
		return nil
	}
	return c.fields
}

// fetch is FETCH and MOVE.
func (s *Session) fetch(ctx context.Context, p *portal, b *parse.Fetch, w face.Writer) error {
	c, ok := s.portals[b.Cursor]
	switch {
	case !ok:
		return sqlerr.New(sqlerr.InvalidCursorName, "cursor %q does not exist", b.Cursor)
	case c.prepared.statement == nil || !c.givesRows():
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "portal %q cannot be run", b.Cursor)
	}
	skip, limit, ok := c.ahead(b)
	if !ok && c.cur == nil {
		if err := s.turnAround(ctx, c); err != nil {
			return err
		}
	}
	wait, err := fetchTimeout(b, c)
	if err != nil {
		return err
	}
	tag, out := "FETCH ", w
	if b.Move {
		tag, out = "MOVE ", noRows{w}
	} else {
		fields := p.fields
		for i := range fields { // a binary cursor gives binary rows, whatever was bound
			if c.fields[i].Format == face.Binary {
				fields[i].Format, fields[i].Encode = face.Binary, c.fields[i].Encode
			}
		}
		out = &lateFields{Writer: w, fields: fields}
	}
	sent := 0
	if c.cur != nil {
		n, err := c.cur.fetch(b, out)
		if err != nil {
			return err
		}
		return out.Complete(tag + strconv.FormatInt(n, 10))
	}
	if c.subscribes() && c.run != nil {
		sent, err = s.fetchChanges(ctx, c, limit, wait, out)
		c.given += int64(sent)
	} else {
		sent, err = s.pullKept(ctx, c, int(skip), limit, out)
	}
	if err != nil {
		return err
	}
	return out.Complete(tag + strconv.Itoa(sent))
}

// ahead is what a FETCH passes over and what it gives, limit 0 = all, of a cursor that moves forward only; false: it is not
// ahead.
func (c *portal) ahead(b *parse.Fetch) (skip int64, limit int, ok bool) {
	switch {
	case b.Direction == parse.FetchForward && b.All:
		return 0, 0, true
	case b.Direction == parse.FetchForward && b.Count > 0:
		return 0, int(b.Count), true
	case b.Direction == parse.FetchRelative && b.Count > 0 && !c.subscribes():
		return b.Count - 1, 1, true
	case b.Direction == parse.FetchAbsolute && b.Count > c.given && !c.subscribes():
		return b.Count - c.given - 1, 1, true
	}
	return 0, 0, false
}

// closeCursor is CLOSE.
func (s *Session) closeCursor(b *parse.CloseCursor, w face.Writer) error {
	if b.All {
		s.dropPortals()
		return w.Complete("CLOSE CURSOR ALL")
	}
	if _, ok := s.portals[b.Name]; !ok {
		return sqlerr.New(sqlerr.InvalidCursorName, "cursor %q does not exist", b.Name)
	}
	s.dropPortal(b.Name)
	return w.Complete("CLOSE CURSOR")
}

// lateFields describes the rows when the first ones come: a FETCH that fails has none.
type lateFields struct {
	face.Writer
	fields []face.Field
	said   bool
}

func (w *lateFields) say() error {
	if w.said {
		return nil
	}
	w.said = true
	return w.Writer.Fields(w.fields)
}

func (w *lateFields) Rows(d *delta.Batch) error {
	if err := w.say(); err != nil {
		return err
	}
	return w.Writer.Rows(d)
}

func (w *lateFields) Complete(tag string) error {
	if err := w.say(); err != nil {
		return err
	}
	return w.Writer.Complete(tag)
}

// noRows throws rows away.
type noRows struct{ face.Writer }

func (noRows) Rows(*delta.Batch) error { return nil }
