package session

import (
	"context"
	"errors"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// A statement is planned with the newest catalog, and reads a version of the rows that it picks then. Between the two a table may
// have got other columns: then it is planned again, before anything was said to the client. A snapshot that is older than the change
// has the rows as they were, and statements that read it are planned with the columns of then.

// maxMoved bounds how often a statement is planned again because a table got other columns.
const maxMoved = 20

// runPlanned runs a portal, planned again while what it was planned for is no more. told: the client knows its columns.
func (s *Session) runPlanned(ctx context.Context, p *portal, maxRows int, w face.Writer, told bool) error {
	for tries := 1; ; tries++ {
		err := s.runPortal(ctx, p, maxRows, w)
		if !errors.Is(err, lane.ErrMoved) || tries == maxMoved || !p.mayPlanAgain() {
			return err
		}
		if !told {
			p.prepared.plan = nil // nobody has seen its columns
		}
		if p.plan, err = s.planOf(ctx, p.prepared); err != nil {
			return err
		}
		p.done, p.run, p.inner = false, nil, nil
		if !told {
			p.fields = p.plan.fieldsIn(&face.Bind{}, s)
		}
	}
}

// mayPlanAgain: the portal's statement has done nothing when it finds that a table has other columns.
func (p *portal) mayPlanAgain() bool {
	switch p.prepared.statement.Body.(type) {
	case *parse.Select, *parse.Insert, *parse.Update, *parse.Delete, *parse.Merge, *parse.Declare, *parse.Execute:
		return true
	}
	return false
}

// reader is the catalog that a query is planned with: the newest, with tables as the snapshot has them that the transaction reads.
func (s *Session) reader() catalog.Reader {
	cat := s.catalog()
	if v := s.under(); v != 0 {
		return &catalogUnder{Snapshot: cat, s: s, v: v}
	}
	return cat
}

// under is the version that the transaction reads, if the catalog has changed since; else 0.
func (s *Session) under() log.CommitSeq {
	if s.tx.pin == nil || s.db.Catalog.Now().Version() <= s.tx.pin.Version() || s.tx.writes.ChangesCatalog() {
		return 0
	}
	return s.tx.pin.Version()
}

// stampUnder is what plans depend on besides the catalog: the settings, and the version whose columns tables have.
func (s *Session) stampUnder() string {
	if v := s.under(); v != 0 {
		return s.set.stamp() + "\x00" + strconv.FormatUint(uint64(v), 10)
	}
	return s.set.stamp()
}

// catalogUnder is a catalog whose tables have the columns that they had at a version.
type catalogUnder struct {
	*catalog.Snapshot
	s *Session
	v log.CommitSeq
}

func (c *catalogUnder) Version() log.CommitSeq { return min(c.v, c.Snapshot.Version()) }

func (c *catalogUnder) Relation(schema, name string, path []string) (*catalog.Relation, bool) {
	rel, ok := c.Snapshot.Relation(schema, name, path)
	return c.then(rel), ok
}

func (c *catalogUnder) ByOID(oid catalog.OID) (*catalog.Relation, bool) {
	rel, ok := c.Snapshot.ByOID(oid)
	return c.then(rel), ok
}

// Indexes are those that were there.
func (c *catalogUnder) Indexes(table catalog.OID) []*catalog.Relation {
	var out []*catalog.Relation
	for _, ix := range c.Snapshot.Indexes(table) {
		if ix.CreatedAt <= c.v {
			out = append(out, ix)
		}
	}
	return out
}

func (c *catalogUnder) then(rel *catalog.Relation) *catalog.Relation {
	if rel == nil || rel.RewrittenAt <= c.v {
		return rel
	}
	if was := c.s.db.Tables.Definition(rel, c.v); was != nil {
		return was
	}
	return rel
}
