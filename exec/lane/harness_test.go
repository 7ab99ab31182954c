package lane_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/session"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
)

// database is the engine over a log in memory, without the network: what a server composes.
type database struct {
	t       testing.TB
	objects objstore.Store
	meta    meta.Store
	rand    io.Reader
	// without: the next start builds everything from the log.
	without  bool
	interval time.Duration
	// readTimeout is strict_read_timeout, 0 = none.
	readTimeout time.Duration
	rest        time.Duration // tick_interval
	decoded     int64         // decode_cache
	pinAge      time.Duration
	pinBytes    int64
	history     int64         // history_bytes
	lateRows    int64         // late_rows_kept
	clock       shifted       // of the runtime
	cut         int64         // tick_commits
	stage       int           // stage_bytes
	entry       int64         // what an entry of the log may have, 0 = as in a server
	inline      int64         // inline_bytes, 0 = as in a server, -1 = none
	clean       int64         // what was not compacted is worth a pass, 0 = as in a server
	part        int64         // rows of a part of a first tick
	shards      int           // 0 = as many as there are processors
	tickRows    int64         // min_shard_tick_rows
	partBytes   int           // of the log that a shard takes at once
	workers     int           // 0 = as many as there are processors
	idle        time.Duration // watermark_idle_timeout
	timeTick    time.Duration // time_tick_interval
	logClock    shifted       // of commits
	patience    time.Duration // of a statement
	warnings    *warnings
	account     *memory.Account
	memory      int64 // of the account, 0 = no limit

	log         *log.DB
	catalog     *catalog.Catalog
	checkpoints *checkpoint.Store
	tables      *table.Set
	runtime     *lane.Runtime
	needed      atomic.Pointer[lane.Runtime] // that has started
	decodes     *decoded.Cache
	db          *session.Database
	session     *session.Session
}

// shifted is the clock of the machine, set forward.
type shifted struct {
	clock.Real
	by atomic.Int64
	// after, if not nil, is called when somebody waits an hour or longer, which is over at once.
	after func(d time.Duration)
}

func (c *shifted) After(d time.Duration) <-chan time.Time {
	if c.after == nil || d < time.Hour {
		return c.Real.After(d)
	}
	c.after(d)
	return c.Real.After(0)
}

func (c *shifted) Now() time.Time { return c.Real.Now().Add(time.Duration(c.by.Load())) }

// warnings are what was logged at WARN or above.
type warnings struct {
	slog.Handler
	messages chan string
}

func (w *warnings) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	select {
	case w.messages <- text:
	default:
	}
	return nil
}

func (w *warnings) take() (out []string) {
	for {
		select {
		case m := <-w.messages:
			out = append(out, m)
		default:
			return out
		}
	}
}

// troubles are the warnings that do not tell of a failed row of the data.
func (w *warnings) troubles() []string {
	return slices.DeleteFunc(w.take(), func(m string) bool { return strings.HasPrefix(m, "a row failed") })
}

func newDatabase(t testing.TB) *database {
	d := &database{
		t: t, objects: objstore.NewMem(), meta: metatest.OpenMemory(t), rand: logtest.Rand(7), idle: time.Hour, decoded: 32 << 10,
		warnings: &warnings{Handler: slog.DiscardHandler, messages: make(chan string, 1000)},
		shards:   3, workers: 3, partBytes: 1, // whatever is large enough for them, which is everything
	}
	d.start()
	t.Cleanup(func() { d.crash() })
	return d
}

