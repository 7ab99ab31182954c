package log

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// collector deletes objects that nothing names.
//
//	index ─► fold.garbage ─┐
//	uploads in vain ───────┼─► batch, with the epoch ─► a snapshot without them is durable
//	orphans at the start ──┘                            and no reader of the epoch is open ─► delete
//
// An object that the fold does not name is garbage iff the fence in its name is older than its
// writer's, or its own writer, which knows what it has under way, says so. So nothing that is being
// uploaded, rolled or committed is ever taken for garbage, and no clock is asked.
type collector struct {
	batches []garbageBatch
	scanned bool // for orphans of earlier lives
}

type garbageBatch struct {
	keys  []string
	at    CommitSeq // a snapshot at or above it does not name them
	epoch uint64
}

// objectPrefixes are where segments lie.
var objectPrefixes = []string{"log/", "seg/"}

// deletesAtOnce bounds one request of the object store.
const deletesAtOnce = 500

func (db *DB) collect(ctx context.Context) error {
	c := &db.garbage
	if !c.scanned {
		if err := db.findOrphans(ctx); err != nil {
			return err
		}
		c.scanned = true
	}
	db.queue.do(func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		f := db.mu.fold
		b := garbageBatch{keys: db.mu.orphans, epoch: db.mu.epoch}
		db.mu.orphans = nil
		if len(f.garbage) > 0 {
			b.keys, b.at = append(b.keys, f.garbage...), f.seq
			f.garbage = nil
		}
		if len(b.keys) > 0 {
			c.batches = append(c.batches, b)
			db.mu.epoch++
		}
	})
	for len(c.batches) > 0 && !db.isRead(c.batches[0].epoch) {
		if err := db.deleteBatch(ctx, &c.batches[0]); err != nil {
			return err
		}
		c.batches = c.batches[1:]
	}
	return nil
}

// isRead: a reader is open that began in the epoch or before it.
func (db *DB) isRead(epoch uint64) bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	for r := range db.mu.readers {
		if r.epoch <= epoch {
			return true
		}
	}
	return false
}

// deleteBatch deletes the objects once a start cannot need them.
func (db *DB) deleteBatch(ctx context.Context, b *garbageBatch) error {
	if CommitSeq(db.stats.snapshotSeq.Load()) < b.at {
		if err := db.Snapshot(ctx); err != nil {
			return err
		}
	}
	for len(b.keys) > 0 {
		n := min(len(b.keys), deletesAtOnce)
		if err := db.cfg.Objects.Delete(ctx, b.keys[:n]...); err != nil {
			return fmt.Errorf("delete objects: %w", err)
		}
		db.stats.deletedObjects.Add(int64(n))
		b.keys = b.keys[n:]
	}
	return nil
}

// findOrphans looks once for objects that an earlier life of a writer left behind.
func (db *DB) findOrphans(ctx context.Context) error {
	named := map[string]bool{}
	fences := map[uint32]uint64{}
	db.mu.RLock()
	for _, t := range db.mu.fold.topics {
		for _, p := range t.partitions {
			for i := range p.runs {
				named[p.runs[i].block.key] = true
			}
		}
	}
	for id, w := range db.mu.fold.writers {
		fences[id] = w.fence
	}
	db.mu.RUnlock()
	var orphans []string
	for _, prefix := range objectPrefixes {
		for o, err := range db.cfg.Objects.List(ctx, prefix, "") {
			if err != nil {
				return fmt.Errorf("list objects: %w", err)
			}
			if writer, fence, ok := parseObjectName(o.Key); ok && !named[o.Key] && fence < fences[writer] {
				orphans = append(orphans, o.Key)
			}
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.mu.orphans = append(db.mu.orphans, orphans...)
	return nil
}

// hasObject reports whether a run of the index lies in the object.
func (f *fold) hasObject(key string) bool {
	for _, t := range f.topics {
		for _, p := range t.partitions {
			for i := range p.runs {
				if p.runs[i].block.key == key {
					return true
				}
			}
		}
	}
	return false
}

// parseObjectName reads the writer and the fence from what objectName made.
func parseObjectName(key string) (writer uint32, fence uint64, ok bool) {
	parts := strings.Split(strings.TrimSuffix(path.Base(key), ".strm"), "-")
	if len(parts) != 4 || !strings.HasSuffix(key, ".strm") {
		return 0, 0, false
	}
	w, errWriter := strconv.ParseUint(parts[0], 10, 32)
	f, errFence := strconv.ParseUint(parts[1], 10, 64)
	return uint32(w), f, errWriter == nil && errFence == nil
}

// abandon says that no commit will name the group's objects.
func (db *DB) abandon(g *flushGroup) {
	for i := range g.blocks {
		if key := g.blocks[i].key; key != "" {
			db.abandonObject(key)
		}
	}
}

func (db *DB) abandonObject(key string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.mu.orphans = append(db.mu.orphans, key)
}

// abandonUnnamed finds objects of which the commit took nothing: all in them was refused.
func (db *DB) abandonUnnamed(c *commit, a *applied) {
	named := make(map[string]bool, len(a.blocks))
	for _, b := range a.blocks {
		named[b.key] = true
	}
	for _, g := range c.groups {
		for i := range g.blocks {
			if key := g.blocks[i].key; key != "" && !named[key] {
				db.abandonObject(key)
			}
		}
	}
	for _, e := range c.accepted { // of those that were refused the owner of the Stage decides
		for i := range e.staged {
			if key := e.staged[i].key; !named[key] {
				db.abandonObject(key)
			}
		}
	}
}
