package log

import "time"

// Behind is what a reader has before it: the visible records from a place on.
type Behind struct {
	Records int64 // offsets
	Bytes   int64 // of their record batches
	// Since and Last are the commit times of the first and the last of them; zero = there is nothing.
	Since, Last time.Time
}

// maxBehindRuns bounds a walk of the index: what lies behind so many runs is told by the mean of
// what was walked.
const maxBehindRuns = 4096

// BehindOffset is what partition id has from offset on; false = there is no such partition. Inside a
// run, bytes and times are told by its share.
func (db *DB) BehindOffset(id Partition, offset int64) (Behind, bool) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	p := db.mu.fold.partition(id)
	if p == nil {
		return Behind{}, false
	}
	return p.behind(offset), true
}

// BehindCommit is what became visible in a topic after v.
func (db *DB) BehindCommit(id TopicID, v CommitSeq) (b Behind) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	t := db.mu.fold.topics[id]
	if t == nil {
		return b
	}
	for _, p := range t.partitions {
		if i := p.runAfter(v); i < len(p.runs) {
			b.add(p.behind(p.runs[i].offsetAfter(v)))
		}
	}
	return b
}

// offsetAfter is about where what became visible after v begins in the run.
func (r *run) offsetAfter(v CommitSeq) int64 {
	if v < r.first || r.last <= r.first {
		return r.base
	}
	return r.base + int64(float64(r.span)*float64(v-r.first+1)/float64(r.last-r.first+1))
}

// REQUIRES: DB.mu held.
func (p *partition) behind(offset int64) (b Behind) {
	offset = max(offset, p.logStart)
	at := p.runAt(offset)
	for i := at; i < len(p.runs) && p.runs[i].base < p.highWatermark; i++ {
		r := &p.runs[i]
		if i-at == maxBehindRuns {
			rest := p.highWatermark - r.base
			b.Bytes += int64(float64(b.Bytes) / float64(b.Records) * float64(rest))
			b.Records += rest
			break
		}
		from := max(offset, r.base)
		share := float64(r.next()-from) / float64(r.span)
		b.Records += r.next() - from
		b.Bytes += int64(float64(r.length) * share)
		if i == at {
			b.Since = time.UnixMilli(r.lastMillis - int64(float64(r.lastMillis-r.firstMillis)*share))
		}
	}
	if b.Records > 0 {
		b.Last = time.UnixMilli(p.runs[p.runAt(p.highWatermark-1)].lastMillis)
	}
	return b
}

// add takes what another partition has.
func (b *Behind) add(o Behind) {
	if o.Records == 0 {
		return
	}
	if b.Records == 0 || o.Since.Before(b.Since) {
		b.Since = o.Since
	}
	if o.Last.After(b.Last) {
		b.Last = o.Last
	}
	b.Records += o.Records
	b.Bytes += o.Bytes
}

// Add joins what two partitions have before a reader.
func (b Behind) Add(o Behind) Behind {
	b.add(o)
	return b
}
