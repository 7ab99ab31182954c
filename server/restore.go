package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/redact"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// RestoreOptions say which state is wanted: of all zero the newest point.
type RestoreOptions struct {
	ToTime   time.Time     // what was committed at that time
	ToCommit log.CommitSeq // or up to that commit
	BackupOptions
}

// RestoredTo is what Restore has made.
type RestoredTo struct {
	Point    string
	Commit   log.CommitSeq
	Timeline uint32
	Objects  int
	Bytes    int64
}

// restoringKey marks an object store that Restore fills: what lies in it is of a restore that was cut off.
const restoringKey = "restoring"

// Restore makes a database of a backup in a directory and an object store that have nothing. A crash leaves what
// Restore may be called on again.
func Restore(ctx context.Context, cfg *config.Settings, logger *slog.Logger, from string, o RestoreOptions) (out RestoredTo, err error) {
	s := &Server{cfg: cfg, logger: logger, clock: clock.Real{}}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if s.metaPath() == "" {
		return out, fmt.Errorf("meta %q: only pebble://DIRECTORY is there now", redact.URL(cfg.Meta))
	}
	if err := checkDirectoryStore(from); err != nil {
		return out, err
	}
	source, err := objstore.Open(ctx, from)
	if err != nil {
		return out, err
	}
	s.onClose(func(context.Context) error { return objstore.Close(source) })
	r := &restore{s: s, from: source, options: o}
	if err := r.choose(ctx); err != nil {
		return out, err
	}
	if err := s.lockDirectory(ctx); err != nil {
		return out, err
	}
	if err := s.checkEmpty(); err != nil {
		return out, err
	}
	store, err := objstore.Open(ctx, cfg.ObjectStore)
	if err != nil {
		return out, err
	}
	s.onClose(func(context.Context) error { return objstore.Close(store) })
	s.objects = objstore.NewCounting(store)
	if err := r.mark(ctx); err != nil {
		return out, err
	}
	if err := r.run(ctx); err != nil {
		return out, err
	}
	if err := meta.Adopt(s.metaPath()+recovering, s.metaPath()); err != nil {
		return out, err
	}
	return r.out, s.objects.Delete(ctx, restoringKey)
}

// restore is one under way.
type restore struct {
	s       *Server
	from    objstore.Store
	options RestoreOptions
	points  []*backup.Point
	point   *backup.Point // that it is made of
	out     RestoredTo
}

// choose finds the oldest point that has what is wanted.
func (r *restore) choose(ctx context.Context) (err error) {
	r.points, err = backup.Points(ctx, r.from, func(key string, err error) {
		r.s.logger.Warn("a point of the backup cannot be used", "object", key, "error", err)
	})
	if err != nil {
		return err
	}
	if len(r.points) == 0 {
		return errors.New("the backup has no point that is whole")
	}
	newest := r.points[len(r.points)-1]
	r.point = newest
	for _, p := range slices.Backward(r.points) {
		if r.options.ToCommit > 0 && p.Commit >= uint64(r.options.ToCommit) || !r.options.ToTime.IsZero() && p.TimeMillis >= r.options.ToTime.UnixMilli() {
			r.point = p
		}
	}
	if r.options.ToCommit > log.CommitSeq(newest.Commit) || r.options.ToTime.After(time.UnixMilli(newest.TimeMillis)) {
		return fmt.Errorf("the backup ends at commit %d, %s", newest.Commit, time.UnixMilli(newest.TimeMillis).UTC().Format(time.RFC3339))
	}
	return nil
}

// mark takes an object store that has nothing, or that a restore of the same was cut off in.
func (r *restore) mark(ctx context.Context) error {
	text := []byte(fmt.Sprintf("%s %d %d\n", r.point.Name, r.options.ToCommit, r.options.ToTime.UnixMilli()))
	for info, err := range r.s.objects.List(ctx, "", "") {
		if err != nil {
			return fmt.Errorf("list the object store: %w", err)
		}
		there := make([]byte, len(text)+1)
		n, err := r.s.objects.GetRange(ctx, restoringKey, 0, there)
		if err == nil && string(there[:n]) == string(text) {
			return nil
		}
		return fmt.Errorf("object store %s is not empty: it has %s; give an empty one", redact.URL(r.s.cfg.ObjectStore), info.Key)
	}
	_, err := r.s.objects.Put(ctx, restoringKey, [][]byte{text}, objstore.Condition{IfAbsent: true})
	return err
}

