package lane

import (
	"fmt"
	"maps"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// durableFrontiers are how far each member, and each table, was in the two newest checkpoints, either of which a
// start may have to use; what is not in one would begin anew. Guarded by the runtime's mutex.
type durableFrontiers struct{ newest, before map[catalog.OID]log.CommitSeq }

// restored: what a start has loaded stands for both, since nothing says what the other has.
func (d *durableFrontiers) restored(from *checkpoint.Loaded, members map[catalog.OID]*member) {
	d.newest = map[catalog.OID]log.CommitSeq{}
	if from != nil {
		for i := range from.Tables {
			d.newest[from.Tables[i].OID] = from.Boundary
		}
		for i := range from.Members {
			if from.Members[i].Stands() {
				continue // it begins anew
			}
			d.newest[from.Members[i].OID] = from.Members[i].Frontier
			if m := members[from.Members[i].OID]; m != nil && m.backfill != nil {
				d.newest[m.rel.OID] = m.backfill.readTo // it is in its first tick, or begins anew
			}
		}
	}
	d.before = d.newest
}

func (d *durableFrontiers) written(c *captured) {
	d.before, d.newest = d.newest, map[catalog.OID]log.CommitSeq{}
	maps.Copy(d.newest, c.carried)
	for _, oid := range c.saved {
		d.newest[oid] = c.boundary
	}
	for _, c := range c.written {
		d.newest[c.m.rel.OID] = c.readTo
	}
}

// settled: an interval has passed in which nothing moved, so that there will be no second
// checkpoint as new as the newest. why not hold records for the older one until there is: on a
// database at rest that would be for ever. Should the newest one be damaged just then, the members
// that it has say that they cannot be built again.
func (d *durableFrontiers) settled() { d.before = d.newest }

// Needs is what this process, or the next one on its checkpoints, still reads of a topic: versions
// from the oldest pin on, and what became visible behind the checkpoints of the members over it. Of a table's topic
// it is what came behind the checkpoints of the table, from where it goes on commit by commit, and behind the oldest version
// of it that somebody may still read: a table that is made anew has that again. So a sink that begins anew finds it as it
// was at what the sink has put out.
func (r *Runtime) Needs(topic log.TopicID) log.Needs {
	users := r.cfg.Catalog.Now().UsersOfTopic(topic)
	r.mu.Lock()
	defer r.mu.Unlock()
	n := log.NoNeeds
	n.Read = r.mu.creating.oldest(r.mu.all.oldest(n.Read))
	for p := range r.mu.pins {
		if !p.over() {
			n.Read = min(n.Read, p.version)
		}
	}
	for _, rel := range users {
		if rel.Kind == catalog.KindTable {
			n.Keep, n.Firm = min(n.Keep, r.mu.durable.newest[rel.OID], r.mu.durable.before[rel.OID]), true
			n.Keep = r.keepFloorLocked(rel.OID, n.Keep)
		}
	}
	for oid, m := range r.mu.members {
		before := r.mu.durable.before[oid]
		if m.reads(topic) {
			n.Keep = min(n.Keep, r.mu.durable.newest[oid], before)
		}
		if !n.Firm || m.state == memberFailed || !reads(&m.beneath, topic) {
			continue
		}
		if before > 0 {
			n.Keep = min(n.Keep, before)
		}
		if m.sink != nil && m.reached() > 0 {
			n.Keep = min(n.Keep, m.reached())
		}
	}
	return n
}

// reads: m reads records of the topic, and not only the rows of a table that is made from them.
func (m *member) reads(topic log.TopicID) bool { return reads(&m.records, topic) }

func reads(f *log.Filter, topic log.TopicID) bool {
	for i := range f.Topics {
		if f.Topics[i].Topic == topic {
			return true
		}
	}
	return false
}

// unrepeatable tells that m, which begins anew, cannot be built again: of what it counted
// since it was created the log has lost a part. A smaller number would be wrong without a word.
func (r *Runtime) unrepeatable(m *member) error {
	if m.restored || m.rel.NoSnapshot { // the log itself refuses to begin behind what it lost
		return nil
	}
	return r.lostInput(m)
}

// lostInput tells that the log has lost a part of what m reads since it was created, or since that was agreed to.
func (r *Runtime) lostInput(m *member) error {
	agreed := m.rel.CreatedAt
	if now, ok := r.cfg.Catalog.Now().ByOID(m.rel.OID); ok {
		agreed = max(agreed, now.LossAccepted)
	}
	for _, t := range m.records.Topics { // a table has its rows, whatever its topic lost
		if at := r.cfg.Log.LostBy(t.Topic); at > agreed {
			return m.inputLost(fmt.Errorf("%w: at commit %d", log.ErrTruncated, at))
		}
	}
	return nil
}

// inputLost says that m cannot be built again, and what can be done.
func (m *member) inputLost(cause error) *sqlerr.Error {
	kind, name := string(m.rel.Kind), m.named().QualifiedName()
	again := fmt.Sprintf("DROP %s %s and create it again (SHOW CREATE %s has the statement) to count what is left.",
		strings.ToUpper(kind), name, name)
	if m.view != nil {
		again = fmt.Sprintf("ALTER %s %s REBUILD FROM WHAT IS LEFT counts what is left; or ", strings.ToUpper(kind), name) + again
	}
	if m.begun || m.ticked { // it was whole in this process
		again = "A start of the server takes it from its checkpoint, where one has it. Else " + again
	}
	e := sqlerr.New(sqlerr.InputLost, "its input lost records, so that it cannot be built again").
		WithDetail("Records of a topic that it reads were deleted since it was created, by retention, by compaction or on request, and no checkpoint of it is at hand.").
		WithHint("%s", again)
	e.Cause = cause
	return e
}
