package flow

import (
	"errors"
	"math/bits"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// A message is sent when it has so many rows or bytes.
const messageRows, messageBytes = 2048, 128 << 10

// sender is where the rows of one shard enter an exchange: copied, and put where they belong. One that
// gathers in an order has a receiver's inbox of its own, since a merge reads its senders one by one.
type sender struct {
	e     *edge
	types []sqltype.OID
	keys  []int
	home  int // inbox of all rows, where none is chosen by keys
	part  int64
	// failed: an error was sent. What comes behind it is of no use.
	failed bool
	making []*delta.BatchBuilder // by receiver; nil = nothing yet
	hashes []uint64
	rows   [][]int32
	all    []int32
}

var _ exec.GroupsOut = (*sender)(nil)

func newSender(e *edge, x *plan.Exchange, nth int) *sender {
	s := &sender{e: e, keys: x.Keys, part: noPart}
	for _, f := range x.P.Fields {
		s.types = append(s.types, f.Type.OID)
	}
	if len(x.Order) > 0 {
		s.home = nth + 1 // errors go to the first
	}
	s.making, s.rows = make([]*delta.BatchBuilder, len(e.mu.inboxes)), make([][]int32, len(e.mu.inboxes))
	return s
}

// Emit implements exec.Out.
func (s *sender) Emit(d *delta.Batch) error {
	if s.failed {
		return exec.ErrStop
	}
	rows := *d
	rows.Cols, rows.Errs = d.Cols[:len(s.types)], nil
	if len(d.Errs) > 0 {
		rows.Sel = s.before(d, d.Errs[0].Row)
	}
	err := s.add(&rows)
	if len(d.Errs) == 0 || err != nil {
		return err
	}
	s.failed = true
	if err = s.flush(); err != nil {
		return err
	}
	failed := delta.Batch{Len: 1, Sel: []int32{}, Errs: delta.RowErrors{{Err: d.Errs[0].Err}}}
	for _, t := range s.types {
		failed.Cols = append(failed.Cols, delta.NullColumn(t, 1))
	}
	if s.e.kind == plan.Gather {
		err = s.e.send(0, s.part, &message{rows: failed})
	} else {
		// No receiver puts out what it makes of all rows before it has seen the error.
		err = s.toAll(s.part, &message{rows: failed})
	}
	if err != nil {
		return err
	}
	return exec.ErrStop
}

// before lists the live rows of d before a row.
func (s *sender) before(d *delta.Batch, row int32) []int32 {
	live := []int32{}
	_ = d.EachRow(func(i int32) error {
		if i < row {
			live = append(live, i)
		}
		return nil
	})
	return live
}

func (s *sender) add(d *delta.Batch) error {
	if d.Rows() == 0 {
		return nil
	}
	if s.e.kind != plan.Hash {
		return s.put(s.home, d)
	}
	return s.scatter(d, s.keys, s.put)
}

// scatter puts each row where its keys belong.
func (s *sender) scatter(d *delta.Batch, at []int, put func(to int, d *delta.Batch) error) error {
	keys := make([]delta.Column, len(at))
	for i, k := range at {
		keys[i] = d.Cols[k]
	}
	live := d.Sel
	if live == nil {
		for i := len(s.all); i < d.Len; i++ {
			s.all = append(s.all, int32(i))
		}
		live = s.all[:d.Len]
	}
	if cap(s.hashes) < len(live) {
		s.hashes = make([]uint64, len(live))
	}
	hashes := s.hashes[:len(live)]
	delta.HashKeys(keys, d.Len, d.Sel, hashes)
	for i := range s.rows {
		s.rows[i] = s.rows[i][:0]
	}
	for i, row := range live {
		to := shardOf(hashes[i], len(s.rows))
		s.rows[to] = append(s.rows[to], row)
	}
	some := *d
	for to, rows := range s.rows {
		if len(rows) == 0 {
			continue
		}
		some.Sel = rows
		if err := put(to, &some); err != nil {
			return err
		}
	}
	return nil
}

// shardOf is the shard of a hash. Within a shard hashes are spread over everything that operators make
// of them (buckets, partitions): other bits decide here.
func shardOf(hash uint64, shards int) int {
	const mixed = 0xd1342543de82ef95
	hi, lo := bits.Mul64(hash, mixed)
	hi, _ = bits.Mul64(hi^lo, uint64(shards))
	return int(hi)
}

// put adds rows to the message for a receiver, a slice at a time.
func (s *sender) put(to int, d *delta.Batch) error {
	b := s.making[to]
	if b == nil {
		b = s.e.builder(func() *delta.BatchBuilder { return delta.NewBatchBuilder(s.types) })
		s.making[to] = b
	}
	b.AppendBatch(d)
	if b.Len() < messageRows && b.Size() < messageBytes {
		return nil
	}
	return s.flushTo(to)
}

func (s *sender) flush() error {
	for to, b := range s.making {
		if b == nil || b.Len() == 0 {
			continue
		}
		if err := s.flushTo(to); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) flushTo(to int) error {
	b := s.making[to]
	s.making[to] = nil
	m := &message{rows: b.Batch(), bytes: int64(b.Size()), of: b}
	switch {
	case s.e.kind == plan.Hash:
		return s.e.send(to, noPart, m)
	case s.e.kind == plan.Broadcast:
		return s.toAll(noPart, m)
	}
	return s.e.send(to, s.part, m)
}

// toAll sends a message to every receiver; they share its rows.
func (s *sender) toAll(part int64, m *message) error {
	m.of = nil
	for to := range s.e.mu.inboxes {
		one := *m
		if err := s.e.send(to, part, &one); err != nil {
			return err
		}
	}
	return nil
}

// EmitGroups implements exec.GroupsOut.
func (s *sender) EmitGroups(d *delta.Batch) error {
	types := make([]sqltype.OID, len(d.Cols))
	at := make([]int, len(s.keys))
	for i := range d.Cols {
		types[i] = d.Cols[i].Type
	}
	for i := range at {
		at[i] = i
	}
	put := func(to int, d *delta.Batch) error {
		b := delta.NewBatchBuilder(types)
		b.AppendBatch(d)
		return s.e.send(to, noPart, &message{rows: b.Batch(), groups: true, bytes: int64(b.Size())})
	}
	if s.e.kind != plan.Hash {
		return put(s.home, d)
	}
	return s.scatter(d, at, put)
}

// turn says that what comes from here on is of a part, or of none.
func (s *sender) turn(part int64) error {
	if part == s.part {
		return nil
	}
	var err error
	if s.e.kind == plan.Gather {
		err = s.flush()
	}
	if s.part != noPart {
		s.e.done(s.part)
	}
	s.part = part
	if errors.Is(err, exec.ErrStop) {
		return nil // the next Emit says so again
	}
	return err
}

// end sends what is left.
func (s *sender) end() error {
	err := s.flush()
	if errors.Is(err, exec.ErrStop) {
		err = nil
	}
	s.e.end(s.home)
	return err
}
