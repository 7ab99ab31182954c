package table

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/exec/keyed"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state"
)

// replayBytes is how much of a changelog is read at once.
const replayBytes = 4 << 20

// maxDecoded bounds the decompressed size of one record batch.
const maxDecoded = 256 << 20

// Restore makes every table of the catalog: from a checkpoint (nil = none), then from its
// changelog behind that, commit by commit, so that every version from the checkpoint's horizon on
// can be read; from then on the set follows the log. A table that the checkpoint does not have, or
// not as it is now, is made from its whole changelog; so is every one that log compaction has passed
// the checkpoint of, which was the older one then. One whose changelog is damaged fails alone: it is
// there, to be dropped, and every use of it is an error that says so. Nothing else may run yet, and
// nothing works before Restore; what an earlier Restore made is forgotten.
func (s *Set) Restore(ctx context.Context, c *catalog.Catalog, from *checkpoint.Loaded) error {
	newest, err := s.cfg.Log.Newest(ctx, true)
	if err != nil {
		return err
	}
	s.forget(ctx)
	s.catalog = c
	snap := c.Now()
	made, tableOf := map[catalog.OID]*Table{}, map[catalog.OID]catalog.OID{}
	for _, rel := range snap.Relations(catalog.KindTable) {
		indexes := snap.Indexes(rel.OID)
		t, err := s.restoreTable(ctx, rel, indexes, from, newest)
		if err != nil && from != nil && (state.IsDamage(err) || errors.Is(err, log.ErrTruncated)) {
			s.cfg.Logger.Warn("table is built from its whole changelog", "table", rel.QualifiedName(), "error", err)
			t, err = s.restoreTable(ctx, rel, indexes, nil, newest)
		}
		if stays(err) {
			t = newTable(s, rel, indexes, snap)
			t.stand(err)
			err = nil
		}
		if err != nil {
			return fmt.Errorf("table %q: %w", rel.Name, err)
		}
		made[rel.OID] = t
		for _, ix := range snap.Indexes(rel.OID) {
			tableOf[ix.OID] = rel.OID
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.tables, s.mu.tableOf = made, tableOf
	for _, t := range made {
		s.follow(t, newest)
	}
	s.followCatalog(c, newest)
	return nil
}

// isDamage: what a changelog needs is gone or bad, and trying again does not help.
func isDamage(err error) bool {
	for _, damage := range []error{log.ErrCorrupt, objstore.ErrNotFound, objstore.ErrRange, recordbatch.ErrCorrupt, state.ErrCorrupt, state.ErrUnreadable} {
		if errors.Is(err, damage) {
			return true
		}
	}
	return false
}

// stays: no start and no rebuild changes anything about it.
func stays(err error) bool {
	return isDamage(err) || sqlerr.CodeOf(err) == sqlerr.InputLost
}

// forget ends what an earlier Restore made.
func (s *Set) forget(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.following != nil {
		_ = s.following.Stop(ctx)
	}
	for _, t := range s.mu.tables {
		t.end()
		_ = t.follows().Stop(ctx) // nothing is under way at a start
	}
	s.mu.tables = nil
}

func (s *Set) restoreTable(ctx context.Context, rel *catalog.Relation, indexes []*catalog.Relation, from *checkpoint.Loaded, newest log.CommitSeq) (*Table, error) {
	t, at := s.loadTable(ctx, rel, indexes, from)
	if at == 0 {
		if err := t.changelogWhole(); err != nil {
			return nil, err
		}
	}
	c := t.now()
	if err := s.replay(ctx, t, c, at, newest); err != nil {
		return nil, err
	}
	for _, ix := range indexes {
		if t.hasIndex(ix.OID) {
			continue
		}
		// Younger than the checkpoint: made as CREATE INDEX makes it.
		made, err := t.filled(ctx, c, ix, computing(rel, ix, s.catalog.Now()))
		if err != nil {
			return nil, err
		}
		c.indexes = append(c.indexes, made)
	}
	return t, nil
}

// replay applies the changelog in (after, newest] to a content of a table.
func (s *Set) replay(ctx context.Context, t *Table, c *content, after, newest log.CommitSeq) error {
	changes, err := s.cfg.Log.Changes(ctx, after, newest, log.Filter{Topics: []log.TopicFilter{{Topic: t.rel().Topic}}})
	if err != nil {
		return err
	}
	defer changes.Close()
	p, err := newReplay(t, c)
	if err != nil {
		return err
	}
	var res log.ChangeResult
	for more := true; more; {
		if more, err = changes.Next(ctx, log.Budget{MaxBytes: replayBytes}, &res); err != nil {
			return err
		}
		for _, run := range res.Runs {
			if err := p.run(ctx, run); err != nil {
				return err
			}
		}
		res.Runs = res.Runs[:0]
	}
	if err := p.flush(ctx); err != nil || after > 0 {
		return err
	}
	// Log compaction has taken rows of older versions out: they may not be read.
	for _, a := range t.arrangements(c) {
		a.Keep(s.cfg.Log.LostUntil(t.rel().Topic))
	}
	return nil
}

// replay decodes one table's changelog. Records of one version gather in rows and gone until
// flush puts them in, the last record of a key deciding.
type replay struct {
	t       *Table
	into    *content
	layouts map[int]*layout
	version log.CommitSeq
	foreign *keyed.Decoder // of a table over a topic, nil = it is the table's own changelog
	cells   state.Flat     // key -> position in rows + 1, or -1 = deleted
	rows    *delta.BatchBuilder
	key     *delta.BatchBuilder
	reader  recordbatch.Reader
	headers []recordbatch.RecordHeader
}

// yieldRecords are decoded between two moments in which others may run: some tenths of a millisecond.
const yieldRecords = 64

// flushRows bounds what one flush holds.
const flushRows = 8192

func newReplay(t *Table, into *content) (*replay, error) {
	f := into.form
	p := &replay{t: t, into: into, rows: delta.NewBatchBuilder(f.types), key: delta.NewBatchBuilder(f.keyTypes()), layouts: map[int]*layout{}}
	p.reset()
	var err error
	if f.rel.FromTopic {
		p.foreign, err = keyed.New(f.rel)
	}
	return p, err
}

func (p *replay) reset() {
	p.cells = state.NewFlat(p.into.form.keyTypes(), []state.CellType{state.CellInt64}, state.Options{})
	p.rows.Clear()
	p.key.Clear()
}

func (p *replay) run(ctx context.Context, run log.ChangeRun) error {
	if run.VisibleAt != p.version || p.rows.Len() >= flushRows {
		if err := p.flush(ctx); err != nil {
			return err
		}
		p.version = run.VisibleAt
	}
	if err := p.reader.Reset(run.RecordBatch, maxDecoded); err != nil {
		return err
	}
	if p.reader.Header().Control() {
		return nil
	}
	for n := 0; p.reader.Next(); n++ {
		if n%yieldRecords == 0 {
			runtime.Gosched() // commits of others are handed over meanwhile
		}
		if p.foreign != nil {
			if p.reader.Record().Offset < run.First {
				continue
			}
			if err := p.change(p.reader.Record()); err != nil {
				return err
			}
			continue
		}
		if err := p.record(p.reader.Record()); err != nil {
			return fmt.Errorf("changelog offset %d: %w", p.reader.Record().Offset, err)
		}
	}
	return p.reader.Err()
}

// record notes what one record makes of its key.
func (p *replay) record(r *recordbatch.Record) error {
	exact, of := []byte(nil), 0
	p.headers = r.Headers(p.headers[:0])
	for _, h := range p.headers {
		switch string(h.Key) {
		case record.ExactHeader:
			exact = h.Value
		case LayoutHeader:
			n, err := strconv.Atoi(string(h.Value))
			if err != nil {
				return err
			}
			of = n
		}
	}
	l, err := p.layout(of)
	if err != nil {
		return err
	}
	p.key.Clear()
	if f, ok := l.keys.Decode(r.Key, p.key.Cols); !ok {
		return &f
	}
	p.key.End(1)
	key := p.key.Batch()
	var slot [1]state.Slot
	if err := p.cells.Probe(key.Cols, nil, true, slot[:]); err != nil {
		return err
	}
	rowID := len(p.into.form.rel.PrimaryKey) == 0
	if rowID {
		p.t.noteRowID(delta.Values[int64](&key.Cols[0])[0])
	}
	at := p.cells.Write(slot[:]).Int64(0)
	if r.Value == nil {
		at[slot[0]] = -1
		return nil
	}
	if err := l.row(r.Value, exact, p.rows.Cols); err != nil {
		return err
	}
	if rowID {
		p.rows.Cols[len(p.into.form.rel.Columns)].AppendFrom(&key.Cols[0], 0)
	}
	p.rows.End(1)
	at[slot[0]] = int64(p.rows.Len())
	return nil
}

// change notes what a record of somebody's topic does. One that is none of the table's is in the error relation.
func (p *replay) change(r *recordbatch.Record) error {
	p.key.Clear()
	c, _ := p.foreign.Decode(r.Key, r.Value, p.key.Cols, p.rows.Cols)
	if c.Goes {
		p.key.End(1)
		if err := p.note(-1); err != nil {
			return err
		}
	}
	if !c.Comes {
		return nil
	}
	p.key.Clear()
	for i, at := range p.into.form.key {
		col := p.rows.Cols[at].Column()
		p.key.Cols[i].AppendFrom(&col, int32(p.rows.Len()))
	}
	p.key.End(1)
	p.rows.End(1)
	return p.note(int64(p.rows.Len()))
}

// note says what the key at hand has from here on.
func (p *replay) note(what int64) error {
	key := p.key.Batch()
	var slot [1]state.Slot
	if err := p.cells.Probe(key.Cols, nil, true, slot[:]); err != nil {
		return err
	}
	p.cells.Write(slot[:]).Int64(0)[slot[0]] = what
	return nil
}

// flush puts the gathered records in: the rows that the keys had go, the new ones come.
func (p *replay) flush(ctx context.Context) error {
	if p.cells.Len() == 0 {
		return nil
	}
	var slots []state.Slot
	err := p.cells.Scan(func(s []state.Slot) bool {
		slots = append(slots, s...)
		return true
	})
	if err != nil {
		return err
	}
	out := delta.NewBatchBuilder(p.into.form.types)
	view, err := p.into.rows.At(latest)
	if err != nil && !errors.Is(err, state.ErrSnapshotTooOld) {
		return err
	}
	if view != nil {
		err := eachMatch(ctx, view, p.cells.Keys(slots), len(slots), func(rows *delta.Batch, row, _ int32) error {
			out.AppendRow(rows.Cols, row, -1)
			return nil
		})
		view.Release()
		if err != nil {
			return err
		}
	}
	rows := p.rows.Batch()
	for _, s := range slots {
		if at := p.cells.Int64(0).At(s); at > 0 {
			out.AppendRow(rows.Cols, int32(at-1), 1)
		}
	}
	d := out.Batch()
	if err := p.t.put(p.into, []*delta.Batch{&d}, p.version); err != nil {
		return err
	}
	if p.into == p.t.now() {
		p.t.changed(p.version)
	} else {
		for _, a := range p.t.arrangements(p.into) {
			a.Keep(log.CommitSeq(p.t.kept.Load())) // nobody reads what is older, and it would be all of it
		}
	}
	p.reset()
	return nil
}
