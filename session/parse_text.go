package session

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/cores"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/planner/parse"
)

// shortText is parsed where it stands: its tree is made within some 10 ms.
const shortText = 16 << 10

// parsers is where long texts are parsed, a few at once. The parser cannot be stopped, so a
// statement that is cancelled leaves it behind; it goes on holding its place and its memory, so
// that those left behind never become many.
type parsers struct {
	places chan struct{}
	left   *atomic.Int64 // behind, and still at work
}

func newParsers() parsers {
	// At most half the processors: C takes no breath for anybody.
	return parsers{places: make(chan struct{}, max(1, cores.Count()/2)), left: &atomic.Int64{}}
}

// parsed is what one parse gave.
type parsed struct {
	stmts []parse.Statement
	err   error
	panic any
}

// textMemory is what the trees of one text take, held by those who keep one of its statements:
// the simple query that runs it, a prepared statement, portals. Used by one session; nil belongs
// to nobody (the plan cache's statements have a bound of their own).
type textMemory struct {
	owner   *memory.Owner
	holders int
}

func (m *textMemory) hold() {
	if m != nil {
		m.holders++
	}
}

func (m *textMemory) release() {
	if m == nil {
		return
	}
	if m.holders--; m.holders == 0 {
		m.owner.Drop()
	}
}

// ParsesLeftBehind is the number of parses whose statement has ended and which still run.
func (db *Database) ParsesLeftBehind() int64 { return db.parsers.left.Load() }

// parseText reads the statements of a client's text; the caller holds their memory.
func (s *Session) parseText(ctx context.Context, sql string) ([]statement, *textMemory, error) {
	owner := s.db.Memory.Limited("statement_memory", s.set.limits.statementMemory)
	limits := parse.Limits{Bytes: int(s.db.MaxStatementBytes), Charge: owner.Charge}
	var got parsed
	if len(sql) <= shortText {
		got.stmts, got.err = limits.Parse(sql)
	} else {
		var done bool
		if got, done = s.db.parsers.parse(ctx, limits, sql, owner); !done {
			return nil, nil, context.Cause(ctx)
		}
	}
	if got.panic != nil {
		owner.Drop()
		panic(got.panic) // to where the connection recovers
	}
	if got.err != nil {
		owner.Drop()
		return nil, nil, got.err
	}
	held := &textMemory{owner: owner, holders: 1}
	out := make([]statement, len(got.stmts))
	for i := range out {
		out[i] = statement{Statement: got.stmts[i], sql: sql, cacheable: len(out) == 1, memory: held}
	}
	return out, held, nil
}

// parse parses in a goroutine of its own. Not done: ctx has ended; the goroutine drops owner
// when it has come to its end, and nobody waits for that.
func (p *parsers) parse(ctx context.Context, limits parse.Limits, sql string, owner *memory.Owner) (got parsed, done bool) {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return got, false
	}
	out := make(chan parsed)
	go func() {
		defer func() { <-p.places }()
		uncount := context.AfterFunc(ctx, func() { p.left.Add(1) })
		got := run(limits, sql)
		if !uncount() {
			defer p.left.Add(-1)
		}
		select {
		case out <- got:
		case <-ctx.Done():
			owner.Drop()
		}
	}()
	select {
	case got = <-out:
		return got, true
	case <-ctx.Done():
		return got, false
	}
}

func run(limits parse.Limits, sql string) (got parsed) {
	defer func() { got.panic = recover() }()
	got.stmts, got.err = limits.Parse(sql)
	return got
}
