package op

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"sort"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// sessionClose is sessions of ON WINDOW CLOSE: it keeps the rows of open sessions and gives them out once, when the
// watermark has passed the end of their session.
//
//	row ─► sessions of its key, as they are open before its commit ─┬► joins one, or two to one, or begins one: kept
//	                                                                └► alone, and closed already: late
//
// Rows are taken one after the other as they come, which is the order of the log, and each closes what the
// watermark before its commit closes: so it does not matter how ticks were cut. A time tells which session a row is of:
// whoever would be in an open session that reaches back to one that is closed waits until the rows of that are gone.
type sessionClose struct {
	ports
	env       exec.Env
	partition []int
	at        int
	before    int
	types     []sqltype.OID // of the rows, and of those with their sessions
	outTypes  []sqltype.OID
	gap       int64
	lateness  int64

	rows state.Arrangement
	open state.Flat // by partition
	next int64      // no session closes before this watermark

	changed     map[state.Slot]*sessions
	order       []state.Slot // of changed, as they came
	late, blank []int32
	taken       []int32
	all         []int32
	slots       []state.Slot
	gone, made  *delta.BatchBuilder
}

// Cells of a partition: the end of its session that closes first, and all that are open.
const (
	cellFirstEnd = 0
	cellSessions = 1
)

var sessionCells = []state.CellType{state.CellInt64, state.CellVar}

// session is the first and the last time in it.
type session struct{ first, last int64 }

// sessions are those of a partition in the order of time: open ones, and those that are being closed.
type sessions struct{ open, done []session }

func newSessionClose(n *plan.SessionWindow) (exec.Operator, error) {
	types, outTypes := fieldTypes(n.Input.Props()), fieldTypes(&n.P)
	return &sessionClose{
		ports: newPorts(1), partition: n.Partition, at: n.Time, before: n.OnClose.Before, types: types, outTypes: outTypes,
		gap: n.Gap.Microseconds(), lateness: n.OnClose.Lateness.Microseconds(),
		gone: delta.NewBatchBuilder(types), made: delta.NewBatchBuilder(outTypes),
	}, nil
}

func (s *sessionClose) Open(env exec.Env) (err error) {
	s.env, s.next, s.changed, s.order = env, math.MinInt64, map[state.Slot]*sessions{}, nil
	s.made.Clear()
	s.gone.Clear()
	if s.rows, err = openRows(env, "rows", s.types, s.partition, state.Order{Column: s.at}); err != nil {
		return err
	}
	key := make([]sqltype.OID, len(s.partition))
	for i, c := range s.partition {
		key[i] = s.types[c]
	}
	s.open, err = env.Flat("sessions", key, sessionCells)
	return err
}

