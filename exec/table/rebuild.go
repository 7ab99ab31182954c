package table

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// trouble is why a table cannot be used: it is made anew from its changelog, or stands until somebody asks
// for that. It does not change; another one takes its place.
type trouble struct {
	cause  error // nil = it was asked for
	since  time.Time
	stands bool
	over   chan struct{} // closed when another one, or none, has taken its place
}

const (
	// rebuildWait is how long a statement waits for a table that is made anew before it is told.
	rebuildWait = time.Second
	// rebuildTries is how often damage may be met while a table is made anew.
	rebuildTries = 5
	// maxRebuildPause bounds the pause between two tries.
	maxRebuildPause = 30 * time.Second
)

// hurt has a table made anew that cannot be read, or could not take a commit. Any goroutine may call it, as often as it likes.
func (t *Table) hurt(cause error) {
	if t.trouble.Load() != nil {
		return
	}
	t.mu.Lock()
	first := t.trouble.Load() == nil && !t.mu.gone
	if first {
		t.beginLocked(cause)
	}
	t.mu.Unlock()
	if first {
		t.set.cfg.Logger.Warn("a table cannot go on with what it has and is made from its changelog", "table", t.rel().QualifiedName(), "error", cause)
	}
}

// want has a table made anew if it is not that rebuild's already.
func (t *Table) want(number int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if number <= t.mu.wanted {
		return
	}
	t.mu.wanted = number
	if now := t.trouble.Load(); now == nil || now.stands {
		t.beginLocked(nil)
	}
}

// again has a table made anew.
func (t *Table) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.trouble.Load(); now == nil {
		t.beginLocked(nil)
	}
}

func (t *Table) beginLocked(cause error) {
	t.becomeLocked(&trouble{cause: cause, since: t.set.cfg.Clock.Now(), over: make(chan struct{})})
	if t.mu.following != nil {
		t.mu.following.Again()
	}
}

func (t *Table) becomeLocked(next *trouble) {
	if old := t.trouble.Swap(next); old != nil {
		close(old.over)
	}
}

// stand makes a table refuse until REBUILD.
func (t *Table) stand(cause error) {
	t.set.cfg.Logger.Error("a table cannot be read, the others are not concerned", "table", t.rel().QualifiedName(), "error", cause)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.becomeLocked(&trouble{cause: cause, since: t.set.cfg.Clock.Now(), stands: true, over: make(chan struct{})})
}

// end has a rebuild under way given up, and none begun any more.
func (t *Table) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.gone = true
	if t.mu.cut != nil {
		t.mu.cut()
	}
}

