package log

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/segment"
)

// upload writes the group's record batches as mixed segments of about FlushBytes each. They
// are not placed: offsets come with the commit.
func (db *DB) upload(g *flushGroup) error {
	job.Label("upload")
	ctx, cancel := db.withDeadline(db.background)
	defer cancel()
	db.setAppendTimes(g)
	count := g.assignBlocks(db.limits.FlushBytes)
	blocks := make([]groupBlock, count)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(db.limits.MaxUploads)
	for i := range blocks {
		group.Go(func() error {
			pieces := g.pieces(nil, func(_ *pending, _ *appendState, p *piece) bool { return p.block == i })
			return db.uploadBlock(ctx, g, pieces, &blocks[i])
		})
	}
	if err := group.Wait(); err != nil {
		g.blocks = blocks
		db.abandon(g)
		g.blocks = nil
		db.stats.uploadsLost.Add(1)
		db.cfg.Logger.Warn("upload of a flush group failed", "seal", g.seal, "error", err)
		return err
	}
	g.blocks = blocks
	return nil
}

// withDeadline ends the context when an upload has taken too long by the injected clock.
func (db *DB) withDeadline(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	timeout := db.clock.After(db.limits.UploadTimeout)
	db.goroutines.Go(func() {
		select {
		case <-timeout:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, cancel
}

// assignBlocks cuts the pieces, in entry order, into objects.
func (g *flushGroup) assignBlocks(blockBytes int64) (count int) {
	size := int64(0)
	for _, e := range g.entries {
		for i := range e.appends {
			for k := range e.appends[i].pieces {
				p := &e.appends[i].pieces[k]
				if n := int64(len(p.bytes)); count == 0 || size+n > blockBytes {
					count++
					size = 0
				}
				size += int64(len(p.bytes))
				p.block = count - 1
			}
		}
	}
	return count
}

func (db *DB) uploadBlock(ctx context.Context, g *flushGroup, pieces []placedPiece, out *groupBlock) error {
	total := 0
	for i := range pieces {
		total += len(pieces[i].bytes)
	}
	data := make([]byte, 0, total)
	var runs []segment.Run
	relative := int64(0)
	for i := range pieces {
		p := &pieces[i]
		at := len(data)
		data = append(data, p.bytes...)
		if i == 0 || pieces[i-1].owner.partition != p.owner.partition {
			id := p.owner.partition
			runs = append(runs, segment.Run{Topic: id.Topic, Partition: id.Index, RecordBatches: [][]byte{nil}})
			relative = 0
		}
		last := &runs[len(runs)-1].RecordBatches[0]
		*last = data[at-len(*last):]
		p.position, p.relative = segment.HeaderSize+int64(at), relative
		relative += p.sum.Span
	}
	built, err := segment.Build(segment.Options{CreatedMillis: g.sealMillis, Proof: db.proof()}, runs)
	if err != nil {
		return err
	}
	key, err := db.objectName("log", g.seal)
	if err != nil {
		return err
	}
	if err := db.putObject(ctx, key, built); err != nil {
		db.abandonObject(key) // it may be there all the same
		return err
	}
	*out = groupBlock{key: key, size: built.Size, data: data, origin: segment.HeaderSize}
	return nil
}

// objectName is <prefix>/<2 hex>/<writer>-<fence>-<number>-<random>.strm; the hash spreads
// names over an object store's partitions.
func (db *DB) objectName(prefix string, number uint64) (string, error) {
	var random [8]byte
	db.queue.mu.Lock() // Rand need not be safe for concurrent use
	_, err := io.ReadFull(db.cfg.Rand, random[:])
	db.queue.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("name an object: %w", err)
	}
	name := fmt.Sprintf("%d-%d-%d-%s.strm", db.writer.id, db.writer.fence, number, hex.EncodeToString(random[:]))
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return fmt.Sprintf("%s/%02x/%s", prefix, byte(h.Sum32()), name), nil
}
