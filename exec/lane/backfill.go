package lane

import (
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/storage/log"
)

// The first tick of a member over tables or views comes in parts: all end at one version, which is a
// need of what it reads until the last one, and nobody sees anything of them before. Between two parts
// the member gives its token up, may be captured, and tells how far it is.
const (
	// partRows is how many rows are scanned in a part, if that takes no longer than partSlices slices of
	// a token. A group that is touched in every part is emitted in every part: parts are large.
	partRows   = 256 << 10
	partSlices = 50
	// leastPart is scanned however long it takes.
	leastPart = 16 << 10
)

// backfilling is how far the first tick of a member is. Its goroutine has the parts; the rest is guarded
// by Runtime.mu.
type backfilling struct {
	parts *flow.Backfill
	// taken parts; of some tables and views that have `of` rows, `rows` were scanned; the log was read to readTo.
	taken    uint64
	rows, of int64
	readTo   log.CommitSeq
}

// inParts: the tick that m is about to take is the first, or the rest of it, and comes in parts.
func (m *member) inParts(from log.CommitSeq) bool { return m.backfill != nil && from == 0 }

// holdBeginLocked makes `to`, where m's first tick ends, what all its parts end at.
func (r *Runtime) holdBeginLocked(m *member, to log.CommitSeq) {
	if m.backfill == nil || m.ticked || m.startAt > 0 {
		return
	}
	hold := r.postLocked(m.below, to)
	m.startAt, m.begin = to, func() { r.dropLocked(&hold) }
}

// tickPart takes the next part of m's first tick; done after the last.
func (r *Runtime) tickPart(m *member, to log.CommitSeq, out exec.Out) (done bool, err error) {
	if err := r.holdToken(m); err != nil {
		return false, err
	}
	defer r.pauseToken(m)
	if err := r.injected("tick", m); err != nil {
		return false, err
	}
	if err := r.holdInputs(m, to); err != nil {
		return false, err
	}
	t, err := r.tickOf(m, 0, to)
	if err != nil {
		return false, err
	}
	done, err = m.backfill.parts.Run(m.ctx, t, r.partLimits(m), out)
	if err != nil {
		if hasNoRoom(err) {
			m.halved = min(m.halved+1, 16)
		}
		return false, err
	}
	m.awake, m.told = m.flow.Wake(), true
	r.noteParts(m)
	return done, nil
}

// partLimits are those of a part of m that begins now. As of any tick, it should be a row for each KiB of
// state's memory at most (bound).
func (r *Runtime) partLimits(m *member) flow.Limits {
	lost := log.CommitSeq(0)
	r.mu.Lock()
	if m.backfill.readTo == 0 {
		lost = r.lostLocked(m)
	}
	r.mu.Unlock()
	if n := r.cfg.PartRows; n > 0 {
		return flow.Limits{Rows: n, Enough: func(int64) bool { return false }, Commits: max(log.CommitSeq(n), lost)}
	}
	begin := r.cfg.Clock.Now()
	enough := func(rows int64) bool {
		return rows >= leastPart && r.cfg.Clock.Now().Sub(begin) > partSlices*slice
	}
	rows := int64(partRows)
	if limit := r.cfg.Memory.Limit(); limit > 0 {
		rows = min(rows, max(limit>>10, leastTickRows)>>m.halved)
	}
	return flow.Limits{Rows: max(rows, 1), Enough: enough, Commits: max(stride, lost)}
}

// noteParts makes known how far m's first tick is.
func (r *Runtime) noteParts(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.backfill.taken++
	m.backfill.rows, m.backfill.of, m.backfill.readTo = m.backfill.parts.Progress()
	r.moves.Add(1)
}

// endParts: the first tick is whole.
func (r *Runtime) endParts(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.backfill = nil
}

// resumeParts has m go on between two parts of a first tick that ends at `to`.
func (r *Runtime) resumeParts(m *member, to log.CommitSeq, saved []byte) error {
	if m.backfill == nil {
		return fmt.Errorf("%w: it is not in parts", flow.ErrNotSaved)
	}
	if err := m.backfill.parts.Load(saved); err != nil {
		return fmt.Errorf("first tick: %w", err)
	}
	r.noteParts(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	m.seen, m.frontier, m.ticked = 0, 0, false
	r.holdBeginLocked(m, to)
	return nil
}