// usable waits a moment for a table that is made anew; its error says what is with the table.
func (t *Table) usable(ctx context.Context) error {
	tr := t.trouble.Load()
	if tr == nil {
		return nil
	}
	for late := t.set.cfg.Clock.After(rebuildWait); ; {
		if tr.stands {
			return tr.reason(t.rel())
		}
		select {
		case <-tr.over:
			if tr = t.trouble.Load(); tr == nil {
				return nil
			}
		case <-late:
			return tr.reason(t.rel())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// reason is what who uses the table is told.
func (tr *trouble) reason(rel *catalog.Relation) *sqlerr.Error {
	if !tr.stands {
		e := sqlerr.New(sqlerr.BeingRebuilt, "table %q is being made anew from its changelog", rel.Name).
			WithHint("Try again later; SHOW TABLES and tributary.tables tell when it is there. Other relations are not concerned.")
		if tr.cause != nil {
			e = e.WithDetail("Its rows could not be read: %v.", tr.cause)
		}
		return e
	}
	var told *sqlerr.Error
	if errors.As(tr.cause, &told) {
		return told
	}
	code, what, hint := sqlerr.ObjectNotInPrerequisiteState, "has failed", "ALTER TABLE %s REBUILD makes it from its changelog."
	if isDamage(tr.cause) {
		code, what, hint = sqlerr.DataCorrupted, "cannot be read", "Restore the object and ALTER TABLE %s REBUILD, or drop the table. Other tables are not concerned."
	}
	return sqlerr.New(code, "table %q %s", rel.Name, what).WithDetail("%v.", tr.cause).WithHint(hint, rel.QualifiedName())
}

// changelogWhole refuses to make a table from a changelog that has lost records: it would be a part of it, without a
// word. What log compaction takes out is not lost: a later record of the key stands for it.
func (t *Table) changelogWhole() error {
	at := t.set.cfg.Log.TruncatedBy(t.rel().Topic)
	if at <= t.rel().CreatedAt {
		return nil
	}
	return sqlerr.New(sqlerr.InputLost, "table %q cannot be made from its changelog, which has lost records", t.rel().Name).
		WithDetail("Records of topic %q were deleted at commit %d; without them rows that were not written since would be missing.", t.rel().TopicName, at).
		WithHint("A start of the server takes the table from its checkpoint, where one has it. Else DROP TABLE %s and create it again.", t.rel().QualifiedName())
}

// rebuild makes a table anew from its changelog up to `to`, and goes on trying while that may help. REQUIRES: a
// delivery of the log is under way, so that nothing else changes the table.
func (t *Table) rebuild(ctx context.Context, tr *trouble, to log.CommitSeq) error {
	if tr.stands {
		return nil // the log has what comes meanwhile
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.mu.Lock()
	t.mu.cut = cancel
	gone := t.mu.gone
	t.mu.Unlock()
	if gone {
		return nil
	}
	begin := t.set.cfg.Clock.Now()
	for tries := 1; ; tries++ {
		made, number, err := t.remake(ctx, to)
		switch {
		case err == nil:
			if err = t.install(ctx, made, number); err == nil {
				t.changed(to)
				t.set.cfg.Logger.Info("a table was made from its changelog", "table", t.rel().QualifiedName(), "commit", to,
					"took", t.set.cfg.Clock.Now().Sub(begin))
				return nil
			}
		case ctx.Err() != nil || errors.Is(err, log.ErrClosed):
			return err
		}
		if made != nil {
			t.free(made)
		}
		if lasting(err) || tries >= rebuildTries && isDamage(err) {
			t.stand(err)
			return nil
		}
		t.set.cfg.Logger.Warn("a table is not made from its changelog yet", "table", t.rel().QualifiedName(), "tries", tries, "error", err)
		select {
		case <-t.set.cfg.Clock.After(min(time.Second<<min(tries-1, 10), maxRebuildPause)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// lasting: what is wrong with the log, or with the code, does not pass.
func lasting(err error) bool {
	var fault *decode.Fault
	if errors.As(err, &fault) || errors.Is(err, errPanic) || sqlerr.CodeOf(err) == sqlerr.InputLost {
		return true
	}
	for _, l := range []error{log.ErrCorrupt, log.ErrTruncated, log.ErrUnknownKind, log.ErrUnknownTopic, state.ErrNegativeWeight, state.ErrBroken} {
		if errors.Is(err, l) {
			return true
		}
	}
	return false
}

// remake makes what the table had at `to`, with the versions that somebody still reads, and tells which rebuild
// it is of.
func (t *Table) remake(ctx context.Context, to log.CommitSeq) (made *content, number int, err error) {
	defer recovered(&err)
	if err := t.changelogWhole(); err != nil {
		return nil, 0, err
	}
	t.mu.Lock()
	number = t.mu.wanted
	indexes := slices.Clone(t.now().indexes)
	t.mu.Unlock()
	made = t.empty(newForm(t.rel()), nil, nil)
	for _, ix := range indexes {
		made.indexes = append(made.indexes, t.indexOf(made, ix.rel, t.recomputing(made, ix)))
	}
	return made, number, t.set.replay(ctx, t, made, 0, to)
}

// recomputing is what an index computes of the rows of another content.
func (t *Table) recomputing(made *content, ix *index) *computed {
	if ix.more == nil || ix.more.fits(made.form) {
		return ix.more
	}
	snap := t.set.catalog.Now()
	table, ok := snap.ByOID(t.oid)
	now, is := snap.ByOID(ix.rel.OID)
	if !ok || !is { // it was dropped meanwhile, and nobody asks for it
		return ix.more
	}
	return computing(table, now, snap)
}

// install makes made what the table has. Indexes may have come and gone meanwhile.
func (t *Table) install(ctx context.Context, made *content, number int) error {
	for {
		t.mu.Lock()
		old := t.now()
		var missing []*index
		for _, ix := range old.indexes {
			if !slices.ContainsFunc(made.indexes, func(m *index) bool { return m.rel.OID == ix.rel.OID }) {
				missing = append(missing, ix)
			}
		}
		if len(missing) == 0 {
			var dropped []*index
			made.indexes = slices.DeleteFunc(made.indexes, func(m *index) bool {
				gone := !slices.ContainsFunc(old.indexes, func(ix *index) bool { return m.rel.OID == ix.rel.OID })
				if gone {
					dropped = append(dropped, m)
				}
				return gone
			})
			slices.SortFunc(made.indexes, func(a, b *index) int { return cmp.Compare(a.rel.OID, b.rel.OID) })
			kept := t.under(made, old)
			t.content.Store(made)
			t.mu.built = max(t.mu.built, number)
			t.deltas.Store(true)
			t.becomeLocked(nil)
			if t.mu.wanted > number { // asked for again meanwhile
				t.beginLocked(nil)
			}
			t.mu.Unlock()
			t.set.rebuilds.Add(1)
			for _, ix := range dropped {
				ix.rows.Free()
			}
			if !kept {
				t.free(old)
			}
			if t.set.onRebuilt != nil {
				t.set.onRebuilt(t.oid)
			}
			return nil
		}
		t.mu.Unlock()
		for _, was := range missing {
			ix, err := t.filled(ctx, made, was.rel, t.recomputing(made, was))
			if err != nil {
				return err
			}
			t.mu.Lock()
			made.indexes = append(made.indexes, ix)
			t.mu.Unlock()
		}
	}
}

// under keeps what a table had under what it was made anew as, if its columns had other types; false if it is to be freed.
func (t *Table) under(made, old *content) bool {
	rel := made.form.rel
	if _, _, same := old.form.to(rel); same || rel.RewrittenAt == 0 {
		made.before.Store(old.before.Load())
		return false
	}
	made.before.Store(&older{old, rel.RewrittenAt, old.form.rel, true})
	t.rewritten.Store(uint64(rel.RewrittenAt))
	return true
}

// OnRebuilt has fn called, in any goroutine, when a table was made anew. Call it before Restore.
func (s *Set) OnRebuilt(fn func(oid catalog.OID)) { s.onRebuilt = fn }

// CanRebuild refuses where the changelog of a table does not have all of it any more.
func (s *Set) CanRebuild(ctx context.Context, oid catalog.OID) error {
	if err := s.Settle(ctx); err != nil {
		return err
	}
	t := s.lookup(oid)
	if t == nil {
		return sqlerr.New(sqlerr.UndefinedTable, "table with OID %d does not exist", oid)
	}
	return t.changelogWhole()
}

// Rebuilt waits until a table is of a rebuild that the catalog has, or says why it will not be.
func (s *Set) Rebuilt(ctx context.Context, oid catalog.OID, number int) error {
	if err := s.Settle(ctx); err != nil {
		return err
	}
	t := s.lookup(oid)
	if t == nil {
		return sqlerr.New(sqlerr.UndefinedTable, "table was dropped meanwhile")
	}
	for {
		tr := t.trouble.Load()
		t.mu.Lock()
		built := t.mu.built
		t.mu.Unlock()
		switch {
		case built >= number:
			return nil
		case tr == nil:
			continue // it has just become another
		case tr.stands:
			return tr.reason(t.rel())
		}
		select {
		case <-tr.over:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Status is how a table does: running, rebuilding or failed, since when, and why (nil while it runs).
type Status struct {
	State  string
	Since  time.Time
	Reason *sqlerr.Error
}

// Status of a table; of one that is not here yet, running.
func (s *Set) Status(oid catalog.OID) Status {
	t := s.lookup(oid)
	if t == nil {
		return Status{State: "running"}
	}
	tr := t.trouble.Load()
	switch {
	case tr == nil:
		return Status{State: "running"}
	case tr.stands:
		return Status{"failed", tr.since, tr.reason(t.rel())}
	}
	return Status{"rebuilding", tr.since, tr.reason(t.rel())}
}

// Stats are counters and gauges of tables.
type Stats struct {
	Rebuilding, Failed int
	Rebuilds           uint64 // done
}

// Stats are the counters now.
func (s *Set) Stats() Stats {
	out := Stats{Rebuilds: s.rebuilds.Load()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.mu.tables {
		switch tr := t.trouble.Load(); {
		case tr == nil:
		case tr.stands:
			out.Failed++
		default:
			out.Rebuilding++
		}
	}
	return out
}
