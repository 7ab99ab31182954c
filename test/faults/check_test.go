package faults_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// read is a record as a consumer has it.
type read struct {
	offset     int64
	key, value string // value "-" = a tombstone
}

// consume reads a partition as Kafka's clients do with read_committed; next is where it ends.
func consume(ctx context.Context, db *log.DB, p log.Partition, gapless bool) (out []read, next int64, err error) {
	ends, err := db.Ends(ctx, []log.Partition{p}, true)
	if err != nil {
		return nil, 0, err
	}
	offset := ends[0].LogStart
	for {
		var res log.FetchResult
		err := db.Fetch(ctx, []log.PartitionRead{{Partition: p, Offset: offset, MaxBytes: 2000, Committed: true}}, log.Budget{MaxBytes: 2000}, &res)
		if err == nil {
			err = res.Partitions[0].Err
		}
		if err != nil {
			return nil, 0, fmt.Errorf("fetch from %d: %w", offset, err)
		}
		d := &res.Partitions[0]
		if len(d.RecordBatches) == 0 {
			res.Release()
			if offset != ends[0].LastStableOffset {
				return nil, 0, fmt.Errorf("nothing at offset %d, the last stable is %d", offset, ends[0].LastStableOffset)
			}
			return out, offset, nil
		}
		batches, next, err := decode(d, offset, gapless)
		res.Release()
		if err != nil {
			return nil, 0, err
		}
		out, offset = append(out, batches...), next
	}
}

// decode skips who is in the list of aborted transactions from its offset on to its marker.
func decode(d *log.PartitionData, from int64, gapless bool) (out []read, next int64, err error) {
	var reader recordbatch.Reader
	defer reader.Release()
	list, skip, next := d.Aborted, map[int64]bool{}, from
	for src := d.RecordBatches; len(src) > 0; {
		h, raw, rest, err := recordbatch.Verify(src)
		if err != nil {
			return nil, 0, err
		}
		src = rest
		for len(list) > 0 && list[0].FirstOffset <= h.LastOffset() {
			skip[list[0].ProducerID], list = true, list[1:]
		}
		if gapless && h.BaseOffset > next {
			return nil, 0, fmt.Errorf("offsets %d to %d are not there", next, h.BaseOffset-1)
		}
		next = h.LastOffset() + 1
		if h.Control() {
			delete(skip, h.ProducerID)
			continue
		}
		if h.Transactional() && skip[h.ProducerID] {
			continue
		}
		if err := reader.Reset(raw, 0); err != nil {
			return nil, 0, err
		}
		for reader.Next() {
			r := reader.Record()
			if r.Offset < from {
				continue
			}
			one := read{r.Offset, string(r.Key), string(r.Value)}
			if r.Value == nil {
				one.value = "-"
			}
			out = append(out, one)
		}
		if err := reader.Err(); err != nil {
			return nil, 0, err
		}
	}
	return out, next, nil
}

// check holds what is there to the book.
func (h *history) check() error {
	for _, one := range []struct {
		what string
		do   func() error
	}{{"pairs", h.checkPairs}, {"keys", h.checkKeys}, {"what goes", h.checkGoing}, {"offsets", h.checkOffsets}} {
		if err := one.do(); err != nil {
			return fmt.Errorf("%s: %w", one.what, err)
		}
	}
	if _, there := h.x.db.TopicByID(dropped); there && h.gone {
		return fmt.Errorf("a dropped topic is back")
	}
	return nil
}

func (h *history) has(id log.TopicID) (bool, error) {
	_, there := h.x.db.TopicByID(id)
	if !there && h.made[id] {
		return false, fmt.Errorf("topic %d is gone", id[0])
	}
	return there, nil
}

func (h *history) checkPairs() error {
	there, err := h.has(pairs)
	if !there {
		return err
	}
	var at [2]map[string][]int64
	for i := range at {
		at[i] = map[string][]int64{}
		got, _, err := consume(h.x.ctx, h.x.db, part(pairs, int32(i)), true)
		if err != nil {
			return err
		}
		for _, r := range got {
			at[i][r.value] = append(at[i][r.value], r.offset)
		}
	}
	known := 0
	for _, s := range h.entries {
		a, b := at[0][s.values[0]], at[1][s.values[1]]
		known += len(a) + len(b)
		switch {
		case len(a) != len(b) || len(a) > 1:
			return fmt.Errorf("%.20s and %.20s are there %d and %d times", s.values[0], s.values[1], len(a), len(b))
		case s.acked && len(a) == 0:
			return fmt.Errorf("%.20s was acknowledged and is not there", s.values[0])
		case s.never && len(a) > 0:
			return fmt.Errorf("%.20s was aborted and is read", s.values[0])
		case s.acked && s.offsets[0] >= 0 && (a[0] != s.offsets[0] || b[0] != s.offsets[1]):
			return fmt.Errorf("%.20s was at %v and is at %d and %d", s.values[0], s.offsets, a[0], b[0])
		case len(a) == 1: // from now on it stays
			s.acked, s.offsets = true, [2]int64{a[0], b[0]}
		case !s.acked:
			s.never = true
		}
	}
	if all := len(at[0]) + len(at[1]); all != known {
		return fmt.Errorf("%d values are there, %d of them were sent", all, known)
	}
	return nil
}

