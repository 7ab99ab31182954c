package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/redact"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Recovered is what Recover has made.
type Recovered struct {
	Commit   log.CommitSeq
	Timeline uint32
	Objects  int    // that the log names, all there but for Missing
	Missing  int    // accepted, and damaged ones
	Verified bool   // the bytes of all objects with records were read
	Links    int    // read behind the base
	Unmarked bool   // nothing tells whether the newest objects of the chain are missing
	Lost     string // accepted; "" = nothing
}

// recovering is what the metadata is called until it is whole.
const recovering = ".recovering"

// recoverTries bounds how often a server that still writes is outrun.
const recoverTries = 5

// Recover makes the metadata of a database anew from its object store alone, in a directory that has
// nothing, and takes the object store: a server that still writes to it acknowledges nothing from then on. What cannot
// be had again is refused until cfg.AcceptLoss repeats what the refusal says. quick looks at names and sizes of objects with
// records and does not read them. A crash leaves a directory on which Recover may be called again.
func Recover(ctx context.Context, cfg *config.Settings, logger *slog.Logger, quick bool) (out Recovered, err error) {
	s := &Server{cfg: cfg, logger: logger, clock: clock.Real{}}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if s.metaPath() == "" {
		return out, fmt.Errorf("meta %q: only pebble://DIRECTORY is there now", redact.URL(cfg.Meta))
	}
	if err := checkDirectoryStore(cfg.ObjectStore); err != nil {
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
	for try := 1; ; try++ {
		out, err = s.recover(ctx, quick)
		if !errors.Is(err, objstore.ErrFenced) || try == recoverTries {
			break
		}
	}
	if err != nil {
		return out, err
	}
	return out, meta.Adopt(s.metaPath()+recovering, s.metaPath())
}

// checkDirectoryStore refuses to make the directory that a mistyped URL names.
func checkDirectoryStore(url string) error {
	dir, ok := strings.CutPrefix(url, "file://")
	if !ok {
		return nil
	}
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("object store %s: %w", url, err)
	}
	return nil
}

// checkEmpty refuses a directory with anything in it that a server, or somebody else, has left. The object store itself may lie in it.
func (s *Server) checkEmpty() error {
	entries, err := os.ReadDir(s.cfg.DataDir)
	if err != nil {
		return err
	}
	may := []string{"LOCK", filepath.Base(s.metaPath()) + recovering}
	if dir, ok := strings.CutPrefix(s.cfg.ObjectStore, "file://"); ok {
		may = append(may, filepath.Base(dir))
	}
	for _, e := range entries {
		if !slices.Contains(may, e.Name()) {
			return fmt.Errorf("data directory %s is not empty: it has %s; give an empty one, or move that away", s.cfg.DataDir, e.Name())
		}
	}
	for _, path := range []string{s.metaPath(), s.metaPath() + ".proof"} {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already: give a directory without one, or move it away", path)
		}
	}
	return nil
}

func (s *Server) recover(ctx context.Context, quick bool) (out Recovered, err error) {
	path := s.metaPath() + recovering
	f := &findings{metaPath: s.metaPath(), storeURL: redact.URL(s.cfg.ObjectStore)}
	if err := f.findStore(ctx, s.objects); err != nil {
		return out, err
	}
	restored, err := chain.Restore(ctx, s.objects, path, meta.PebbleOptions{Logger: s.logger})
	if errors.Is(err, chain.ErrNoBase) {
		return out, fmt.Errorf("object store %s has no whole base of the metadata (%d objects meta/base/… are damaged): it was not written with durability = object, or is no store of this program",
			f.storeURL, len(restored.Skipped))
	}
	if err != nil {
		return out, err
	}
	store, err := meta.OpenPebble(path, meta.PebbleOptions{Logger: s.logger})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Read(ctx, f.identity.read); err != nil {
		return out, err
	}
	f.extent = meta.Extent{Exists: true, Floor: restored.Base.Floor, Last: restored.Newest}
	if err := f.gatherProofs(ctx, s.objects, true); err != nil {
		return out, err
	}
	out.Commit, out.Links, out.Unmarked = restored.Newest, restored.Links, restored.Mark == nil
	state, missing, err := s.inspect(ctx, f, store)
	if err != nil {
		return out, err
	}
	if out.Verified = !quick; out.Verified {
		there := slices.DeleteFunc(slices.Clone(state.Objects), func(o log.NamedObject) bool { return slices.Contains(missing, o) })
		bad, err := s.damaged(ctx, there)
		if err != nil {
			return out, fmt.Errorf("verify records: %w", err)
		}
		missing = append(missing, bad...)
		slices.SortFunc(missing, func(a, b log.NamedObject) int { return strings.Compare(a.Key, b.Key) })
	}
	out.Objects, out.Missing = len(state.Objects), len(missing)
	if out.Lost, err = f.judgeRecovery(restored, missing, s.cfg.AcceptLoss); err != nil {
		return out, err
	}
	return out, s.takeRecovered(ctx, f, store, &out)
}

// inspect restores the log's state, and tells which of the objects that it names are not there or not whole.
func (s *Server) inspect(ctx context.Context, f *findings, store meta.Store) (log.State, []log.NamedObject, error) {
	// Snapshots of what came behind are of the timeline that ends here.
	lines := append(slices.Clone(f.identity.timelines), log.Timeline{Number: f.nextTimeline(), Kept: uint64(f.extent.Last)})
	state, err := log.Inspect(ctx, log.Config{Objects: s.objects, Meta: store, Rand: rand.Reader, Timelines: lines, Logger: s.logger})
	if err != nil {
		return state, nil, fmt.Errorf("object store %s has no whole snapshot of the log that commit %d can be reached from: %w", f.storeURL, f.extent.Last, err)
	}
	missing, err := absent(ctx, s.objects, state.Objects)
	return state, missing, err
}

