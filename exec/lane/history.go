package lane

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// History is bounded. A relation keeps its changes back to the oldest version that somebody reads. Past
// history_bytes of them those between two versions that are read are put together: whoever stands
// reads the difference of two versions, which is at most twice the relation, and misses nothing. Where
// that does not halve it, the reader that is furthest behind and has not moved for a while is cut off.

// resumeShare of history_bytes is what a relation keeps so that members which fail can go on from the newest
// checkpoint, as long as all together do not keep half of it.
const resumeShare = 8

// historyPatience is how long a reader that is furthest behind may stand before it is cut off.
const historyPatience = time.Minute

// errHistory is why a member was cut off.
var errHistory = errors.New("what it reads kept more than history_bytes of changes for it")

// keeper is a relation that keeps changes.
type keeper struct {
	oid      catalog.OID
	read     []log.CommitSeq
	condense func(read []log.CommitSeq, to log.CommitSeq, breathe func() error) (left int64, err error)
}

// boundHistory looks for relations that keep too much. The work is done beside.
func (r *Runtime) boundHistory() {
	most := r.cfg.HistoryBytes
	if most <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock.Now()
	if r.mu.bounding || now.Sub(r.mu.bounded) < prunePause {
		return
	}
	r.mu.bounded = now
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return
	}
	large, total := r.keepersLocked(most)
	r.mu.history, r.mu.crowded = total, total > most/2
	if len(large) == 0 {
		return
	}
	r.mu.bounding = true
	if r.mu.condensed == nil {
		r.mu.condensed = map[catalog.OID]log.CommitSeq{}
	}
	for _, k := range large {
		r.mu.condensed[k.oid] = newest
	}
	r.work.Go(func() { r.condense(large, newest) })
}

// keepersLocked are the relations that keep more than so many bytes of changes; total is what all keep.
func (r *Runtime) keepersLocked(most int64) (large []keeper, total int64) {
	r.mu.tight = map[catalog.OID]bool{}
	for oid, bytes := range r.cfg.Tables.Kept() {
		r.mu.tight[oid] = bytes > most/resumeShare
		if total += bytes; bytes > most {
			large = append(large, keeper{oid, r.readLocked(oid), func(read []log.CommitSeq, to log.CommitSeq, breathe func() error) (int64, error) {
				return r.cfg.Tables.Condense(oid, read, to, breathe)
			}})
		}
	}
	for oid, m := range r.mu.members {
		sets := []*state.RunSet{m.rowErrs().set}
		if m.view != nil {
			sets = append(sets, m.view.contents)
		}
		bytes := int64(0)
		for _, a := range sets {
			bytes += a.Kept()
		}
		r.mu.tight[oid] = bytes > most/resumeShare
		if total += bytes; bytes > most {
			large = append(large, keeper{oid, r.readLocked(oid), func(read []log.CommitSeq, to log.CommitSeq, breathe func() error) (left int64, err error) {
				for _, a := range sets {
					err = errors.Join(err, a.Condense(read, to, breathe))
					left += a.Kept()
				}
				return left, err
			}})
		}
	}
	return large, total
}

// readLocked are the versions of a relation, ascending, that are read or will be: all needs, and where
// those stand that are made from it. Any later need is of the newest version or of one of these.
func (r *Runtime) readLocked(oid catalog.OID) []log.CommitSeq {
	read := slices.Clone(r.mu.all.sorted)
	if held := r.mu.held[oid]; held != nil {
		read = append(read, held.sorted...)
	}
	for m := range r.mu.above[oid] {
		read = append(read, m.frontier, m.seen, m.out, r.mu.durable.newest[m.rel.OID])
	}
	slices.Sort(read)
	return slices.Compact(read)
}

// condensedLocked is the version before which a tick of m may not end just anywhere.
func (r *Runtime) condensedLocked(m *member) (v log.CommitSeq) {
	for _, oid := range m.tables {
		v = max(v, r.mu.condensed[oid])
	}
	return v
}

// condense puts the changes of relations together, of versions up to `to`.
func (r *Runtime) condense(large []keeper, to log.CommitSeq) {
	job.Label("history")
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.mu.bounding = false
	}()
	for _, k := range large {
		left, err := k.condense(k.read, to, func() error { return context.Cause(r.ctx) })
		if r.ctx.Err() != nil {
			return
		}
		r.condensed.Add(1)
		if err != nil {
			r.cfg.Logger.Warn("changes of a relation could not be put together", "oid", k.oid, "error", err)
			continue
		}
		if left > r.cfg.HistoryBytes/2 {
			r.cutSlowest(k.oid)
		}
	}
}

// cutSlowest cuts off the member that is furthest behind of those made from a relation, if it stands. A
// view begins again at the newest version, where what it reads is as it is now; of a sink, whose output
// would have a hole, it stands failed.
func (r *Runtime) cutSlowest(oid catalog.OID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var slow *member
	for m := range r.mu.above[oid] {
		if m.ticked && m.state != memberFailed && m.cut == nil && m.frontier > 0 && (slow == nil || m.frontier < slow.frontier) {
			slow = m
		}
	}
	if slow == nil {
		return
	}
	now := r.cfg.Clock.Now()
	if slow.stoodAt != slow.frontier {
		slow.stoodAt, slow.stoodSince = slow.frontier, now
		return
	}
	if now.Sub(slow.stoodSince) < historyPatience || slow.sink != nil && !r.standsLocked(slow) {
		return // a sink that is at work is let come to its end
	}
	slow.cut = errHistory
	if slow.sink != nil {
		slow.cut = sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "%v", errHistory).
			WithDetail("It stood at version %d.", slow.frontier).
			WithHint("DROP SINK %s and create it again, which writes its rows anew; a larger history_bytes lets a sink stand for longer.", slow.named().QualifiedName())
	}
	r.cutOff.Add(1)
	slow.cutting.Store(true)
	r.tokens.attend(&slow.worker)
	for _, oid := range slow.views {
		if up := r.mu.members[oid]; up != nil {
			r.broadcastLocked(up) // it may wait for that
		}
	}
	r.wakeLocked(slow)
}

// standsLocked: m does not come on by itself.
func (r *Runtime) standsLocked(m *member) bool {
	return m.state == memberError || m.state == memberWaiting || m.trouble != nil || r.failedBelowLocked(m) != nil
}

// cutErr is why a tick of m is to end, nil if it is not.
func (r *Runtime) cutErr(m *member) error {
	if !m.cutting.Load() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return m.cut
}