func (s *sessionClose) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if len(in.Errs) > 0 {
		d, _ := errorsOnly(in, in.Errs, nullColumns(s.outTypes, in.Len))
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	for rest := s.timely(in); len(rest) > 0; {
		n, err := s.take(in, rest)
		if err != nil {
			return err
		}
		if err := s.rows.Append(&delta.Batch{Len: in.Len, Cols: in.Cols, Sel: s.taken, Weights: in.Weights}); err != nil {
			return err
		}
		if err := tell(s.env, in, s.late, exec.ReasonLate); err != nil {
			return err
		}
		if err := s.settle(ctx, out); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return tell(s.env, in, s.blank, exec.ReasonNoTime)
}

// timely are the rows of a batch that have a time; the others are blank.
func (s *sessionClose) timely(in *delta.Batch) []int32 {
	s.blank = none(s.blank)
	at := &in.Cols[s.at]
	times, timely := delta.Values[int64](at), none(nil)
	for _, row := range liveRows(in, &s.all) {
		if at.Null(row) || !exec.FiniteTime(times[at.At(row)]) || times[at.At(row)] > math.MaxInt64-s.gap-s.lateness {
			s.blank = append(s.blank, row)
			continue
		}
		timely = append(timely, row)
	}
	return timely
}

// take puts rows of a batch into sessions, one after the other: the first n, which are all but where one has to wait.
func (s *sessionClose) take(in *delta.Batch, rows []int32) (n int, err error) {
	s.taken, s.late = none(s.taken), none(s.late)
	at, before := &in.Cols[s.at], &in.Cols[s.before]
	times, marks := delta.Values[int64](at), delta.Values[int64](before)
	if len(s.slots) < len(rows) {
		s.slots = make([]state.Slot, len(rows))
	}
	slots := s.slots[:len(rows)]
	if err := s.open.Probe(pickColumns(in.Cols, s.partition), rows, true, slots); err != nil {
		return 0, err
	}
	for i, row := range rows {
		if i%64 == 0 {
			if err := s.env.Meter().Breathe(); err != nil {
				return 0, err
			}
		}
		of, mark := s.of(slots[i]), int64(exec.NoWatermark)
		if !before.Null(row) {
			mark = marks[before.At(row)]
		}
		of.close(mark, s.closes)
		x, from, to := of.with(times[at.At(row)], s.gap)
		switch {
		case s.closes(x) <= mark:
			s.late = append(s.late, row)
		case of.reachesBack(x):
			return i, nil // not the first of rows: what its own commit closes lies apart from what stays open
		default:
			of.open = slices.Replace(slices.Clip(of.open), from, to, x)
			s.taken = append(s.taken, row)
		}
	}
	return len(rows), nil
}

// of are the sessions of a partition, which are about to change.
func (s *sessionClose) of(slot state.Slot) *sessions {
	of := s.changed[slot]
	if of == nil {
		of = &sessions{open: decodeSessions(s.open.Var(cellSessions, slot))}
		s.changed[slot], s.order = of, append(s.order, slot)
	}
	return of
}

// closes is the watermark that closes a session.
func (s *sessionClose) closes(x session) int64 { return x.last + s.gap + s.lateness }

// close moves the sessions that a watermark closes to those that are done.
func (of *sessions) close(mark int64, closes func(session) int64) {
	n := 0
	for n < len(of.open) && closes(of.open[n]) <= mark { // their ends ascend
		n++
	}
	of.done, of.open = append(of.done, of.open[:n]...), of.open[n:]
}

// with is the session of a time, in the place of the open ones from from to to.
func (of *sessions) with(at, gap int64) (x session, from, to int) {
	from = sort.Search(len(of.open), func(i int) bool { return joins(of.open[i].last, at, gap) })
	x = session{at, at}
	for to = from; to < len(of.open) && joins(at, of.open[to].first, gap); to++ {
		x.first, x.last = min(x.first, of.open[to].first), max(x.last, of.open[to].last)
	}
	return x, from, to
}

// reachesBack: x has times like those of a session that is done.
func (of *sessions) reachesBack(x session) bool {
	return len(of.done) > 0 && x.first <= of.done[len(of.done)-1].last
}

// settle makes what take changed the state, and gives out the rows of the sessions that are done.
func (s *sessionClose) settle(ctx context.Context, out exec.Out) error {
	for part := range slices.Chunk(s.order, settleSlots) {
		if err := s.env.Meter().Breathe(); err != nil {
			return err
		}
		if err := s.release(ctx, part, out); err != nil {
			return err
		}
		var empty, left []state.Slot
		for _, slot := range part {
			of := s.changed[slot]
			if len(of.open) == 0 {
				empty = append(empty, slot)
				continue
			}
			left = append(left, slot)
			if err := s.open.SetVar(cellSessions, slot, encodeSessions(of.open)); err != nil {
				return err
			}
		}
		ends := s.open.Write(left).Int64(cellFirstEnd)
		for _, slot := range left {
			ends[slot] = s.closes(s.changed[slot].open[0])
			s.next = min(s.next, ends[slot])
		}
		s.open.Delete(empty)
	}
	clear(s.changed)
	s.order = s.order[:0]
	return flushFull(ctx, s.made, 1, out)
}

// release gives out the rows of the sessions of some partitions that are done, and forgets them.
func (s *sessionClose) release(ctx context.Context, slots []state.Slot, out exec.Out) error {
	slots = slices.DeleteFunc(slices.Clone(slots), func(slot state.Slot) bool { return len(s.changed[slot].done) == 0 })
	if len(slots) == 0 {
		return nil
	}
	keys, head := s.open.Keys(slots), s.rows.Head()
	key := make([]delta.Column, len(keys))
	for i, slot := range slots {
		for c := range keys {
			key[c] = delta.ConstFrom(&keys[c], int32(i), 1)
		}
		if err := s.releaseOf(ctx, head, key, s.changed[slot].done, out); err != nil {
			return err
		}
	}
	gone := s.gone.Batch()
	err := s.rows.Append(&gone)
	s.gone.Clear()
	return err
}

func (s *sessionClose) releaseOf(ctx context.Context, head state.View, key []delta.Column, done []session, out exec.Out) error {
	cursor, err := head.Scan(ctx, state.Range{Equal: key})
	if err != nil {
		return err
	}
	defer cursor.Close()
	var scratch []int32
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		times := delta.Values[int64](&d.Cols[s.at])
		for _, row := range liveRows(&d, &scratch) {
			now := times[d.Cols[s.at].At(row)]
			for len(done) > 0 && now > done[0].last {
				done = done[1:]
			}
			if len(done) == 0 {
				return nil // rows are in the order of time
			}
			if d.Weight(row) < 0 {
				return state.ErrNegativeWeight
			}
			s.emit(d.Cols, row, d.Weight(row), done[0])
			s.gone.AppendRow(d.Cols, row, -d.Weight(row))
		}
		if err := flushFull(ctx, s.made, outRows, out); err != nil {
			return err
		}
	}
	return nil
}

