package lane

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// engineVersion is of what operators and sources keep in their state and what it means. It is
// raised when an operator keeps something else, or computes something else from it; state of
// another version is built from the log again.
//
//	1  first
//	2  event time by commits: a wake time, partitions that hold, windows that late rows may enter
//	3  failed rows know the record behind them
//	4  late rows of a view know why they were left out
//	5  first ticks in parts
//	6  time passes idle partitions
//	7  blocks have a part for each column, chunks the least and greatest values of their blocks
//	8  RANGE frames over infinities and NaN end elsewhere; abbreviations of time zones are read as of their time
var engineVersion uint32 = 8

// restoreAll makes the member of every derived relation, as the checkpoint has it where it can.
func (r *Runtime) restoreAll(snap *catalog.Snapshot) ([]*member, error) {
	from := r.cfg.Restored
	if from != nil && from.Engine != engineVersion {
		r.cfg.Logger.Info("dataflows are built from the log: the checkpoint is of another version of the engine",
			"boundary", from.Boundary, "version", from.Engine)
	}
	order, err := r.makeMembers(snap)
	if err != nil || from == nil {
		return order, err
	}
	if m := r.outOfReach(order, from); m != nil {
		r.cfg.Logger.Warn("state is built from the log: the checkpoint no longer has the versions that a sink needs",
			"sink", m.named().QualifiedName())
		for _, m := range order {
			r.reset(m)
		}
		r.cfg.Restored = nil
		if err := r.cfg.Tables.Restore(r.ctx, r.cfg.Catalog, nil); err != nil {
			return nil, fmt.Errorf("restore tables: %w", err)
		}
		return r.makeMembers(snap)
	}
	return order, nil
}

func (r *Runtime) makeMembers(snap *catalog.Snapshot) ([]*member, error) {
	r.mu.Lock()
	for _, m := range r.mu.members {
		r.removeLocked(m)
	}
	r.mu.Unlock()
	var order []*member
	for _, rel := range inDependencyOrder(snap) {
		m, err := r.newMember(rel)
		if err != nil {
			return nil, fmt.Errorf("start %s %q: %w", rel.Kind, rel.Name, err)
		}
		r.mu.Lock()
		if err := r.unrepeatable(m); err != nil && m.state != memberFailed {
			r.setStateLocked(m, memberFailed, err)
			r.warnLocked(m, "relation stands failed", err)
		}
		r.addLocked(m)
		r.mu.Unlock()
		order = append(order, m)
	}
	return order, nil
}

// outOfReach finds a sink that starts over and must tick to a version that the restored tables
// and views do not have any more, nil if there is none.
func (r *Runtime) outOfReach(order []*member, from *checkpoint.Loaded) *member {
	for _, m := range order {
		if m.sink == nil || m.restored || m.state == memberFailed || !m.readsVersions() {
			continue
		}
		progress, _ := r.cfg.Log.Progress(m.sink.name)
		need := max(progress, r.savedOut(m))
		if need == 0 && m.rel.NoSnapshot {
			need = m.rel.CreatedAt
		}
		for _, oid := range m.below {
			if need > 0 && need < horizonOf(from, oid) {
				return m
			}
		}
	}
	return nil
}

// savedOut is up to where the output of a sink was in the log when the checkpoint of the start was
// made; 0 = not known.
func (r *Runtime) savedOut(m *member) log.CommitSeq {
	if from := r.cfg.Restored; from != nil && !m.restored {
		if saved := from.Member(m.rel.OID); saved != nil {
			return saved.Frontier
		}
	}
	return 0
}

// horizonOf is the oldest version of a relation that a checkpoint has, 0 where it has none of it.
func horizonOf(from *checkpoint.Loaded, oid catalog.OID) log.CommitSeq {
	if t, ok := from.Table(oid); ok {
		return t.Horizon
	}
	if m := from.Member(oid); m != nil {
		return m.Horizon
	}
	return 0
}

// savedEntry is what a checkpoint has of a member.
type savedEntry struct {
	from *checkpoint.Loaded
	*checkpoint.Member
}

// savedMember is what the checkpoint of the start has of m, nil if it cannot be used: of another
// definition, or over a view that is not restored.
func (r *Runtime) savedMember(m *member) *savedEntry {
	from := r.cfg.Restored
	if from == nil || from.Engine != engineVersion {
		return nil
	}
	saved := from.Member(m.rel.OID)
	if saved == nil || saved.Stands() {
		return nil
	}
	if saved.Fingerprint != m.fingerprint && saved.Fingerprint != r.fingerprintOf(m, whole) {
		r.cfg.Logger.Info("relation is built from the log: its plan or its settings are not what they were",
			"relation", m.named().QualifiedName())
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, oid := range m.views {
		if up := r.mu.members[oid]; up == nil || !up.restored {
			return nil
		}
	}
	return &savedEntry{from, saved}
}

// restoreMember loads what is not in the states, of which the flow is open.
func (r *Runtime) restoreMember(m *member, saved *savedEntry, lists map[string][]byte) error {
	if err := m.states.Restored(); err != nil {
		return err
	}
	if m.view != nil {
		if err := m.view.contents.Load(saved.from.Pieces(), lists[checkpoint.PartContents]); err != nil {
			return fmt.Errorf("contents: %w", err)
		}
	}
	errs := m.rowErrs()
	if err := errs.set.Load(saved.from.Pieces(), lists[checkpoint.PartErrors]); err != nil {
		return fmt.Errorf("errors: %w", err)
	}
	if err := errs.loaded(r.ctx); err != nil {
		return fmt.Errorf("errors: %w", err)
	}
	m.late.Store(saved.Late)
	m.noTime.Store(saved.NoTime)
	r.mu.Lock()
	m.seen, m.frontier, m.changed = saved.Frontier, saved.Frontier, saved.Changed
	m.ticked, m.restored = true, true
	r.mu.Unlock()
	if parts, ok := lists[checkpoint.PartBackfill]; ok {
		return r.resumeParts(m, saved.Frontier, parts)
	}
	r.endParts(m)
	return r.noteRowErrors(m)
}

// whole is a definition as fingerprints had it before relations could be renamed.
func whole(rel *catalog.Relation, _ int) *catalog.Relation {
	plain := *rel
	plain.OnErrorSkip = false // governs reads, and may be altered
	return &plain
}

// fingerprintOf hashes everything that the content of m's state depends on besides the log; form is what it takes of a
// definition, of so many columns.
func (r *Runtime) fingerprintOf(m *member, form func(rel *catalog.Relation, columns int) *catalog.Relation) string {
	h := sha256.New()
	put := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain data
		}
		fmt.Fprintf(h, "%d:%s\n", len(text), text)
	}
	definition := func(rel *catalog.Relation, rebuilt, columns int) {
		plain := form(rel, columns)
		plain.Rebuilt, plain.LossAccepted = rebuilt, 0 // who accepts a loss counts a rebuild
		put(plain)
	}
	snap := r.cfg.Catalog.Now()
	rebuilt := m.rel.Rebuilt
	if now, ok := snap.ByOID(m.rel.OID); ok {
		rebuilt = now.Rebuilt
	}
	definition(m.rel, rebuilt, -1)
	for _, id := range slices.Sorted(slices.Values(m.query.Relations)) {
		if rel, ok := snap.ByOID(catalog.OID(id)); ok {
			definition(rel, 0, m.rel.InputColumns(rel.OID)) // what it shows is the same
		}
	}
	put(plan.Format(m.query.Root))
	put(datetime.ZonesVersion())
	put(sqltype.OpsVersion())
	return hex.EncodeToString(h.Sum(nil))
}