func (d *database) start() {
	d.t.Helper()
	ctx := context.Background()
	var err error
	check := func() {
		d.t.Helper()
		if err != nil {
			d.t.Fatal(err)
		}
	}
	logger := slog.New(d.warnings)
	d.catalog = catalog.New()
	d.needed.Store(nil)
	d.log, err = log.Open(ctx, log.Config{
		Clock: &d.logClock, Objects: d.objects, Meta: d.meta, Rand: d.rand, Parts: []log.Part{d.catalog}, Needs: d.needs,
		Limits: log.Limits{MaxEntryBytes: d.entry, InlineBytes: d.inline, CleanBytes: d.clean},
	})
	check()
	d.account = memory.New("memory", d.memory)
	d.tables = table.New(table.Config{
		Account: d.account.Force, Reserve: d.account.Charge, Logger: logger,
		Log: d.log, Clock: clock.Real{}, MaxBytes: 1 << 28, StageBytes: d.stage, MaxLocks: 1 << 20, MaxRecordBatch: session.MaxRecordBatch,
	})
	d.checkpoints = checkpoint.NewStore(context.Background(), checkpoint.Config{Objects: d.objects, Local: true, Meta: d.meta, Rand: d.rand, Logger: logger})
	var from *checkpoint.Loaded
	if !d.without {
		var at log.CommitSeq
		at, err = d.log.Newest(ctx, true)
		check()
		_ = d.checkpoints.Sweep(ctx) // where one is damaged nothing is swept
		from, err = d.checkpoints.Newest(ctx, at)
		check()
	}
	err = d.tables.Restore(ctx, d.catalog, from)
	check()
	d.decodes = decoded.NewCache(d.decoded, d.account)
	d.runtime = lane.New(lane.Config{
		Log: d.log, Catalog: d.catalog, Tables: d.tables, Clock: &d.clock, Logger: logger,
		System:  func(catalog.OID) (lane.SystemRows, bool) { return nil, false },
		Decoded: d.decodes, Memory: d.account, MaxBytes: 1 << 28, StageBytes: d.stage, MaxRecordBatch: session.MaxRecordBatch,
		Checkpoints: d.checkpoints, CheckpointInterval: d.interval, Restored: from, TickCommits: d.cut, PartRows: d.part, Shards: d.shards, MinTickRows: d.tickRows, PartBytes: d.partBytes, SortRows: d.partBytes * 2, Workers: d.workers,
		RetryPause: time.Millisecond, TickInterval: d.rest, TimeTick: d.timeTick, PinAge: d.pinAge, PinBytes: d.pinBytes, HistoryBytes: d.history, LateRows: d.lateRows, StrictReadTimeout: d.readTimeout,
	})
	d.db = session.New(session.Deps{
		Log: d.log, Meta: d.meta, Catalog: d.catalog, Tables: d.tables, Runtime: d.runtime,
		Sources: connector.New(connector.Config{Log: d.log, Catalog: d.catalog, Clock: clock.Real{}}),
		Folder:  expr.Folder{}, Clock: clock.Real{}, Rand: d.rand, Logger: logger, Version: "test", DefaultPartitions: 1, WatermarkIdleTimeout: d.idle,
		Settings: func(string) (string, bool) { return "", false },
	})
	err = d.runtime.Start(ctx)
	check()
	d.needed.Store(d.runtime)
	d.openSession()
}

// needs is what the dataflows need of a topic, once they have started.
func (d *database) needs(id log.TopicID) (log.Needs, bool) {
	if r := d.needed.Load(); r != nil {
		return r.Needs(id), true
	}
	return log.Needs{}, false
}

// openSession makes the session that statements run in a new one.
func (d *database) openSession() {
	d.t.Helper()
	var err error
	d.session, err = d.db.Open(context.Background(), face.Startup{Principal: auth.Principal{Name: session.Superuser}, Database: "tributary", Client: client{}})
	if err != nil {
		d.t.Fatal(err)
	}
}

// crash drops everything but what is durable.
func (d *database) crash() {
	d.t.Helper()
	_ = d.session.Close()
	if err := d.runtime.Close(); err != nil {
		d.t.Error(err)
	}
	if err := d.log.Close(context.Background()); err != nil {
		d.t.Error(err)
	}
}

func (d *database) restart() {
	d.t.Helper()
	d.crash()
	d.start()
}

