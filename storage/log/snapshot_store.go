package log

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

// Timeline is the log between two accepted losses.
type Timeline = objstore.Timeline

// current is the number of the newest timeline; the first has no entry.
func current(timelines []Timeline) uint32 {
	if len(timelines) == 0 {
		return 1
	}
	return timelines[len(timelines)-1].Number
}

// snapshotName is where a snapshot lies and of what it is.
type snapshotName struct {
	key      string
	seq      CommitSeq
	timeline uint32
	size     int64
}

// snapshotKey is meta/snap/<commit>, with -<timeline> behind the first loss.
func snapshotKey(seq CommitSeq, timeline uint32) string {
	key := fmt.Sprintf("%s%020d", snapshotPrefix, seq)
	if timeline > 1 {
		key += fmt.Sprintf("-%d", timeline)
	}
	return key
}

func parseSnapshotKey(key string) (n snapshotName, ok bool) {
	number, line, later := strings.Cut(strings.TrimPrefix(key, snapshotPrefix), "-")
	seq, err := strconv.ParseUint(number, 10, 64)
	timeline := uint64(1)
	if err == nil && later {
		timeline, err = strconv.ParseUint(line, 10, 32)
	}
	n = snapshotName{key: key, seq: CommitSeq(seq), timeline: uint32(timeline)}
	return n, err == nil && key == snapshotKey(n.seq, n.timeline)
}

// CommitProof is the newest commit that an object proves, and its timeline.
type CommitProof struct {
	Key      string
	Timeline uint32
	Seq      CommitSeq
}

// SnapshotProofs are what the names of all snapshots prove.
func SnapshotProofs(ctx context.Context, objects objstore.Store) ([]CommitProof, error) {
	all, err := listSnapshots(ctx, objects)
	out := make([]CommitProof, len(all))
	for i, n := range all {
		out[i] = CommitProof{Key: n.key, Timeline: n.timeline, Seq: n.seq}
	}
	return out, err
}

func listSnapshots(ctx context.Context, objects objstore.Store) (out []snapshotName, err error) {
	for info, err := range objects.List(ctx, snapshotPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list snapshots: %w", err)
		}
		if n, ok := parseSnapshotKey(info.Key); ok {
			n.size = info.Size
			out = append(out, n)
		}
	}
	return out, nil
}

// usableSnapshots are those of commits that still exist, newest first.
func usableSnapshots(ctx context.Context, objects objstore.Store, timelines []Timeline) ([]snapshotName, error) {
	all, err := listSnapshots(ctx, objects)
	all = slices.DeleteFunc(all, func(n snapshotName) bool { return !usable(n, timelines) })
	slices.Reverse(all) // keys are zero-padded: byte order is number order
	return all, err
}

func usable(n snapshotName, timelines []Timeline) bool {
	ours := n.timeline == 1
	for _, t := range timelines {
		if t.Number > n.timeline && uint64(n.seq) > t.Kept {
			return false
		}
		ours = ours || t.Number == n.timeline
	}
	return ours
}

// readSnapshot reads the bytes of a snapshot and checks that they are whole and of the commit
// that the name says. ErrCorrupt and objstore.ErrNotFound: another one has to do.
func readSnapshot(ctx context.Context, objects objstore.Store, n snapshotName) (*decodedSnapshot, error) {
	if n.size > maxSnapshotBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCorrupt, n.size)
	}
	src := make([]byte, n.size)
	if n.size > 0 {
		read, err := objects.GetRange(ctx, n.key, 0, src)
		if err != nil {
			return nil, err
		}
		src = src[:read]
	}
	d, err := openSnapshot(src)
	if err == nil && d.fold.seq != n.seq {
		err = fmt.Errorf("%w: it is of commit %d", ErrCorrupt, d.fold.seq)
	}
	return d, err
}

// newestSnapshot reads the newest one that is whole; nil when there is none. damaged is told of
// each one that is not.
func newestSnapshot(ctx context.Context, objects objstore.Store, timelines []Timeline, damaged func(key string, err error)) (*decodedSnapshot, snapshotName, error) {
	names, err := usableSnapshots(ctx, objects, timelines)
	if err != nil {
		return nil, snapshotName{}, err
	}
	for _, n := range names {
		d, err := readSnapshot(ctx, objects, n)
		switch {
		case err == nil:
			return d, n, nil
		case errors.Is(err, ErrCorrupt), errors.Is(err, objstore.ErrNotFound):
			damaged(n.key, err)
		default:
			return nil, n, fmt.Errorf("read snapshot %s: %w", n.key, err)
		}
	}
	return nil, snapshotName{}, nil
}

// FindSnapshot looks for the snapshot that a start would use, and changes nothing: the commit it
// is of and the first record that the log must still have for it. found is false when a start
// needs the whole log.
func FindSnapshot(ctx context.Context, objects objstore.Store, timelines []Timeline) (seq, needs CommitSeq, found bool, err error) {
	d, _, err := newestSnapshot(ctx, objects, timelines, func(string, error) {})
	if d == nil || err != nil {
		return 0, 0, false, err
	}
	return d.fold.seq, d.fold.floor(), true, nil
}

