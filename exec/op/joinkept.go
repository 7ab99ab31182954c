package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// Outer, semi, anti and mark joins. A side is kept when its rows count also where they meet none of the
// other side: the right one, and of a full join both.
//
// Where keys alone decide, a row's standing is that of its key: a row that comes is told by what its key
// has on the other side, and when the other side's port ends, each key that has become met or unmet there
// tells the rows on this side anew. So a tick costs what it puts out.
//
// Where a residual decides, each kept row has its own count of pairs, in side.counts: pairs are added
// as they are found, and the end of the tick tells the rows whose count or weight changed.
//
// A one-shot run knows of all that a row meets when it comes; only of the left side of a full join it
// remembers what was met (join.seen).

// counted: rows are told by counts of pairs.
func (j *join) counted() bool { return !j.once && j.residual != nil && j.kind != plan.JoinInner }

func (j *join) openKept(env exec.Env) (err error) {
	j.seen.open(env, j.sides[0].types, true)
	if j.residual == nil {
		j.seen.open(env, keyTypes(&j.sides[0]), false)
	}
	j.found.open(j.sides[0].types)
	for i := range j.sides {
		s := &j.sides[i]
		s.touched.open(env, keyTypes(s), false)
		if !j.counted() || !s.kept {
			continue
		}
		s.touched.open(env, s.types, true)
		if s.counts, err = openRows(env, s.name+" counts", append(s.types[:len(s.types):len(s.types)], sqltype.Int4), upTo(len(s.types))); err != nil {
			return err
		}
	}
	return nil
}

func keyTypes(s *side) []sqltype.OID {
	out := make([]sqltype.OID, len(s.keys))
	for i, k := range s.keys {
		out[i] = s.types[k]
	}
	return out
}

// pushKept takes rows of one side whose keys may meet.
func (j *join) pushKept(ctx context.Context, own *side, rows *delta.Batch, keys []delta.Column, out exec.Out) error {
	if own.kept {
		if err := j.probe(ctx, own, rows, keys, out); err != nil || j.once {
			return err
		}
	} else if j.residual != nil || j.kind.Pairs() && !j.single {
		j.unhit(rows.Len)
		if err := j.meet(ctx, own, &j.sides[1-own.port], rows, keys, out); err != nil {
			return err
		}
	}
	switch {
	case j.counted() && own.kept:
		if err := j.count(own, rows.Cols, rows.Len, rows.Sel, rows.Weights, isRow); err != nil {
			return err
		}
	case !j.counted() && j.sides[1-own.port].kept:
		if err := own.touched.add(keys, rows.Len, rows.Sel); err != nil {
			return err
		}
	}
	return own.rows.Append(rows)
}

// probe lets rows of a kept side meet the other, and tells those that it can.
func (j *join) probe(ctx context.Context, own *side, rows *delta.Batch, keys []delta.Column, out exec.Out) error {
	other := &j.sides[1-own.port]
	if j.single {
		return j.probeSingle(ctx, other, rows, keys, out)
	}
	j.unhit(rows.Len)
	var err error
	if j.kind.Pairs() || j.residual != nil {
		err = j.meet(ctx, own, other, rows, keys, out)
	} else {
		err = j.exists(ctx, other.head, keys, rows.Sel, j.hits)
	}
	if err != nil || j.counted() {
		return err
	}
	met, unmet := none(j.marks[0]), none(j.marks[1])
	for _, row := range rows.Sel {
		if j.hits[row] {
			met = append(met, row)
		} else {
			unmet = append(unmet, row)
		}
	}
	j.marks = [2][]int32{met, unmet}
	if j.once && j.kind == plan.JoinFull && j.residual == nil {
		if err := j.seen.add(keys, rows.Len, met); err != nil {
			return err
		}
	}
	if err := j.alone(own, rows, met, rows.Weights, true, out); err != nil {
		return err
	}
	return j.alone(own, rows, unmet, rows.Weights, false, out)
}

func (j *join) unhit(rows int) {
	if cap(j.hits) < rows {
		j.hits = make([]bool, rows)
	}
	j.hits = j.hits[:rows]
	clear(j.hits)
}

// exists sets met for the rows of sel whose key the view has.
func (j *join) exists(ctx context.Context, in state.View, keys []delta.Column, sel []int32, met []bool) error {
	if len(keys) == 0 {
		some := in.Rows() > 0
		for _, row := range sel {
			met[row] = some
		}
		return nil
	}
	cursor, err := in.Edge(ctx, keys, sel, false)
	return eachMatch(ctx, j.env.Meter(), cursor, err, func(_ *delta.Batch, match []int32) error {
		for _, row := range match {
			met[row] = true
		}
		return nil
	})
}

// paired takes the pairs d, of which d.Sel (nil = all) stand: rows of own that probe, beside rows of other.
func (j *join) paired(own, other *side, d *delta.Batch, out exec.Out) error {
	pairs := liveRows(d, &j.all)
	for _, i := range pairs {
		j.hits[j.rowOf[i]] = true
	}
	for _, s := range []*side{own, other} {
		cols := d.Cols[s.first : s.first+len(s.types)]
		switch {
		case j.counted() && s.kept:
			if err := j.count(s, cols, d.Len, pairs, d.Weights, isPair); err != nil {
				return err
			}
		case j.once && s == other && j.kind == plan.JoinFull && j.residual != nil:
			if err := j.seen.add(cols, d.Len, pairs); err != nil {
				return err
			}
		}
	}
	if j.kind.Pairs() {
		return out.Emit(d)
	}
	if failed, some := errorsOnly(d, d.Errs, nullColumns(j.types, d.Len)); some {
		return out.Emit(&failed)
	}
	return nil
}

