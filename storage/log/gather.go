package log

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

const (
	// gatherGap: ranges of one object that lie closer are read together, with what is between.
	gatherGap = 64 << 10
	// gatherSpan bounds one such read.
	gatherSpan = 4 << 20
)

// want is a range of chunks that is about to be read, and where it lies in its object.
type want struct {
	key              readKey
	index            *segment.Reader
	info             *segment.RunInfo
	from, to         int
	position, length int64
}

func (w *want) value(data []byte) readValue { return readValue{data: data, size: w.length + 128} }

// gather reads what plans need of objects, side by side, and what several of them need of one object together:
// an object of a flush has a little of each partition, side by side, and one request for each would be most of
// the cost. It fills the cache of ranges; what it leaves out, fails at, or has no room for is read
// by the partitions themselves.
//
//	runs of the plans ─► indexes of their objects ─► ranges ─► spans of an object ─► disk, requests
func (db *DB) gather(ctx context.Context, plans []fetchPlan) {
	objects := coldObjects(plans)
	if len(objects) == 0 {
		return
	}
	var group errgroup.Group
	group.SetLimit(db.limits.readsAtOnce())
	for key, o := range objects {
		if !db.reads.cached(readKey{object: key, at: indexKey}) {
			group.Go(func() error {
				return db.reads.open(ctx, key, o) // who needs the object meets the error again
			})
		}
	}
	_ = group.Wait()
	byObject := map[string][]want{}
	room := db.limits.ReadCache / 2 // what is gathered must still be there when it is read
	for i := range plans {
		db.wants(ctx, &plans[i], byObject, &room)
	}
	for object, wants := range byObject {
		if o := objects[object]; o.whole != nil {
			db.reads.landWhole(wants, *o.whole)
			continue
		}
		for _, span := range spansOf(db.reads.missing(wants)) {
			group.Go(func() error {
				db.reads.readSpan(ctx, object, span)
				return nil
			})
		}
	}
	_ = group.Wait()
	for _, o := range objects {
		if o.whole != nil {
			spanBuffers.Put(o.whole)
		}
	}
}

// readsAtOnce is how many of the requests to the store one reader makes at once.
func (l *Limits) readsAtOnce() int { return max(l.ObjectReads/4, 1) }

// coldObject is an object that planned runs lie in.
type coldObject struct {
	size    int64
	planned int64   // bytes of these runs
	whole   *[]byte // all of it, from spanBuffers; nil = only its index was read
}

// worthWhole: it is small, and most of it is wanted, so that index and runs are one request.
func (o *coldObject) worthWhole() bool { return o.size <= gatherSpan && 2*o.planned >= o.size }

func coldObjects(plans []fetchPlan) map[string]*coldObject {
	objects := map[string]*coldObject{}
	for i := range plans {
		for k := range plans[i].runs {
			r := &plans[i].runs[k]
			if r.memory != nil {
				continue
			}
			o := objects[r.block.key]
			if o == nil {
				o = &coldObject{size: r.block.size}
				objects[r.block.key] = o
			}
			o.planned += r.length
		}
	}
	return objects
}

// open reads the index of an object, and with it the whole object if that is worth it.
func (c *readCache) open(ctx context.Context, object string, o *coldObject) error {
	if !o.worthWhole() || c.disk != nil && c.disk.Has(object) {
		_, err := c.index(ctx, object, o.size)
		return err
	}
	_, err := c.get(ctx, readKey{object: object, at: indexKey}, func() (readValue, error) {
		if err := c.request(ctx); err != nil {
			return readValue{}, err
		}
		defer func() { <-c.room }()
		buffer := spanBuffers.Get().(*[]byte)
		*buffer = slices.Grow((*buffer)[:0], int(o.size))[:o.size]
		n, err := c.store.GetRange(ctx, object, 0, *buffer)
		if err == nil && int64(n) < o.size {
			err = errNotGathered
		}
		if err != nil {
			spanBuffers.Put(buffer)
			return readValue{}, err
		}
		c.stats.rangeReads.Add(1)
		r, err := c.openIndex(ctx, memoryObject(*buffer), object, o.size)
		if err != nil {
			spanBuffers.Put(buffer)
			return readValue{}, err
		}
		o.whole = buffer
		return indexValue(r), nil
	})
	return err
}

// memoryObject is an object that was read whole.
type memoryObject []byte

// GetRange implements segment.RangeReader.
func (m memoryObject) GetRange(_ context.Context, _ string, off int64, dst []byte) (int, error) {
	if off < 0 {
		off += int64(len(m))
	}
	if off < 0 || off >= int64(len(m)) {
		return 0, objstore.ErrRange
	}
	return copy(dst, m[off:]), nil
}