func (s *sessionClose) emit(cols []delta.Column, row int32, weight int64, of session) {
	for i := range cols {
		s.made.Cols[i].AppendFrom(&cols[i], row)
	}
	delta.Append(s.made.Cols[len(cols)], of.first)
	delta.Append(s.made.Cols[len(cols)+1], of.last+s.gap)
	s.made.End(weight)
}

func (s *sessionClose) EndTick(ctx context.Context, t exec.Tick, out exec.Out) (exec.Next, error) {
	mark := s.least().Watermark
	if mark != exec.NoWatermark && mark >= s.next {
		if err := s.closeAll(ctx, mark, out); err != nil {
			return exec.Next{}, err
		}
	}
	return exec.Next{Out: s.least()}, s.rows.Publish(t.To)
}

// closeAll closes what the watermark has passed, of all partitions.
func (s *sessionClose) closeAll(ctx context.Context, mark int64, out exec.Out) error {
	s.next = math.MaxInt64
	var due []state.Slot
	err := s.open.Scan(func(slots []state.Slot) bool {
		ends := s.open.Int64(cellFirstEnd)
		for _, slot := range slots {
			if end := ends.At(slot); end <= mark {
				due = append(due, slot)
			} else {
				s.next = min(s.next, end)
			}
		}
		return s.env.Meter().Breathe() == nil // the meter keeps why
	})
	if err = errsFirst(err, s.env.Meter().Err()); err != nil {
		return err
	}
	for _, slot := range due {
		s.of(slot).close(mark, s.closes)
	}
	return s.settle(ctx, out)
}

func encodeSessions(list []session) []byte {
	out := make([]byte, 0, 16*len(list))
	for _, x := range list {
		out = binary.LittleEndian.AppendUint64(out, uint64(x.first))
		out = binary.LittleEndian.AppendUint64(out, uint64(x.last))
	}
	return out
}

func decodeSessions(b []byte) []session {
	out := make([]session, len(b)/16)
	for i := range out {
		out[i] = session{int64(binary.LittleEndian.Uint64(b[16*i:])), int64(binary.LittleEndian.Uint64(b[16*i+8:]))}
	}
	return out
}