func (h *history) checkKeys() error {
	there, err := h.has(keyed)
	if !there {
		return err
	}
	records, _, err := consume(h.x.ctx, h.x.db, part(keyed, 0), false)
	if err != nil {
		return err
	}
	got := map[string]string{}
	for _, r := range records {
		if h.never[r.value] {
			return fmt.Errorf("%.20s was aborted and is read", r.value)
		}
		got[r.key] = r.value
	}
	for i := range 5 {
		k := fmt.Sprint("k", i)
		is := func(v string) bool { return got[k] == v || v == "-" && got[k] == "" }
		want := h.keys[k]
		if want == "" {
			want = "-"
		}
		if !is(want) && !slices.ContainsFunc(h.maybe[k], is) {
			return fmt.Errorf("%s is %.20q, want %.20q or one of %.60q", k, got[k], want, h.maybe[k])
		}
		if h.keys[k], h.maybe[k] = got[k], nil; got[k] == "" {
			h.keys[k] = "-"
		}
	}
	return nil
}

func (h *history) checkGoing() error {
	there, err := h.has(going)
	if !there {
		return err
	}
	ends, err := h.x.db.Ends(h.x.ctx, []log.Partition{part(going, 0)}, true)
	if err != nil {
		return err
	}
	if ends[0].LogStart < h.start {
		return fmt.Errorf("it began at %d and begins at %d", h.start, ends[0].LogStart)
	}
	h.start = ends[0].LogStart
	records, _, err := consume(h.x.ctx, h.x.db, part(going, 0), true)
	if err != nil {
		return err
	}
	at := map[string]int64{}
	for _, r := range records {
		if _, twice := at[r.value]; twice {
			return fmt.Errorf("%.20s is there twice", r.value)
		}
		at[r.value] = r.offset
	}
	for _, r := range h.times {
		offset, there := at[r.value]
		switch {
		case there && r.acked && offset != r.offset:
			return fmt.Errorf("%.20s was at %d and is at %d", r.value, r.offset, offset)
		case there:
			r.acked, r.offset = true, offset
		case r.acked && r.offset >= h.start:
			return fmt.Errorf("%.20s was acknowledged at %d and is not there", r.value, r.offset)
		case r.acked && r.offset >= h.mostGone && h.w.clock.Now().Sub(r.at) < retention:
			return fmt.Errorf("%.20s, which is kept, is gone", r.value)
		}
	}
	return nil
}

func (h *history) checkOffsets() error {
	for _, group := range []string{"plain", "txn"} {
		got := int64(0)
		err := h.x.meta.Read(h.x.ctx, func(snap meta.Snapshot) error {
			value, version, err := snap.Get(offsetRow(group, 0).Key)
			if err == nil && version > 0 {
				got = int64(binary.BigEndian.Uint64(value))
			}
			return err
		})
		if err != nil {
			return err
		}
		if want := h.offsets[group]; got != want && !slices.Contains(h.tried[group], got) {
			return fmt.Errorf("%s is at %d, was at %d, and %v were sent", group, got, want, h.tried[group])
		}
		h.offsets[group], h.tried[group] = got, nil
	}
	return nil
}

// checkObjects: what the log names is there; all: and nothing else.
func (h *history) checkObjects(all bool) error {
	state, err := log.Inspect(h.x.ctx, h.w.config(h.x))
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	sizes, err := sizesOf(h.w.objects)
	if err != nil {
		return err
	}
	for _, o := range state.Objects {
		if size, ok := sizes[o.Key]; !ok || size != o.Size {
			return fmt.Errorf("the log names %s of %d bytes, which has %d", o.Key, o.Size, size)
		}
		delete(sizes, o.Key)
	}
	if !all {
		return nil
	}
	for key := range sizes {
		return fmt.Errorf("%s is left, and %d others: nothing names them", key, len(sizes)-1)
	}
	return nil
}

func sizesOf(s objstore.Store) (map[string]int64, error) {
	sizes := map[string]int64{}
	for info, err := range s.List(context.Background(), "", "") {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(info.Key, "log/") || strings.HasPrefix(info.Key, "seg/") {
			sizes[info.Key] = info.Size
		}
	}
	return sizes, nil
}

// checkBackups restores each point of the backup and inspects it.
func (h *history) checkBackups() error {
	ctx := context.Background()
	points, err := backup.Points(ctx, h.w.backups, func(string, error) {})
	if err != nil {
		return err
	}
	if h.points > 0 && len(points) == 0 {
		return fmt.Errorf("%d points were made, and none is there", h.points)
	}
	for _, p := range points {
		path := "point " + p.Name
		opts := meta.PebbleOptions{FS: h.w.disk}
		err := meta.Rebuild(ctx, path, opts, func(put func(key, value []byte) error) error { return backup.ReadMeta(ctx, h.w.backups, p, put) })
		if err != nil {
			return fmt.Errorf("point %s: %w", p.Name, err)
		}
		store, err := meta.OpenPebble(path, opts)
		if err != nil {
			return fmt.Errorf("point %s: %w", p.Name, err)
		}
		to := objstore.NewMem()
		_, err = backup.Fetch(ctx, h.w.backups, p.Objects, to, backup.Options{Clock: h.w.clock})
		if err == nil {
			err = inspectPoint(ctx, log.Config{Meta: store, Objects: to, Rand: logtest.Rand(1), Timelines: h.w.timelines}, to)
		}
		if closeErr := store.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("point %s of commit %d: %w", p.Name, p.Commit, err)
		}
	}
	return nil
}

func inspectPoint(ctx context.Context, cfg log.Config, objects objstore.Store) error {
	state, err := log.Inspect(ctx, cfg)
	if err != nil {
		return err
	}
	sizes, err := sizesOf(objects)
	if err != nil {
		return err
	}
	for _, o := range state.Objects {
		if sizes[o.Key] != o.Size {
			return fmt.Errorf("it names %s of %d bytes, which has %d", o.Key, o.Size, sizes[o.Key])
		}
	}
	return nil
}
