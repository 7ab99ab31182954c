package log

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/storage/segment"
)

const (
	// gatherGap: ranges of one object that lie closer are read together, with what is between.
	gatherGap = 64 << 10
	// gatherSpan bounds one such read.
	gatherSpan = 4 << 20
)

// want is a range of chunks that a fetch is about to read, and where it lies in its object.
type want struct {
	key              readKey
	index            *segment.Reader
	info             *segment.RunInfo
	from, to         int
	position, length int64
}

// gather reads what several partitions of a fetch need of one object together: an object of a
// flush has a little of each partition, side by side, and one request for each would be most of the
// cost. It fills the cache of ranges; what it leaves out, fails at, or has no room for is read by
// the partitions themselves.
func (db *DB) gather(ctx context.Context, req []PartitionRead, plans []fetchPlan) {
	objects := coldObjects(plans)
	if len(objects) == 0 {
		return
	}
	var group errgroup.Group
	group.SetLimit(parallelReads)
	for key := range objects {
		group.Go(func() error {
			_, err := db.reads.index(ctx, key)
			return err // who needs the object meets it again
		})
	}
	_ = group.Wait()
	byObject := map[string][]want{}
	room := db.limits.ReadCache / 2 // what is gathered must still be there when it is read
	for i := range plans {
		db.wants(ctx, req[i].Partition, &plans[i], objects, byObject, &room)
	}
	for object, wants := range byObject {
		for _, span := range spansOf(db.reads.missing(wants)) {
			group.Go(func() error {
				db.reads.readSpan(ctx, object, span, &db.stats)
				return nil
			})
		}
	}
	_ = group.Wait()
}

// coldObjects are those that more than one planned run lies in.
func coldObjects(plans []fetchPlan) map[string]int {
	objects := map[string]int{}
	for i := range plans {
		for k := range plans[i].runs {
			if r := &plans[i].runs[k]; r.memory == nil {
				objects[r.block.key]++
			}
		}
	}
	for key, n := range objects {
		if n < 2 {
			delete(objects, key)
		}
	}
	return objects
}

// wants adds the ranges that loadPlan will ask for.
func (db *DB) wants(ctx context.Context, id Partition, plan *fetchPlan, objects map[string]int, byObject map[string][]want, room *int64) {
	offset, bytes := plan.offset, int64(0)
	for i := range plan.runs {
		r := &plan.runs[i]
		if bytes > 0 && bytes >= int64(plan.limit) {
			return
		}
		if objects[r.block.key] == 0 { // in memory, or nobody's but this partition's
			bytes += r.length
			continue
		}
		index, info, err := db.runInfo(ctx, id, &r.run)
		if err != nil {
			return
		}
		at := info.ChunkOf(r.relative + max(offset-r.base, 0))
		for at >= 0 && at < len(info.Chunks) && info.Position+info.Chunks[at].Position < r.position+r.length {
			w := wantOf(index, info, readKey{object: r.block.key, partition: id}, at)
			if *room -= w.length; *room < 0 || bytes > 0 && bytes >= int64(plan.limit) {
				return
			}
			byObject[r.block.key] = append(byObject[r.block.key], w)
			bytes += w.length
			at = w.to
		}
	}
}

// wantOf is the range that holds chunk at.
func wantOf(index *segment.Reader, info *segment.RunInfo, key readKey, at int) want {
	from := at / chunksPerRange * chunksPerRange
	to := min(from+chunksPerRange, len(info.Chunks))
	first, last := &info.Chunks[from], &info.Chunks[to-1]
	key.at = from
	return want{key: key, index: index, info: info, from: from, to: to,
		position: info.Position + first.Position, length: last.Position + last.Length - first.Position}
}

// spansOf joins ranges that lie close; a range alone is none.
func spansOf(wants []want) (spans [][]want) {
	slices.SortFunc(wants, func(a, b want) int { return cmp.Compare(a.position, b.position) })
	wants = slices.CompactFunc(wants, func(a, b want) bool { return a.key == b.key })
	for i := 0; i < len(wants); {
		end, k := wants[i].position+wants[i].length, i+1
		for k < len(wants) && wants[k].position-end <= gatherGap && wants[k].position+wants[k].length-wants[i].position <= gatherSpan {
			end = wants[k].position + wants[k].length
			k++
		}
		if k > i+1 {
			spans = append(spans, wants[i:k])
		}
		i = k
	}
	return spans
}

// missing are the wants that are neither cached nor being read.
func (c *readCache) missing(wants []want) []want {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(wants, func(w want) bool { return c.mu.entries[w.key] != nil || c.mu.flights[w.key] != nil })
}

// errNotGathered: who waited for a range of a span that could not be read reads it alone.
var errNotGathered = errors.New("range was not read with its neighbours")

// readSpan reads neighbouring ranges at once. Those that somebody else began to read meanwhile are
// left to him.
func (c *readCache) readSpan(ctx context.Context, object string, span []want, stats *counters) {
	flights := c.takeOff(span)
	first, last := &span[0], &span[len(span)-1]
	data := make([]byte, last.position+last.length-first.position)
	n, err := c.store.GetRange(ctx, object, first.position, data)
	if err == nil && n == len(data) {
		stats.rangeReads.Add(1)
		stats.rangeBytes.Add(int64(n))
	}
	for i := range span {
		f := flights[i]
		if f == nil {
			continue
		}
		w := &span[i]
		f.err = errNotGathered
		if err == nil && n == len(data) {
			own := slices.Clone(data[w.position-first.position:][:w.length])
			if w.info.VerifyChunks(w.from, w.to, own) == nil {
				f.value, f.err = readValue{data: own, size: w.length + 128}, nil
			}
		}
		c.land(w.key, f)
	}
}

// takeOff begins the flights of a span; nil for a range that is there or on its way.
func (c *readCache) takeOff(span []want) []*flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	flights := make([]*flight, len(span))
	for i := range span {
		if c.mu.entries[span[i].key] == nil && c.mu.flights[span[i].key] == nil {
			flights[i] = &flight{done: make(chan struct{})}
			c.mu.flights[span[i].key] = flights[i]
		}
	}
	return flights
}
