package log

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

const (
	snapshotPrefix = "meta/snap/"
	scanBytes      = 8 << 20
	// maxSnapshotBytes bounds what a start reads into memory at once.
	maxSnapshotBytes = 4 << 30
)

func snapshotKey(seq CommitSeq) string { return fmt.Sprintf("%s%020d", snapshotPrefix, seq) }

// restore brings the fold to the newest durable commit: the newest snapshot, then the log
// behind it. Inline bytes that are not in a segment yet are read back from the log.
func (db *DB) restore(ctx context.Context) error {
	f, err := db.loadSnapshot(ctx)
	if err != nil {
		return err
	}
	from := f.seq
	if len(f.inline) > 0 {
		from = min(from, f.inline[0].inline.Seq-1)
	}
	missing := map[CommitSeq][]*block{}
	for _, b := range f.inline {
		missing[b.inline.Seq] = append(missing[b.inline.Seq], b)
	}
	for {
		records, err := db.cfg.Meta.ScanLog(ctx, from, scanBytes)
		if errors.Is(err, meta.ErrTruncated) {
			return fmt.Errorf("%w: the log was trimmed above the newest snapshot (commit %d): %w", ErrCorrupt, f.seq, err)
		}
		if err != nil {
			return fmt.Errorf("read the commit log: %w", err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			from = r.Seq
			if r.Seq > f.seq {
				a, err := f.apply(r.Bytes)
				if err != nil {
					return err
				}
				for _, p := range a.partitions {
					p.highWatermark = p.next
				}
			} else if err := fillInline(missing[r.Seq], r); err != nil {
				return err
			}
			delete(missing, r.Seq)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %d commit records with inline bytes are gone", ErrCorrupt, len(missing))
	}
	db.mu.fold = f
	db.published.Store(uint64(f.seq))
	return nil
}

// fillInline gives blocks that lie in record r their bytes.
func fillInline(blocks []*block, r meta.Record) error {
	if len(blocks) == 0 {
		return nil
	}
	rec, err := decodeRecord(r.Bytes)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if int(b.inline.Index) >= len(rec.Changes) || rec.Changes[b.inline.Index].Kind != KindAppend {
			return fmt.Errorf("%w: commit record %d has no inline group %d", ErrCorrupt, r.Seq, b.inline.Index)
		}
		p, err := decodeAppend(rec.Changes[b.inline.Index].Payload)
		if err != nil {
			return err
		}
		if int64(len(p.Data)) != b.size {
			return fmt.Errorf("%w: inline group of commit %d has %d bytes, the snapshot says %d", ErrCorrupt, r.Seq, len(p.Data), b.size)
		}
		b.data = p.Data
	}
	return nil
}

// loadSnapshot reads the newest one; an empty fold if there is none.
func (db *DB) loadSnapshot(ctx context.Context) (*fold, error) {
	var newest objstore.ObjectInfo
	for info, err := range db.cfg.Objects.List(ctx, snapshotPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list snapshots: %w", err)
		}
		newest = info // names are zero-padded: byte order is number order
	}
	if newest.Key == "" {
		return newFold(db.cfg.Parts), nil
	}
	if newest.Size > maxSnapshotBytes {
		return nil, fmt.Errorf("%w: snapshot %s of %d bytes", ErrCorrupt, newest.Key, newest.Size)
	}
	src := make([]byte, newest.Size)
	n, err := db.cfg.Objects.GetRange(ctx, newest.Key, 0, src)
	if err != nil {
		return nil, fmt.Errorf("read snapshot %s: %w", newest.Key, err)
	}
	f, err := decodeSnapshot(src[:n], db.cfg.Parts)
	if err != nil {
		return nil, fmt.Errorf("read snapshot %s: %w", newest.Key, err)
	}
	named, err := strconv.ParseUint(strings.TrimPrefix(newest.Key, snapshotPrefix), 10, 64)
	if err != nil || CommitSeq(named) != f.seq {
		return nil, fmt.Errorf("%w: snapshot %s is of commit %d", ErrCorrupt, newest.Key, f.seq)
	}
	db.stats.snapshotSeq.Store(uint64(f.seq))
	db.stats.snapshotBytes.Store(newest.Size)
	return f, nil
}