// absent are the objects that the store does not have, or not of their size.
func absent(ctx context.Context, store objstore.Store, objects []log.NamedObject) (missing []log.NamedObject, err error) {
	sizes := map[string]int64{}
	for _, prefix := range []string{"log/", "seg/"} {
		for info, err := range store.List(ctx, prefix, "") {
			if err != nil {
				return nil, fmt.Errorf("list objects: %w", err)
			}
			sizes[info.Key] = info.Size
		}
	}
	for _, n := range objects {
		if size, ok := sizes[n.Key]; !ok || size != n.Size {
			missing = append(missing, n)
		}
	}
	return missing, nil
}

// judgeRecovery refuses what is less than there was, unless accept repeats what it says.
func (f *findings) judgeRecovery(r chain.Restored, missing []log.NamedObject, accept string) (lost string, err error) {
	var why []string
	switch most := f.most(); {
	case r.Gap != nil:
		why = append(why, fmt.Sprintf("%v: what was committed after commit %d is lost", r.Gap, r.Newest))
	case r.Flags&chain.End != 0:
		why = append(why, fmt.Sprintf("the server was started with durability = local at commit %d: what was committed after it is in its data directory alone", r.Newest))
	case most.last > r.Newest || most.timeline > f.identity.timeline():
		why = append(why, fmt.Sprintf("the chain of the metadata ends at commit %d of timeline %d, but %s proves commit %d of timeline %d: objects meta/chain/… are missing",
			r.Newest, f.identity.timeline(), most.by, most.last, most.timeline))
	}
	if n := len(missing); n > 0 {
		why = append(why, fmt.Sprintf("%d objects with records are missing, cut or damaged, the first is %s", n, missing[0]))
	}
	token := fmt.Sprintf("%d:%d", max(f.identity.timeline(), f.writer.Newest()), r.Newest)
	if len(missing) > 0 {
		token += fmt.Sprintf(":%d", len(missing))
	}
	lost = strings.Join(why, "; ")
	switch {
	case lost == "" && accept != "":
		return "", fmt.Errorf("accept_loss %s does not fit: nothing is missing; remove it", accept)
	case lost != "" && accept != token:
		return "", fmt.Errorf("%s; bring back what is missing, or go on with what is there with --accept-loss %s", lost, token)
	}
	return lost, nil
}

// most is the newest commit that anything proves on this timeline or a later one.
func (f *findings) most() (most proof) {
	for _, p := range f.proofs {
		if p.timeline >= f.identity.timeline() && p.last > most.last {
			most = p
		}
	}
	return most
}

// takeRecovered begins a timeline and takes chain and object store for what was recovered.
func (s *Server) takeRecovered(ctx context.Context, f *findings, store *meta.PebbleStore, out *Recovered) error {
	id := f.identity
	out.Timeline = f.nextTimeline()
	id.timelines = append(slices.Clone(id.timelines), log.Timeline{Number: out.Timeline, Kept: uint64(out.Commit)})
	id.meta = ""
	if err := id.complete(f.cluster); err != nil {
		return err
	}
	writes, err := id.writes()
	if err != nil {
		return err
	}
	if out.Lost != "" {
		writes = append(writes, meta.Write{Key: []byte("checkpoint/newest")}, meta.Write{Key: clampKey, Value: []byte{1}})
	}
	err = chain.TakeOver(ctx, chain.Config{Inner: store, Objects: s.objects, Timeline: out.Timeline, Clock: s.clock, Rand: rand.Reader,
		Logger: s.logger, AttemptTimeout: s.cfg.ObjectAttemptTimeout}, writes)
	if err != nil {
		return fmt.Errorf("take the chain of the metadata: %w", err)
	}
	if f.cluster != id.cluster {
		if err := objstore.PutCluster(ctx, s.objects, id.cluster, true); err != nil {
			return err
		}
	}
	instance, err := objstore.NewID(rand.Reader)
	if err != nil {
		return err
	}
	_, err = objstore.Take(ctx, s.objects, f.writerETag, objstore.WriterInfo{
		Cluster: id.cluster, Meta: id.meta, Instance: instance, Timelines: id.timelines,
		Writer: uint32(s.cfg.BrokerID), Fence: f.writer.Fence + 1, Last: uint64(out.Commit), Clean: true,
	})
	return err
}

// Report tells what was recovered, for people.
func (r Recovered) Report(w io.Writer, cfg *config.Settings) error {
	_, err := fmt.Fprintf(w, "Recovered commit %d into %s: timeline %d, %d objects with records, %d objects of the chain read.\n",
		r.Commit, cfg.DataDir, r.Timeline, r.Objects, r.Links)
	if err == nil && !r.Verified {
		_, err = fmt.Fprintln(w, "The bytes of the records were not read: without --quick their checksums are verified.")
	}
	if err == nil && r.Unmarked {
		_, err = fmt.Fprintln(w, "Object meta/mark is missing or damaged: had the newest objects of meta/chain been missing too, nothing would have told.")
	}
	if err == nil && r.Lost != "" {
		_, err = fmt.Fprintf(w, "Given up: %s.\n", r.Lost)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "Start it with --data-dir %s --object-store '%s' --durability object\n", cfg.DataDir, redact.URL(cfg.ObjectStore))
	}
	return err
}
