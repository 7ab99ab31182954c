package log

import (
	"cmp"
	"slices"
	"time"

	"github.com/tributary-db/tributary/internal/topicconfig"
)

// cleanJob is a partition that is to be compacted by key.
type cleanJob struct {
	partition Partition
	values    topicconfig.Values
	class     string
	most      mostOfRun
	runs      []cleanRun // from the log start to where records may be cleaned
	ended     []span
	logStart  int64
	clean     int64 // below it, it is compacted
	nowMillis int64
	certain   bool // of nowMillis: tombstones go by it
	overtakes bool // a relation that is not past some of the runs, whose grace is over
}

type cleanRun struct {
	plannedRun
	until CommitSeq // the newest commit at which something of it became visible
}

// next is the offset behind what may be cleaned.
func (j *cleanJob) next() int64 { return j.runs[len(j.runs)-1].next() }

// planClean lists the partitions that are due, those that wait longest first.
func (db *DB) planClean() (jobs []cleanJob) {
	now, certain := db.time.now()
	for _, t := range db.compactedTopics() {
		db.mu.RLock()
		for _, p := range t.parts {
			j := cleanJob{partition: p.id, values: t.values, class: t.class, most: t.most, nowMillis: now.UnixMilli(), certain: certain}
			if j.choose(p, t.needs, db.limits.RetentionGrace, db.mu.aside) && j.due(&db.limits) {
				j.ended = p.ended
				jobs = append(jobs, j)
			}
		}
		db.mu.RUnlock()
	}
	slices.SortFunc(jobs, func(a, b cleanJob) int {
		return cmp.Or(cmp.Compare(a.firstDirty().lastMillis, b.firstDirty().lastMillis), comparePartitions(a.partition, b.partition))
	})
	return jobs
}

// compacted is a topic whose records go by key.
type compacted struct {
	values topicconfig.Values
	class  string
	most   mostOfRun
	needs  Needs
	parts  []*partition
}

// compactedTopics are those that are compacted and whose needs are known.
func (db *DB) compactedTopics() (out []compacted) {
	db.mu.RLock()
	for _, t := range db.mu.fold.topics {
		if v := topicconfig.Of(t.Configs); v.Compact && slices.ContainsFunc(t.partitions, (*partition).dirty) {
			out = append(out, compacted{values: v, class: retentionClass(&t.Topic), most: levelLimit(&t.Topic).within(db.limits.LevelBytes),
				parts: slices.Clone(t.partitions)})
		}
	}
	db.mu.RUnlock()
	told := out[:0]
	for _, t := range out { // outside the lock, as in retainedTopics
		known := false
		if t.needs, known = db.needs(t.parts[0].id.Topic); known {
			told = append(told, t)
		}
	}
	return told
}

// dirty: it has something that was not compacted yet.
func (p *partition) dirty() bool { return len(p.runs) > 0 && p.runs[len(p.runs)-1].next() > p.clean }

// choose takes the runs that may be cleaned: below the last stable offset, in objects, old enough, visible at every
// version that somebody reads, and not needed by a relation, or for longer than grace.
func (j *cleanJob) choose(p *partition, needs Needs, grace time.Duration, aside map[string]bool) bool {
	if len(p.retired) > 0 {
		return false // the last swap is not forgotten yet
	}
	stable, youngest := p.lastStable(), j.nowMillis-j.values.LeastLag.Milliseconds()
	if j.values.LeastLag > 0 && !j.certain {
		return false
	}
	for i := p.runAt(p.logStart); i < len(p.runs); i++ {
		r := &p.runs[i]
		until := p.visibleUntil(r)
		if r.block.key == "" || r.next() > stable || until > needs.Read || j.values.LeastLag > 0 && max(r.maxTime, r.lastMillis) > youngest {
			break
		}
		if until > needs.Keep {
			if needs.Firm || !j.certain || r.lastMillis >= j.nowMillis-grace.Milliseconds() {
				break
			}
			j.overtakes = true
		}
		if aside[r.block.key] {
			return false // who cannot be read cannot be compacted: an old value behind a tombstone would come back
		}
		j.runs = append(j.runs, cleanRun{plannedRun{*r, r.data()}, until})
	}
	j.clean, j.logStart = p.clean, p.logStart
	return len(j.runs) > 0 && j.next() > j.clean
}

// firstDirty is the oldest run that was not compacted.
func (j *cleanJob) firstDirty() *cleanRun {
	return &j.runs[slices.IndexFunc(j.runs, func(r cleanRun) bool { return r.next() > j.clean })]
}

// due as Kafka has it, by the share of bytes that were not compacted or by how long they wait; below
// CleanBytes what was not compacted waits for CleanAge.
func (j *cleanJob) due(l *Limits) bool {
	dirty, all := int64(0), int64(0)
	for i := range j.runs {
		r := &j.runs[i]
		all += r.length
		if r.next() > j.clean {
			dirty += r.length
		}
	}
	age := j.nowMillis - j.firstDirty().lastMillis
	if j.values.MostLag != topicconfig.Forever && age > j.values.MostLag.Milliseconds() {
		return true
	}
	return float64(dirty) >= j.values.DirtyRatio*float64(all) && (dirty >= l.CleanBytes || age >= l.CleanAge.Milliseconds())
}

// compacted tells whether records of the topic go by key.
func (t *Topic) compacted() bool { return topicconfig.Of(t.Configs).Compact }