// floor is the first record that the log needs beside the fold.
func (f *fold) floor() CommitSeq {
	floor := f.seq + 1
	if len(f.inline) > 0 {
		floor = min(floor, f.inline[0].inline.Seq)
	}
	return floor
}

// loadSnapshot reads the newest one that is whole; an empty fold if there is none.
func (db *DB) loadSnapshot(ctx context.Context) (*fold, error) {
	damaged := ""
	d, n, err := newestSnapshot(ctx, db.cfg.Objects, db.cfg.Timelines, func(key string, err error) {
		damaged = key
		db.cfg.Logger.Warn("snapshot of the log not used", "object", key, "error", err)
	})
	if err != nil {
		return nil, err
	}
	if d == nil {
		return newFold(db.cfg.Parts), nil
	}
	f, err := d.load(db.cfg.Parts)
	if err != nil {
		return nil, fmt.Errorf("read snapshot %s: %w", n.key, err)
	}
	if damaged == "" {
		err = db.tellMissing(ctx, n)
	} else {
		db.cfg.Logger.Warn("an older snapshot of the log is used", "object", n.key, slog.Uint64("commit", uint64(n.seq)))
	}
	db.verified = verifiedSnapshot{name: n, floor: f.floor()}
	db.stats.snapshotSeq.Store(uint64(f.seq))
	db.stats.snapshotBytes.Store(n.size)
	return f, err
}

// tellMissing warns when only one snapshot is there: a log that was trimmed has two.
func (db *DB) tellMissing(ctx context.Context, used snapshotName) error {
	names, err := usableSnapshots(ctx, db.cfg.Objects, db.cfg.Timelines)
	if err != nil || len(names) != 1 || db.salvagedAt(used.seq) {
		return err
	}
	if _, err = db.cfg.Meta.ScanLog(ctx, 0, 1); errors.Is(err, meta.ErrTruncated) {
		db.cfg.Logger.Warn("a snapshot of the log is missing, the one that is left is used", "object", used.key)
		return nil
	}
	return err
}

// verifiedSnapshot is the newest snapshot that was read back: the log may be trimmed to its
// floor once there is a newer one.
type verifiedSnapshot struct {
	name  snapshotName
	floor CommitSeq
}

func (db *DB) writeSnapshot(ctx context.Context, s snapshotOf) error {
	seq := s.image.seq
	if CommitSeq(db.stats.snapshotSeq.Load()) == seq {
		return nil
	}
	encoded, err := s.image.encode()
	if err != nil {
		return err
	}
	made := verifiedSnapshot{floor: s.floor, name: snapshotName{seq: seq, timeline: current(db.cfg.Timelines), size: int64(len(encoded))}}
	made.name.key = snapshotKey(seq, made.name.timeline)
	if _, err := db.cfg.Objects.Put(ctx, made.name.key, [][]byte{encoded}, objstore.Condition{}); err != nil {
		// why unconditional: equal states give equal bytes, so that putting the name again is
		// harmless; an unknown outcome only means that the log is not trimmed yet.
		return fmt.Errorf("write snapshot %s: %w", made.name.key, err)
	}
	// why read back: what the log is trimmed for must be able to take its place.
	if err := db.verifySnapshot(ctx, made.name); err != nil {
		return fmt.Errorf("read snapshot %s back: %w", made.name.key, err)
	}
	older := db.verified
	db.verified = made
	db.stats.snapshots.Add(1)
	db.stats.snapshotSeq.Store(uint64(seq))
	db.stats.snapshotBytes.Store(int64(len(encoded)))
	db.stats.sinceSnapshot.Add(-s.commits)
	db.stats.bytesSinceSnapshot.Add(-s.taken)
	if older.name.key == "" {
		return nil
	}
	if err := db.cfg.Meta.TrimLog(ctx, older.floor); err != nil {
		return fmt.Errorf("trim the log below %d: %w", older.floor, err)
	}
	return db.dropSnapshots(ctx, made.name.key, older.name.key)
}

func (db *DB) verifySnapshot(ctx context.Context, n snapshotName) error {
	d, err := readSnapshot(ctx, db.cfg.Objects, n)
	if err != nil {
		return err
	}
	return d.eachPart(func(name string, _ []byte) error {
		if !slices.ContainsFunc(db.cfg.Parts, func(p Part) bool { return p.Name() == name }) {
			return fmt.Errorf("%w: state of %q", ErrCorrupt, name)
		}
		return nil
	})
}

// dropSnapshots deletes all snapshots but those to keep.
func (db *DB) dropSnapshots(ctx context.Context, keep ...string) error {
	all, err := listSnapshots(ctx, db.cfg.Objects)
	if err != nil {
		return err
	}
	var gone []string
	for _, n := range all {
		if !slices.Contains(keep, n.key) {
			gone = append(gone, n.key)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return db.cfg.Objects.Delete(ctx, gone...)
}
