package log

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/storage/meta"
)

// restore brings the fold to the newest durable commit: the newest snapshot, then the log
// behind it. Inline bytes that are not in a segment yet are read back from the log.
func (db *DB) restore(ctx context.Context) error {
	f, err := db.loadSnapshot(ctx)
	if err != nil {
		return err
	}
	f.maxProducers, f.txns.max = db.limits.MaxProducers, db.limits.MaxTransactionalIDs
	if db.salvagedAt(f.seq) {
		f.dropInline()
	}
	from := f.floor() - 1
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
	f.forgetRetired()
	db.mu.fold = f
	db.published.Store(uint64(f.seq))
	return nil
}

// salvagedAt: the log goes on behind commit seq and has nothing before it; that was accepted.
func (db *DB) salvagedAt(seq CommitSeq) bool {
	lines := db.cfg.Timelines
	return len(lines) > 0 && lines[len(lines)-1].Kept == uint64(seq) && lines[len(lines)-1].NoLog
}

// dropInline cuts each partition before the first of its runs whose bytes were in the log that
// was lost. Its producers begin anew: what they remember may lie behind the cut.
func (f *fold) dropInline() {
	for _, t := range f.topics {
		for _, p := range t.partitions {
			at := slices.IndexFunc(p.runs, func(r run) bool { return r.block.key == "" })
			if at < 0 {
				continue
			}
			p.next = p.runs[at].base
			p.highWatermark = p.next
			p.runs = p.runs[:at]
			p.producers = nil
			p.abandonTxns(f.seq, f.timeMillis)
		}
	}
	f.txns = newTxnTable()
	f.inline, f.inlineBytes = nil, 0
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
		data, err := inlineData(rec, b.inline.Index)
		if err != nil {
			return err
		}
		if int64(len(data)) != b.size {
			return fmt.Errorf("%w: inline group of commit %d has %d bytes, the snapshot says %d", ErrCorrupt, r.Seq, len(data), b.size)
		}
		b.data = data
	}
	return nil
}

// inlineData are the record batches that lie in a change, or that it makes.
func inlineData(rec *record, index int32) ([]byte, error) {
	if int(index) < len(rec.Changes) {
		switch c := rec.Changes[index]; c.Kind {
		case KindAppend:
			p, err := decodeAppend(c.Payload)
			if err != nil {
				return nil, err
			}
			return p.Data, nil
		case KindEndTxn:
			p, err := decodeEndTxn(c.Payload)
			if err != nil {
				return nil, err
			}
			return p.marker(rec.TimeMillis), nil
		}
	}
	return nil, fmt.Errorf("%w: commit record %d has no inline group %d", ErrCorrupt, rec.Seq, index)
}
