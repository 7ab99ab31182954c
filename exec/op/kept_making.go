package op

import (
	"math"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// making is the results of some groups in the making, one after the other.
type making struct {
	c      *keptAcc
	b      *delta.Builder
	fail   func(int, *sqlerr.Error)
	n      int
	at     int // the group whose rows come; -1 = none yet
	before int32
	failed *sqlerr.Error
	direct []delta.Column // by group
	errs   delta.RowErrors
}

// evalDirect computes the arguments that are one value for each group.
func (m *making) evalDirect(keys []delta.Column) error {
	if len(m.c.direct) == 0 {
		return nil
	}
	in, all := delta.Batch{Len: m.n, Cols: keys}, rowNumbers(m.n)
	for _, arg := range m.c.direct {
		c, failed, err := arg.eval(&in, all)
		if err != nil {
			return err
		}
		m.direct = append(m.direct, c)
		m.errs = joinErrors(m.errs, failed)
	}
	return nil
}

// begin begins the next group.
func (m *making) begin() {
	m.at++
	m.c.what.begin()
	if len(m.direct) == 0 {
		return
	}
	for len(m.errs) > 0 && int(m.errs[0].Row) < m.at {
		m.errs = m.errs[1:]
	}
	if len(m.errs) > 0 && int(m.errs[0].Row) == m.at {
		m.failed = m.errs[0].Err
	}
	m.c.what.(directed).direct(m.direct, int32(m.at))
}

// load turns to the rows of a batch.
func (m *making) load(d *delta.Batch) error {
	args := make([]delta.Column, len(m.c.args))
	for i, a := range m.c.args {
		if a.column >= 0 {
			args[i] = d.Cols[a.column]
		} else {
			args[i] = a.value.WithLen(d.Len)
		}
	}
	m.before = -1
	return m.c.what.load(args, d.Len)
}

// row adds row i of the batch to group k.
func (m *making) row(k int, d *delta.Batch, i int32) error {
	times := d.Weight(i)
	switch {
	case times < 0:
		return state.ErrNegativeWeight
	case times == 0:
		return nil
	}
	if k != m.at {
		if err := m.reach(k); err != nil {
			return err
		}
	} else if m.c.distinct && m.again(d, i) {
		return nil
	}
	m.before = i
	if m.failed != nil {
		return nil
	}
	if m.c.distinct {
		times = 1
	}
	m.failed = m.c.what.row(i, times)
	return m.c.charge(int64(2*m.c.what.size() + m.b.Size()))
}

// again: row i has the arguments of the row before it in its group.
func (m *making) again(d *delta.Batch, i int32) bool {
	if m.before >= 0 {
		return m.c.equal.SameKey(d.Cols, m.before, d.Cols, i)
	}
	last := m.c.last.Batch()
	return last.Len > 0 && m.c.equal.SameKey(last.Cols, 0, d.Cols, i)
}

// keep remembers the last row of a batch for the next.
func (m *making) keep(d *delta.Batch, i int32) {
	if m.c.distinct && i >= 0 {
		m.c.last.Clear()
		m.c.last.AppendRow(d.Cols, i, 1)
	}
}

// reach ends the groups before group k and begins that.
func (m *making) reach(k int) error {
	for m.at < k {
		if m.at >= 0 {
			if err := m.end(); err != nil {
				return err
			}
		}
		if m.at+1 == m.n {
			break
		}
		m.begin()
	}
	if m.c.distinct {
		m.c.last.Clear()
	}
	return nil
}

func (m *making) end() error {
	if size := m.b.Size() + m.c.what.size(); size > math.MaxInt32-chargeStep {
		m.failed = sqlerr.New(sqlerr.ProgramLimitExceeded, "results of aggregates exceed the maximum allowed (%d bytes)", math.MaxInt32-chargeStep)
	}
	if m.failed == nil {
		m.failed = m.c.what.end(m.b)
	}
	if m.failed != nil {
		m.b.AppendNull()
		m.fail(m.at, m.failed)
		m.failed = nil
	}
	return m.c.charge(int64(2*m.c.what.size() + m.b.Size()))
}