func (d *database) checkpoint() {
	d.t.Helper()
	if err := d.runtime.Checkpoint(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// exec runs statements; their rows come back as text, sorted.
func (d *database) exec(sql string) []string {
	d.t.Helper()
	rows, err := d.try(sql)
	if err != nil {
		d.t.Fatalf("%s: %v; %q", sql, err, d.warnings.take())
	}
	return rows
}

func (d *database) execf(format string, args ...any) []string {
	d.t.Helper()
	return d.exec(fmt.Sprintf(format, args...))
}

func (d *database) try(sql string) ([]string, error) {
	w := &rowsWriter{}
	ctx, cancel := context.WithTimeout(context.Background(), max(d.patience, 20*time.Second))
	defer cancel()
	err := d.session.Simple(ctx, sql, w)
	slices.Sort(w.rows)
	return w.rows, err
}

// produce appends JSON records to a stream's topic, one commit.
func (d *database) produce(topic string, values ...string) {
	d.t.Helper()
	id, ok := d.log.TopicByName(topic)
	if !ok {
		d.t.Fatalf("no topic %s", topic)
	}
	b := recordbatch.NewBuilder(64 << 20)
	for _, v := range values {
		if err := b.Add(nil, []byte(v), nil, 1000); err != nil {
			d.t.Fatal(err)
		}
	}
	logtest.Append(d.t, d.log, &log.Entry{Appends: []log.Append{{Partition: log.Partition{Topic: id.ID}, RecordBatches: b.AppendTo(nil)}}})
}

// records are all of a topic, "key=value" each, in log order.
func (d *database) records(topic string) (out []string) {
	d.t.Helper()
	id, ok := d.log.TopicByName(topic)
	if !ok {
		d.t.Fatalf("no topic %s", topic)
	}
	ctx := context.Background()
	newest, err := d.log.Newest(ctx, true)
	if err != nil {
		d.t.Fatal(err)
	}
	changes, err := d.log.Changes(ctx, 0, newest, log.Filter{Topics: []log.TopicFilter{{Topic: id.ID}}})
	if err != nil {
		d.t.Fatal(err)
	}
	defer changes.Close()
	var reader recordbatch.Reader
	var res log.ChangeResult
	for more := true; more; {
		if more, err = changes.Next(ctx, log.Budget{MaxBytes: 1 << 20}, &res); err != nil {
			d.t.Fatal(err)
		}
		for _, run := range res.Runs {
			if err := reader.Reset(run.RecordBatch, 1<<30); err != nil {
				d.t.Fatal(err)
			}
			for reader.Next() {
				r := reader.Record()
				value := "∅"
				if r.Value != nil {
					value = string(r.Value)
				}
				out = append(out, string(r.Key)+"="+value)
			}
		}
		res.Runs = res.Runs[:0]
	}
	return out
}

// newest is the newest version.
func (d *database) newest() log.CommitSeq {
	d.t.Helper()
	v, err := d.log.Newest(context.Background(), true)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// settle waits until a sink or derived stream has taken in everything.
func (d *database) settle(name string) {
	d.t.Helper()
	rel, ok := d.catalog.Now().Relation("", name, []string{"public"})
	if !ok {
		d.t.Fatalf("no relation %s", name)
	}
	newest, err := d.log.Newest(context.Background(), true)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := d.runtime.Watch(ctx, rel.OID, newest); err != nil {
		d.t.Fatalf("%s: %v; %v", name, err, d.warnings.take())
	}
}

type client struct{}

func (client) Notice(face.Notice)       {}
func (client) Parameter(string, string) {}

// rowsWriter keeps result rows as text.
type rowsWriter struct {
	face.Writer // COPY is not for it
	fields      []face.Field
	rows        []string
}

func (w *rowsWriter) Fields(f []face.Field) error { w.fields = f; return nil }
func (w *rowsWriter) Complete(string) error       { return nil }
func (w *rowsWriter) Empty() error                { return nil }
func (w *rowsWriter) Flush() error                { return nil }

func (w *rowsWriter) Rows(b *delta.Batch) error {
	if len(b.Errs) > 0 {
		return b.Errs[0].Err
	}
	for row := range int32(b.Len) {
		if b.Sel != nil && !slices.Contains(b.Sel, row) {
			continue
		}
		var cells []string
		for i, f := range w.fields {
			switch {
			case b.Cols[i].Null(row):
				cells = append(cells, "NULL")
			case f.Encode != nil:
				cells = append(cells, string(f.Encode(nil, &b.Cols[i], row)))
			default:
				cells = append(cells, hex.EncodeToString(b.Cols[i].Bytes(row)))
			}
		}
		for range b.Weight(row) {
			w.rows = append(w.rows, strings.Join(cells, "|"))
		}
	}
	return nil
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	t.Fatalf("%s:\n got %d %.2000s\nwant %d %.2000s", what, len(got), strings.Join(got, "\n     "), len(want), strings.Join(want, "\n     "))
}

func seeded(t testing.TB, seed uint64) *rand.Rand {
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