// landWhole cuts ranges from an object that was read whole.
func (c *readCache) landWhole(wants []want, whole []byte) {
	flights := c.takeOff(wants)
	for i := range wants {
		w := &wants[i]
		f := flights[w.key]
		if f == nil {
			continue
		}
		delete(flights, w.key) // a range may be wanted twice
		f.err = errNotGathered
		if w.position+w.length <= int64(len(whole)) {
			c.cut(w, f, whole[w.position:][:w.length])
		}
		c.land(w.key, f)
	}
}

// cut keeps a copy of what was read with others as the range's own bytes, if it is that.
func (c *readCache) cut(w *want, f *flight, read []byte) {
	own := slices.Clone(read)
	if w.info.VerifyChunks(w.from, w.to, own) == nil {
		f.value, f.err = w.value(own), nil
		c.took(w, own)
	}
}

// wants adds the ranges that loadPlan will ask for.
func (db *DB) wants(ctx context.Context, plan *fetchPlan, byObject map[string][]want, room *int64) {
	offset, bytes := plan.offset, int64(0)
	for i := range plan.runs {
		r := &plan.runs[i]
		if bytes > 0 && bytes >= int64(plan.load) {
			return
		}
		if r.memory != nil {
			bytes += r.length
			continue
		}
		index, info, err := db.runInfo(ctx, plan.partition, &r.run)
		if err != nil {
			return
		}
		at := info.ChunkOf(r.relative + max(offset-r.base, 0))
		for at >= 0 && at < len(info.Chunks) && info.Position+info.Chunks[at].Position < r.position+r.length {
			w := wantOf(index, info, readKey{object: r.block.key, partition: plan.partition}, at)
			if *room -= w.length; *room < 0 || bytes > 0 && bytes >= int64(plan.load) {
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

// spansOf joins ranges of an object that lie close.
func spansOf(wants []want) (spans [][]want) {
	slices.SortFunc(wants, func(a, b want) int { return cmp.Compare(a.position, b.position) })
	wants = slices.CompactFunc(wants, func(a, b want) bool { return a.key == b.key })
	for i := 0; i < len(wants); {
		end, k := wants[i].position+wants[i].length, i+1
		for k < len(wants) && wants[k].position-end <= gatherGap && wants[k].position+wants[k].length-wants[i].position <= gatherSpan {
			end = wants[k].position + wants[k].length
			k++
		}
		spans = append(spans, wants[i:k:k])
		i = k
	}
	return spans
}

// missing are the wants that are neither cached nor being read.
func (c *readCache) missing(wants []want) []want {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(wants, func(w want) bool { return c.mu.ranges.has(w.key) || c.mu.flights[w.key] != nil })
}

// errNotGathered: who waited for a range of a span that could not be read reads it alone.
var errNotGathered = errors.New("range was not read with its neighbours")

// readSpan reads neighbouring ranges at once. Those that somebody else began to read meanwhile are
// left to him, those that the disk has are taken from there.
func (c *readCache) readSpan(ctx context.Context, object string, span []want) {
	flights := c.takeOff(span)
	missing := span[:0:0]
	for i := range span {
		w := &span[i]
		f := flights[w.key]
		if f == nil {
			continue
		}
		if data := c.fromDisk(w); data != nil {
			f.value = w.value(data)
			c.land(w.key, f)
			continue
		}
		missing = append(missing, *w)
	}
	for _, rest := range spansOf(missing) {
		c.requestSpan(ctx, object, rest, flights)
	}
}

// spanBuffers keep what spans are read into, before each range of them is kept by itself.
var spanBuffers = sync.Pool{New: func() any { return new([]byte) }}

// requestSpan asks the store for a span, once, and lands its flights.
func (c *readCache) requestSpan(ctx context.Context, object string, span []want, flights map[readKey]*flight) {
	first, last := &span[0], &span[len(span)-1]
	var data []byte
	err := c.request(ctx)
	if err == nil {
		buffer := spanBuffers.Get().(*[]byte)
		defer func() {
			if cap(*buffer) <= 2*gatherSpan { // one range alone may be larger
				spanBuffers.Put(buffer)
			}
		}()
		size := int(last.position + last.length - first.position)
		*buffer = slices.Grow((*buffer)[:0], size)
		data = (*buffer)[:size]
		var n int
		n, err = c.store.GetRange(ctx, object, first.position, data)
		<-c.room
		if err == nil && n < len(data) {
			err = errNotGathered
		}
	}
	if err == nil {
		c.stats.rangeReads.Add(1)
	}
	for i := range span {
		w := &span[i]
		f := flights[w.key]
		f.err = errNotGathered
		if err == nil {
			c.cut(w, f, data[w.position-first.position:][:w.length])
		}
		c.land(w.key, f)
	}
}

// takeOff begins the flights of those ranges of a span that are neither there nor on their way.
func (c *readCache) takeOff(span []want) map[readKey]*flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	flights := make(map[readKey]*flight, len(span))
	for i := range span {
		if key := span[i].key; !c.mu.ranges.has(key) && c.mu.flights[key] == nil {
			flights[key] = &flight{done: make(chan struct{})}
			c.mu.flights[key] = flights[key]
		}
	}
	return flights
}
