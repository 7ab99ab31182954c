package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/redact"
	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// lastBackupKey has what the newest backup of a running server was.
var lastBackupKey = []byte("backup/last")

// backups is what a server knows of its backups.
type backups struct {
	running sync.Mutex // held by the one that is under way

	mu       sync.Mutex
	progress backup.Progress
	last     lastBackup
}

type lastBackup struct {
	To         string `json:"to"`
	Point      string `json:"point"`
	Commit     uint64 `json:"commit"`
	TimeMillis int64  `json:"time"`
}

// BackupOptions are the rate in bytes a second, 0 = no bound, how many points stay, 0 = all, and who is told of progress.
type BackupOptions struct {
	Rate     int64
	Keep     int
	Progress func(backup.Progress)
}

// Backed is a point that was written.
type Backed struct {
	To            string `json:"to"`
	Point         string `json:"point"`
	Commit        uint64 `json:"commit"`
	Objects       int    `json:"objects"` // of the point
	Bytes         int64  `json:"bytes"`
	CopiedObjects int    `json:"copied_objects"` // those that were not there
	CopiedBytes   int64  `json:"copied_bytes"`
	// What --keep has removed.
	RemovedPoints  int `json:"removed_points,omitempty"`
	RemovedObjects int `json:"removed_objects,omitempty"`
}

// errBackupRuns: one backup at a time.
var errBackupRuns = errors.New("another backup is under way")

// Backup writes a point of the running server to another object store. Nothing that it needs is deleted meanwhile.
func (s *Server) Backup(ctx context.Context, to string, o BackupOptions) (b Backed, err error) {
	if !s.backups.running.TryLock() {
		return b, errBackupRuns
	}
	defer s.backups.running.Unlock()
	defer s.backups.note(backup.Progress{})
	release := s.guarded.Hold()
	defer func() {
		if relErr := release(context.WithoutCancel(ctx)); relErr != nil {
			s.logger.Warn("objects that a backup has held are left; a start removes them", "error", relErr)
		}
	}()
	told := o.Progress
	o.Progress = func(p backup.Progress) {
		s.backups.note(p)
		if told != nil {
			told(p)
		}
	}
	if b, err = s.backup(ctx, s.patient, to, o); err != nil {
		return b, err
	}
	last := lastBackup{To: b.To, Point: b.Point, Commit: b.Commit, TimeMillis: s.clock.Now().UnixMilli()}
	text, err := json.Marshal(last)
	if err == nil {
		err = s.meta.Commit(ctx, meta.Txn{Writes: []meta.Write{{Key: lastBackupKey, Value: text}}})
	}
	if err != nil {
		return b, fmt.Errorf("the backup is made, but could not be noted: %w", err)
	}
	s.backups.mu.Lock()
	s.backups.last = last
	s.backups.mu.Unlock()
	s.logger.Info("backup", "to", b.To, "point", b.Point, "commit", b.Commit, "objects", b.Objects, "copied", b.CopiedObjects)
	return b, nil
}

func (b *backups) note(p backup.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.progress = p
}

// backup copies what the metadata has now, and all objects there are then.
// REQUIRES: nothing is deleted meanwhile.
func (s *Server) backup(ctx context.Context, objects objstore.Store, to string, o BackupOptions) (b Backed, err error) {
	b.To = redact.URL(to)
	store, err := objstore.Open(ctx, to)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, objstore.Close(store)) }()
	image, err := s.local.Image(ctx)
	if err != nil {
		return b, err
	}
	defer image.Close()
	made, err := backup.Make(ctx, backup.Source{Objects: objects, Image: image, Cluster: s.identity.cluster, Meta: s.identity.meta,
		Timelines: s.identity.timelines, Rand: rand.Reader}, store, backup.Options{Clock: s.clock, Rate: o.Rate, Progress: o.Progress})
	if err != nil {
		return b, fmt.Errorf("backup to %s: %w", b.To, err)
	}
	b.Point, b.Commit, b.Objects, b.Bytes = made.Point.Name, made.Point.Commit, len(made.Point.Objects), made.Point.Bytes()
	b.CopiedObjects, b.CopiedBytes = made.Copied.Objects, made.Copied.Bytes
	if o.Keep > 0 {
		if b.RemovedPoints, b.RemovedObjects, err = backup.Prune(ctx, store, o.Keep); err != nil {
			return b, fmt.Errorf("the backup is made, point %s, but older ones could not be removed from %s: %w", b.Point, b.To, err)
		}
	}
	return b, nil
}

// BackupStopped writes a point of a data directory that no server has.
func BackupStopped(ctx context.Context, cfg *config.Settings, logger *slog.Logger, to string, o BackupOptions) (b Backed, err error) {
	s := &Server{cfg: cfg, logger: logger, clock: clock.Real{}}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if err := checkThere(cfg.DataDir, cfg.ObjectStore); err != nil {
		return b, err
	}
	if err := s.lockDirectory(ctx); err != nil {
		return b, err
	}
	if err := s.openObjects(ctx); err != nil {
		return b, err
	}
	found, err := s.find(ctx)
	if err != nil {
		return b, err
	}
	if found.isFresh() {
		return b, fmt.Errorf("data directory %s has no database", cfg.DataDir)
	}
	if _, err := found.judge("", ""); err != nil {
		return b, err
	}
	s.identity = found.identity
	if s.local, err = meta.OpenPebble(s.metaPath(), meta.PebbleOptions{Logger: logger, Probed: true}); err != nil {
		return b, err
	}
	s.onClose(func(context.Context) error { return s.local.Close() })
	if found.chained {
		if _, err := chain.TakeLinks(ctx, s.local, s.objects, found.chain, found.position); err != nil {
			return b, err
		}
	}
	return s.backup(ctx, s.objects, to, o)
}

// loadBackups finds out when the newest backup was made.
func (s *Server) loadBackups(ctx context.Context) error {
	return s.meta.Read(ctx, func(snap meta.Snapshot) error {
		text, version, err := snap.Get(lastBackupKey)
		if err != nil || version == 0 {
			return err
		}
		if err := json.Unmarshal(text, &s.backups.last); err != nil {
			return fmt.Errorf("%w: row %s: %w", meta.ErrCorrupt, lastBackupKey, err)
		}
		return nil
	})
}

func (s *Server) backupMetrics() []prometheus.Collector {
	g := func(name, help string, read func() float64) prometheus.Collector {
		return httpd.Gauge("tributary_backup_"+name, help, read)
	}
	return []prometheus.Collector{
		g("last_timestamp_seconds", "When the newest backup of the running server was made, Unix seconds; 0 = never.", func() float64 {
			s.backups.mu.Lock()
			defer s.backups.mu.Unlock()
			return float64(s.backups.last.TimeMillis) / 1000
		}),
		g("objects_pending", "Objects that the backup under way has still to copy.", func() float64 {
			s.backups.mu.Lock()
			defer s.backups.mu.Unlock()
			return float64(s.backups.progress.OfObjects - s.backups.progress.Objects)
		}),
		g("objects_held", "Objects that are not deleted before the backup under way has ended.", func() float64 { return float64(s.guarded.Held()) }),
	}
}
