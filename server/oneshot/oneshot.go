package oneshot

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/latency"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Session is what a statement needs of a session.
type Session interface {
	Parse(ctx context.Context, name, sql string, paramTypes []sqltype.OID) error
	Bind(ctx context.Context, b *face.Bind) error
	DescribeStatement(ctx context.Context, name string) (params []sqltype.OID, fields []face.Field, err error)
	Execute(ctx context.Context, portal string, maxRows int, w face.Writer) error
	Sync(ctx context.Context) error
	Status() face.TxStatus
	Close() error
}

// Config is what a Runner needs. Open and Database must be given.
type Config struct {
	Open     func(ctx context.Context, s face.Startup) (Session, error)
	Database string
	Clock    clock.Clock
}

// Runner runs statements. It is safe for concurrent use.
type Runner struct {
	cfg     Config
	pids    atomic.Int32
	latency latency.Histogram
	failed  atomic.Int64
}

// firstPID is above those of sessions that last.
const firstPID = 1 << 30

// New makes a runner.
func New(cfg Config) *Runner {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real{}
	}
	return &Runner{cfg: cfg}
}

// Database is the one that statements run in.
func (r *Runner) Database() string { return r.cfg.Database }

// Latency is the time of statements, their rows written included.
func (r *Runner) Latency() latency.Snapshot { return r.latency.Snapshot() }

// Failed counts the statements answered with an error.
func (r *Runner) Failed() int64 { return r.failed.Load() }

// Statement is what to run, and for whom.
type Statement struct {
	Principal auth.Principal
	SQL       string
	// Params are rows of parameters, each row one run; nil = one run without. All runs are one
	// transaction.
	Params [][][]byte
	Format face.Format // of the parameters
	// Settings of the session.
	Settings []face.Setting
	// Data feeds a COPY … FROM STDIN; nil refuses one.
	Data io.Reader
}

// Result takes what a statement gives.
type Result interface {
	// Columns announces the rows to come; it is not called for a statement without.
	Columns(fields []face.Field) error
	// Rows takes the live rows of b, which is lent until it returns; b has no row errors.
	Rows(b *delta.Batch) error
	// Flush sends what was taken: for results that have no end in sight.
	Flush() error
}

// Outcome is how a statement ended.
type Outcome struct {
	Tag string // of the last run ("INSERT 0 3"), "" for an empty text
	// Affected is the number of rows that the tags tell, of all runs.
	Affected int64
}

// Run runs a statement. Its errors are those of the session (*sqlerr.Error) and of out.
func (r *Runner) Run(ctx context.Context, st Statement, out Result) (done Outcome, err error) {
	began := r.cfg.Clock.Now()
	defer func() { r.ended(began, err) }()
	err = r.with(ctx, st, func(s Session) error {
		w := &writer{out: out, data: st.Data}
		params := st.Params
		if params == nil {
			params = [][][]byte{nil}
		}
		for _, row := range params {
			b := face.Bind{Params: row, ParamFormats: []face.Format{st.Format}}
			if err := s.Bind(ctx, &b); err != nil {
				return err
			}
			if err := s.Execute(ctx, "", 0, w); err != nil {
				return err
			}
		}
		done = Outcome{w.tag, w.affected}
		if s.Status() != face.TxIdle {
			return sqlerr.New(sqlerr.FeatureNotSupported, "a transaction block needs a connection that lasts").
				WithHint("Each statement here is a transaction of its own. Use the PostgreSQL protocol for blocks.")
		}
		return s.Sync(ctx)
	})
	return done, err
}

// Describe gives the parameter types and the columns of a statement; nil fields: it has no rows.
func (r *Runner) Describe(ctx context.Context, st Statement) (params []sqltype.OID, fields []face.Field, err error) {
	err = r.with(ctx, st, func(s Session) error {
		params, fields, err = s.DescribeStatement(ctx, "")
		return err
	})
	return params, fields, err
}

func (r *Runner) ended(began time.Time, err error) {
	r.latency.Observe(r.cfg.Clock.Now().Sub(began))
	if err != nil {
		r.failed.Add(1)
	}
}

// with parses st in a session that ends when run does.
func (r *Runner) with(ctx context.Context, st Statement, run func(Session) error) (err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ended := func(cause *sqlerr.Error) { end(cause) }
	s, err := r.cfg.Open(ctx, face.Startup{
		Cancel: ended, Terminate: ended,
		Principal: st.Principal, Database: r.cfg.Database, Settings: st.Settings,
		PID: firstPID + r.pids.Add(1)&(firstPID-1), Client: nobody{},
	})
	if err != nil {
		return err
	}
	defer func() {
		if cause := context.Cause(ctx); err != nil && cause != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = cause
		}
		err = errors.Join(err, s.Close())
	}()
	if err := s.Parse(ctx, "", st.SQL, nil); err != nil {
		return err
	}
	return run(s)
}

// nobody is a client that is told nothing while a statement runs.
type nobody struct{}

func (nobody) Notice(face.Notice)       {}
func (nobody) Parameter(string, string) {}

// affected is the number at a tag's end, 0 without one.
func affected(tag string) int64 {
	n, err := strconv.ParseInt(tag[strings.LastIndexByte(tag, ' ')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