func (r *restore) run(ctx context.Context) (err error) {
	at, err := r.commit(ctx)
	if err != nil {
		return err
	}
	path := r.s.metaPath() + recovering
	err = meta.Rebuild(ctx, path, meta.PebbleOptions{Logger: r.s.logger}, func(put func(key, value []byte) error) error {
		return backup.ReadMeta(ctx, r.from, r.point, func(key, value []byte) error {
			if seq, ok := meta.CommitOf(key); ok && seq > at {
				return nil
			}
			return put(key, value)
		})
	})
	if err != nil {
		return err
	}
	store, err := meta.OpenPebble(path, meta.PebbleOptions{Logger: r.s.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	id, err := r.identity(at)
	if err != nil {
		return err
	}
	writes, err := id.writes()
	if err != nil {
		return err
	}
	// Offsets that were committed later than at may lie behind the end.
	writes = append(writes, meta.Write{Key: clampKey, Value: []byte{1}}, meta.Write{Key: chain.PositionKey})
	if err := store.Commit(ctx, meta.Txn{Writes: writes}); err != nil {
		return err
	}
	if err := r.fetch(ctx, store, id, at); err != nil {
		return err
	}
	return r.claim(ctx, id)
}

// commit is the one to restore.
func (r *restore) commit(ctx context.Context) (log.CommitSeq, error) {
	at := log.CommitSeq(r.point.Commit)
	if n := len(r.point.Timelines); n > 0 && r.options.ToCommit > 0 && uint64(r.options.ToCommit) < r.point.Timelines[n-1].Kept {
		return 0, fmt.Errorf("commit %d is of an older timeline, which ended at commit %d", r.options.ToCommit, r.point.Timelines[n-1].Kept)
	}
	if r.options.ToCommit > 0 {
		if r.options.ToCommit+1 < log.CommitSeq(r.point.Floor) {
			return 0, fmt.Errorf("commit %d is before commit %d, the first that the backup can be taken to", r.options.ToCommit, r.point.Floor-1)
		}
		return r.options.ToCommit, nil
	}
	if r.options.ToTime.IsZero() {
		return at, nil
	}
	at = 0
	var oldest time.Time
	err := backup.ReadMeta(ctx, r.from, r.point, func(key, value []byte) error {
		seq, ok := meta.CommitOf(key)
		if !ok {
			return nil
		}
		t, err := log.RecordTime(value)
		if oldest.IsZero() {
			oldest = t
		}
		if err == nil && !t.After(r.options.ToTime) {
			at = seq
		}
		return err
	})
	if err == nil && at == 0 {
		err = fmt.Errorf("the backup cannot be taken to %s: the oldest commit in it is of %s", r.options.ToTime.UTC().Format(time.RFC3339), oldest.UTC().Format(time.RFC3339))
	}
	return at, err
}

func (r *restore) identity(at log.CommitSeq) (identity, error) {
	id := identity{cluster: r.point.Cluster, timelines: slices.Clone(r.point.Timelines)}
	r.out.Point, r.out.Commit, r.out.Timeline = r.point.Name, at, id.timeline()+1
	id.timelines = append(id.timelines, log.Timeline{Number: r.out.Timeline, Kept: uint64(at)})
	return id, id.complete("")
}

// fetch copies the objects that commit at needs, once it is known that the backup has all of them.
func (r *restore) fetch(ctx context.Context, store meta.Store, id identity, at log.CommitSeq) error {
	have := map[string]backup.Object{}
	for _, p := range r.points {
		for _, o := range p.Objects {
			have[o.Key] = o
		}
	}
	copies, err := objstore.WithPrefix(r.from, backup.ObjectsPrefix)
	if err != nil {
		return err
	}
	state, err := log.Inspect(ctx, log.Config{Objects: copies, Meta: store, Rand: rand.Reader, Timelines: id.timelines, Logger: r.s.logger})
	if err != nil {
		return fmt.Errorf("the backup has no whole snapshot of the log that commit %d can be reached from: %w", at, err)
	}
	missing, err := absent(ctx, copies, state.Objects)
	if err != nil {
		return err
	}
	var todo []backup.Object
	for _, n := range state.Objects {
		o, ok := have[n.Key]
		if !ok && !slices.Contains(missing, n) {
			missing = append(missing, n)
		}
		todo = append(todo, o)
	}
	if n := len(missing); n > 0 {
		return fmt.Errorf("commit %d cannot be restored: %d objects with records are not in the backup, or not whole; the first is %s", at, n, missing[0])
	}
	snapshots, err := log.UsableSnapshots(ctx, copies, id.timelines)
	if err != nil {
		return err
	}
	for i, key := range snapshots {
		if o, ok := have[key]; ok && i < 2 {
			todo = append(todo, o)
		}
	}
	for _, o := range r.point.Objects {
		if strings.HasPrefix(o.Key, "state/ckpt/") {
			todo = append(todo, o)
		}
	}
	done, err := backup.Fetch(ctx, r.from, todo, r.s.objects, backup.Options{Clock: r.s.clock, Rate: r.options.Rate, Progress: r.options.Progress})
	r.out.Objects, r.out.Bytes = done.Objects, done.Bytes
	return err
}

func (r *restore) claim(ctx context.Context, id identity) error {
	if err := objstore.PutCluster(ctx, r.s.objects, id.cluster, true); err != nil {
		return err
	}
	instance, err := objstore.NewID(rand.Reader)
	if err != nil {
		return err
	}
	_, etag, err := objstore.ReadWriter(ctx, r.s.objects) // of a restore that was cut off
	if err != nil && !errors.Is(err, objstore.ErrNotFound) {
		return err
	}
	_, err = objstore.Take(ctx, r.s.objects, etag, objstore.WriterInfo{
		Cluster: id.cluster, Meta: id.meta, Instance: instance, Timelines: id.timelines, Writer: uint32(r.s.cfg.BrokerID), Fence: 1, Clean: true, Last: uint64(r.out.Commit),
	})
	return err
}

// checkThere refuses to make a directory that is mistyped.
func checkThere(dir, store string) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	return checkDirectoryStore(store)
}

// Report tells what was restored, for people.
func (r RestoredTo) Report(w io.Writer, cfg *config.Settings) error {
	_, err := fmt.Fprintf(w, "Restored commit %d of point %s into %s: timeline %d, %d objects, %d bytes.\n", r.Commit, r.Point, cfg.DataDir, r.Timeline, r.Objects, r.Bytes)
	return err
}