// shows: a row that meets others, or meets none, is put out by itself.
func (j *join) shows(met bool) bool {
	switch j.kind {
	case plan.JoinMark:
		return true
	case plan.JoinSemi:
		return met
	}
	return !met
}

// alone puts rows sel of a kept side out by themselves; met says whether they meet others.
func (j *join) alone(s *side, in *delta.Batch, sel []int32, weights []int64, met bool, out exec.Out) error {
	if len(sel) == 0 || !j.shows(met) {
		return nil
	}
	own := in.Cols[:len(s.types)]
	d := delta.Batch{Len: in.Len, Sel: sel, Weights: weights, Cols: own}
	switch {
	case j.kind == plan.JoinMark:
		mark := uint8(0)
		if met {
			mark = 1
		}
		d.Cols = append(own[:len(own):len(own)], delta.Const(sqltype.Bool, mark, in.Len))
	case j.kind.Pairs() && s.port == 0:
		d.Cols = append(own[:len(own):len(own)], nullColumns(j.sides[1].types, in.Len)...)
	case j.kind.Pairs():
		d.Cols = append(nullColumns(j.sides[0].types, in.Len), own...)
	}
	return out.Emit(&d)
}

// but is the rows of all that are not in some; both ascend.
func but(dst *[]int32, all, some []int32) []int32 {
	out := none(*dst)
	for _, row := range all {
		if len(some) > 0 && some[0] == row {
			some = some[1:]
			continue
		}
		out = append(out, row)
	}
	*dst = out
	return out
}

// settle ends a port where keys alone decide: the rows that the other side keeps are told of keys that
// have become met or unmet here.
func (j *join) settle(ctx context.Context, port int, out exec.Out) error {
	changed, kept := &j.sides[port], &j.sides[1-port]
	t := &changed.touched
	if j.once || j.counted() || t.len() == 0 {
		return nil
	}
	old, err := changed.rows.At(newest)
	if err != nil {
		return err
	}
	defer old.Release()
	now, others := changed.rows.Head(), kept.rows.Head()
	for from := 0; from < t.len(); from += outRows {
		keys, n := t.slice(from, outRows)
		if j.single {
			err = j.settleSingle(ctx, old, now, others, keys, n, out)
		} else {
			err = j.settleKeys(ctx, old, now, kept, others, keys, n, out)
		}
		if err != nil {
			return err
		}
	}
	return t.clear()
}

func (j *join) settleKeys(ctx context.Context, old, now state.View, kept *side, others state.View, keys []delta.Column, n int, out exec.Out) error {
	was, is := make([]bool, n), make([]bool, n)
	all := upTo32(n)
	if err := j.exists(ctx, old, keys, all, was); err != nil {
		return err
	}
	if err := j.exists(ctx, now, keys, all, is); err != nil {
		return err
	}
	sel := all[:0]
	for i := range all {
		if was[i] != is[i] {
			sel = append(sel, int32(i))
		}
	}
	if len(sel) == 0 {
		return nil
	}
	cursor, err := others.Probe(ctx, keys, sel)
	return eachMatch(ctx, j.env.Meter(), cursor, err, func(d *delta.Batch, match []int32) error {
		met, unmet := j.sums[0].reset(d.Len), j.sums[1].reset(d.Len)
		for i, key := range match {
			w := d.Weight(int32(i))
			if !is[key] {
				w = -w
			}
			met[i], unmet[i] = w, -w
		}
		rows := upTo32(d.Len)
		if err := j.alone(kept, d, rows, met, true, out); err != nil {
			return err
		}
		return j.alone(kept, d, rows, unmet, false, out)
	})
}

func upTo32(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// endKept ends a tick.
func (j *join) endKept(ctx context.Context, t exec.Tick, out exec.Out) error {
	if j.once {
		return j.endBuilt(ctx, out)
	}
	if !j.counted() {
		return nil
	}
	for i := range j.sides {
		s := &j.sides[i]
		if !s.kept {
			continue
		}
		if err := j.settleCounts(ctx, s, out); err != nil {
			return err
		}
		if err := s.counts.Publish(t.To); err != nil {
			return err
		}
	}
	return nil
}

// endBuilt puts out the rows of a one-shot full join's left side, as far as it is in memory, that were
// not met.
func (j *join) endBuilt(ctx context.Context, out exec.Out) error {
	if j.kind != plan.JoinFull {
		return nil
	}
	left := &j.sides[0]
	cursor, err := left.rows.Head().Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	var scratch []int32
	err = eachOf(ctx, j.env, cursor, func(d *delta.Batch) error {
		of := d.Cols
		if j.residual == nil {
			of = pickColumns(d.Cols, left.keys)
		}
		rows := liveRows(d, &scratch)
		return j.alone(left, d, j.seen.missing(&j.marks[0], of, d.Len, rows), d.Weights, false, out)
	})
	if err != nil {
		return err
	}
	return j.seen.clear()
}
