package lane

import (
	"cmp"
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// prunePause is the least time between two looks at what pins hold.
const prunePause = time.Second

var (
	errPinAge = sqlerr.New(sqlerr.SnapshotTooOld, "snapshot too old").
			WithDetail("It was held for longer than pin_age.").
			WithHint("End the transaction and begin another.")
	errPinBytes = sqlerr.New(sqlerr.SnapshotTooOld, "snapshot too old").
			WithDetail("More than pin_bytes of changes were kept for it alone.").
			WithHint("End the transaction and begin another; a subscription must be read as fast as changes come.")
)

// PinStatus is a version that somebody reads.
type PinStatus struct {
	Owner   string
	Since   time.Time
	Version log.CommitSeq
	// Bytes of changes are kept for this pin alone.
	Bytes int64
}

// Pins lists the versions that readers hold, oldest first.
func (r *Runtime) Pins() []PinStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []PinStatus
	for p := range r.mu.pins {
		if !p.over() {
			out = append(out, PinStatus{p.read.Owner, p.since, p.version, r.heldAloneLocked(p)})
		}
	}
	slices.SortFunc(out, func(a, b PinStatus) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), a.Since.Compare(b.Since), cmp.Compare(a.Owner, b.Owner))
	})
	return out
}

// heldAloneLocked is the bytes of the changes that nobody but p still needs.
func (r *Runtime) heldAloneLocked(p *Pin) (bytes int64) {
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return 0
	}
	if p.read.All {
		r.mu.all.remove(p.version)
		defer r.mu.all.add(p.version)
		if r.mu.all.oldest(newest) <= p.version {
			return 0 // another keeps as much
		}
	}
	without, at := p.need.rels, p.version
	r.dropLocked(&p.need)
	defer func() { p.need = r.postLocked(without, at) }()
	if p.read.All {
		for _, m := range r.mu.members {
			bytes += r.changesLocked(m, at, newest)
		}
		return bytes + r.cfg.Tables.History(func(oid catalog.OID) (from, to log.CommitSeq) { return at, r.floorLocked(oid, newest) })
	}
	for _, oid := range without {
		if m := r.mu.members[oid]; m != nil {
			bytes += r.changesLocked(m, at, newest)
		}
	}
	return bytes + r.cfg.Tables.History(func(oid catalog.OID) (from, to log.CommitSeq) {
		if !slices.Contains(without, oid) {
			return 0, 0
		}
		return at, r.floorLocked(oid, newest)
	})
}

// changesLocked is what m keeps of changes behind a version that nobody needs.
func (r *Runtime) changesLocked(m *member, at, newest log.CommitSeq) (bytes int64) {
	if m.view == nil {
		return 0
	}
	to := r.floorLocked(m.rel.OID, newest)
	for _, set := range []*state.RunSet{m.view.contents, m.view.errs.set} {
		bytes += set.History(at, to)
	}
	return bytes
}

// prunePins ends the pins that are past a limit: of transactions between two statements, and of
// subscriptions whose client does not read. A statement under way reads to its end.
func (r *Runtime) prunePins() {
	r.mu.Lock()
	now := r.cfg.Clock.Now()
	if now.Sub(r.mu.pruned) < prunePause {
		r.mu.Unlock()
		return
	}
	r.mu.pruned = now
	var views []state.View
	for p := range r.mu.pins {
		if p.using > 0 || p.ended != nil {
			continue
		}
		switch {
		case p.agedLocked():
			p.endLocked(errPinAge)
		case r.cfg.PinBytes > 0 && r.heldAloneLocked(p) > r.cfg.PinBytes:
			p.endLocked(errPinBytes)
		default:
			continue
		}
		views = append(views, p.views...)
		p.views = nil
	}
	r.mu.Unlock()
	for _, v := range views {
		v.Release()
	}
}

// agedLocked: the snapshot of a transaction is older than it may be.
func (p *Pin) agedLocked() bool {
	most := p.r.cfg.PinAge
	return p.read.All && most > 0 && p.r.cfg.Clock.Now().Sub(p.since) > most
}

// over: it holds nothing any more.
func (p *Pin) over() bool { return p.ended != nil }
