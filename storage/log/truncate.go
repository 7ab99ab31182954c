package log

import "fmt"

// logStart is where a partition begins from a commit on, until the next one.
type logStart struct {
	at     CommitSeq
	offset int64
}

// Needs is what readers above the log still have to find of a topic.
type Needs struct {
	// Read is the oldest version at which somebody reads the topic, or may do so.
	Read CommitSeq
	// Keep: records that became visible behind it are read again, by a tick or after a restart.
	Keep CommitSeq
	// Firm: log compaction waits for Keep however long it takes.
	Firm bool
}

// NoNeeds is that of a topic that nobody reads but Kafka's clients.
var NoNeeds = Needs{Read: ^CommitSeq(0), Keep: ^CommitSeq(0)}

// apply moves log starts. What lies before them stays in the index until prune: who reads at an
// older version still finds it.
func (p *truncatePayload) apply(f *fold, a *applied) error {
	for _, s := range p.Starts {
		part := f.partition(s.Partition)
		if part == nil {
			continue // deleted by an earlier change of the commit
		}
		if s.Offset > part.next {
			return fmt.Errorf("%w: log start %d behind the end %d", ErrCorrupt, s.Offset, part.next)
		}
		if s.Offset <= part.logStart {
			continue
		}
		if len(part.starts) == 0 {
			part.starts = []logStart{{0, 0}}
		}
		part.logStart = s.Offset
		part.starts = append(part.starts, logStart{a.Seq, s.Offset})
		part.raiseOpen(f)
		f.truncated = true
		a.truncated = append(a.truncated, part)
	}
	return nil
}

// startAt is the log start as of commit v; ok is false when it is forgotten.
func (p *partition) startAt(v CommitSeq) (offset int64, ok bool) {
	for i := len(p.starts) - 1; i >= 0; i-- {
		if p.starts[i].at <= v {
			return p.starts[i].offset, true
		}
	}
	return 0, len(p.starts) == 0
}

// truncatedAt is the commit that last moved the log start, 0 if none did.
func (p *partition) truncatedAt() CommitSeq {
	if n := len(p.starts); n > 0 {
		return p.starts[n-1].at
	}
	return 0
}

// prune forgets log starts that nobody reads at any more, and then the runs before the oldest one
// left, as far as nobody reads them again. It changes what the fold holds, never what it answers
// within n. left tells that something has to stay for now.
func (p *partition) prune(f *fold, n Needs) (left bool) {
	left = p.pruneRetired(f, n.Read)
	starts := p.starts
	for len(starts) > 1 && starts[1].at <= n.Read {
		starts = starts[1:]
	}
	p.starts = starts
	if len(starts) == 0 {
		return left
	}
	gone := 0
	for gone < len(p.runs) && p.runs[gone].next() <= starts[0].offset && p.visibleUntil(&p.runs[gone]) <= n.Keep {
		p.lost = max(p.lost, p.visibleUntil(&p.runs[gone]))
		f.unref(p.runs[gone].block)
		gone++
	}
	p.runs = p.runs[gone:]
	p.forgetSpans()
	return left || len(starts) > 1 || len(p.runs) > 0 && p.runs[0].next() <= p.logStart
}

// unref is told of each run that leaves the index.
func (f *fold) unref(b *block) {
	if b.runs--; b.runs == 0 && b.key != "" {
		f.garbage = append(f.garbage, b.key)
	}
}

// dropRuns is for a topic that goes.
func (t *topic) dropRuns(f *fold) {
	for _, p := range t.partitions {
		for i := range p.runs {
			f.unref(p.runs[i].block)
		}
		p.pruneRetired(f, ^CommitSeq(0))
	}
}
