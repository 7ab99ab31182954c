package session

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// statement is a parsed statement with its text.
type statement struct {
	parse.Statement
	sql       string
	cacheable bool        // alone in its text, so that the text names it
	memory    *textMemory // of the text's trees
}

// prepared is a statement that was parsed, and the parameter types given for it.
type prepared struct {
	statement *statement // nil for an empty text
	given     []sqltype.OID
	plan      *planned
	// What the client was told when the statement was parsed; it stays.
	params []sqltype.Type
	fields []face.Field
	since  time.Time
	sql    bool // by PREPARE
}

// planned is what planning made of a statement: at most one of query and dml is set; other
// statements plan nothing.
type planned struct {
	query  *plan.Query
	dml    *dml
	fields []face.Field
	params []sqltype.Type

	at    log.CommitSeq // catalog version
	stamp string        // settings the plan depends on
	sizes []sized       // rows that it was chosen by

	bound atomic.Pointer[boundFields]
}

// boundFields are the result columns of a plan in some formats.
type boundFields struct {
	formats []face.Format
	fields  []face.Field
}

// Bounds of the plan cache: statements, and what their trees and plans take, estimated by their
// texts.
const (
	planCacheSize  = 1024
	planCacheBytes = 64 << 20
	planTextBytes  = 64 // of tree and plan, for each byte of text
)

// planCache keeps plans by raw text, least recently used out first. Safe for concurrent use.
type planCache struct {
	mu    *sync.Mutex
	size  int
	bytes int // of texts
	order *list.List
	byKey map[string]*list.Element
}

type cached struct {
	key  string
	stmt *statement // nil: as a lifted text it has no plan at plan.at
	plan *planned
}

func newPlanCache(size int) planCache {
	return planCache{mu: &sync.Mutex{}, size: size, order: list.New(), byKey: map[string]*list.Element{}}
}

func (c *planCache) get(key []byte) (*cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[string(key)]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*cached), true
}

func (c *planCache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}

// maxCachedText keeps bulk statements, which never come twice, out of the cache.
const maxCachedText = 16 << 10

func (c *planCache) put(e *cached) {
	if len(e.key) > maxCachedText {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[e.key]; ok {
		el.Value = e
		c.order.MoveToFront(el)
		return
	}
	c.byKey[e.key] = c.order.PushFront(e)
	c.bytes += len(e.key)
	for c.order.Len() > c.size || c.bytes > planCacheBytes/planTextBytes {
		oldest := c.order.Back()
		c.order.Remove(oldest)
		key := oldest.Value.(*cached).key
		c.bytes -= len(key)
		delete(c.byKey, key)
	}
}

// cacheKey names a text under the settings and parameter types that plans depend on. It is borrowed
// until the next one.
func (s *Session) cacheKey(sql string, given []sqltype.OID) []byte {
	key := append(append(append(append(append(s.key[:0], s.set.stamp()...), 0), s.tempStamp()...), 0), sql...)
	for _, t := range given {
		key = append(key, byte(t), byte(t>>8), byte(t>>16), byte(t>>24))
	}
	if cap(key) <= maxCachedText {
		s.key = key
	}
	return key
}

// cachedStatement finds a text that was parsed before, with its plan if that still holds.
func (s *Session) cachedStatement(sql string) (*statement, bool) {
	if c, ok := s.db.plans.get(s.cacheKey(sql, nil)); ok && c.stmt != nil {
		return c.stmt, true
	}
	return nil, false
}

// sharesPlans: what the session plans now is planned as any other session with its settings would plan it. Not so in a
// transaction that changed the catalog, or that reads tables with the columns of an older version.
func (s *Session) sharesPlans() bool { return !s.tx.writes.ChangesCatalog() && s.under() == 0 }

// planOf plans a statement, or finds the plan made before.
func (s *Session) planOf(ctx context.Context, p *prepared) (*planned, error) {
	now, stamp := s.catalog().Version(), s.stampUnder()
	switch p.statement.Body.(type) {
	case *parse.Fetch, *parse.Execute:
		p.plan = nil // the columns are those of the cursor or statement of now
	}
	if p.plan != nil && p.plan.at == now && p.plan.stamp == stamp && s.fits(p.plan) {
		return p.plan, nil
	}
	key := "" // of what may be cached
	if p.statement.cacheable && s.sharesPlans() {
		name := s.cacheKey(p.statement.sql, p.given)
		if c, ok := s.db.plans.get(name); ok && c.stmt != nil && c.plan.at == now && s.fits(c.plan) {
			if err := p.keepsShape(c.plan); err != nil {
				return nil, err
			}
			p.plan = c.plan
			return c.plan, nil
		}
		key = string(name)
	}
	defer s.beginPlanning(ctx)()
	s.db.planned.Add(1)
	made, err := s.plan(ctx, p.statement, p.given)
	if err != nil {
		return nil, err
	}
	made.at, made.stamp, made.sizes = now, stamp, s.sizesOf(made.source())
	if err := p.keepsShape(made); err != nil {
		return nil, err
	}
	p.plan = made
	if key != "" && (made.query != nil || made.dml != nil) {
		shared := *p.statement
		shared.memory = nil
		s.db.plans.put(&cached{key: key, stmt: &shared, plan: made})
	}
	return made, nil
}

// keepsShape notes the columns of the first plan and refuses a later one that has others: the
// client reads rows by what it was told. Parameters keep the types that were inferred first.
func (p *prepared) keepsShape(made *planned) error {
	if p.plan == nil {
		p.params, p.fields = made.params, made.fields
		p.given = typesOf(made.params)
		return nil
	}
	same := slices.EqualFunc(p.fields, made.fields, func(a, b face.Field) bool { return a.Name == b.Name && a.Type == b.Type })
	if !same {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cached plan must not change result type")
	}
	return nil
}
