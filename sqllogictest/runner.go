package sqllogictest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Mode is how queries are put to the server.
type Mode string

const (
	Select     Mode = "select"
	ViewAfter  Mode = "view-after"
	ViewBefore Mode = "view-before"
)

// Modes are all of them.
var Modes = []Mode{Select, ViewAfter, ViewBefore}

// Options says how to run files.
type Options struct {
	// Connect opens a connection; it is called again when one breaks.
	Connect func(ctx context.Context) (*pgconn.PgConn, error)
	Mode    Mode
	Waivers Waivers
	// Engines are the names that skipif and onlyif mean by this server. Default PostgreSQL.
	Engines []string
	// MaxViews bounds the views that are alive at once in mode view-before. Default 1000.
	MaxViews int
	// Timeout bounds one record. Default 30 s.
	Timeout time.Duration
	// Refresh makes mode view-before usable on a server whose views do not follow their data:
	// REFRESH MATERIALIZED VIEW comes before each read.
	Refresh bool
	// Between, if given, is called before each record that is in no transaction, with the number
	// of its line. After true the server is another process over the same data.
	Between func(line int) (restarted bool, err error)
	// Trace, if given, is told each statement before it is sent.
	Trace func(sql string)
}

func (o *Options) engines() []string {
	if len(o.Engines) == 0 {
		return []string{PostgreSQL}
	}
	return o.Engines
}

// Runner runs files on one connection at a time.
type Runner struct {
	opts   Options
	conn   *pgconn.PgConn
	report *Report

	relations []relation        // created and not dropped, oldest first
	topics    []string          // of streams and sinks: they outlive them
	tainted   map[string]string // relation -> why what it holds is not what the file thinks
	labels    map[string]label
}

type label struct {
	line int
	hash string
}

// RunFile runs the file at path, which reports and waivers call name. Its error is one of
// the machinery: connection, file, syntax; what the records did is in the report.
func RunFile(ctx context.Context, opts Options, path, name string) (*Report, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	records, err := Parse(string(src), opts.engines()...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return RunRecords(ctx, opts, records, name)
}

// RunRecords runs parsed records.
func RunRecords(ctx context.Context, opts Options, records []*Record, name string) (*Report, error) {
	if opts.MaxViews <= 0 {
		opts.MaxViews = 1000
	}
	if opts.Timeout <= 0 {
		opts.Timeout = 30 * time.Second
	}
	r := &Runner{opts: opts, report: newReport(name, opts.Mode)}
	defer r.disconnect(ctx)
	if err := r.connect(ctx); err != nil {
		return nil, err
	}
	var err error
	if opts.Mode == ViewBefore {
		err = r.runBefore(ctx, records)
	} else {
		err = r.round(ctx, records, nil, true)
	}
	return r.report, err
}

// round runs the file once on a clean slate. views, in mode view-before, are those of this
// round by the index of the record after which they are made; nil runs all queries in place.
func (r *Runner) round(ctx context.Context, records []*Record, views map[int][]*liveView, count bool) error {
	r.relations, r.tainted, r.labels = nil, map[string]string{}, map[string]label{}
	defer func() { r.cleanUp(ctx) }()
	r.makeViews(ctx, views[-1])
	readers := readersOf(views)
	for i, rec := range records {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.between(ctx, rec.Line); err != nil {
			return err
		}
		if err := r.connect(ctx); err != nil {
			return err
		}
		switch {
		case rec.Statement:
			r.statement(ctx, rec, count)
		case views == nil, !viewable(rec.SQL) && count:
			r.query(ctx, rec)
		case !viewable(rec.SQL):
			r.ask(ctx, rec.SQL) // counted in the first round
		case readers[i] != nil:
			r.readBefore(ctx, rec, readers[i], i)
		}
		r.makeViews(ctx, views[i])
	}
	return nil
}

func (r *Runner) between(ctx context.Context, line int) error {
	if r.opts.Between == nil || r.inTransaction() {
		return nil
	}
	restarted, err := r.opts.Between(line)
	if restarted {
		r.disconnect(ctx)
		r.conn = nil
	}
	return err
}

func (r *Runner) connect(ctx context.Context) error {
	if r.conn != nil && !r.conn.IsClosed() {
		return nil
	}
	conn, err := r.opts.Connect(ctx)
	r.conn = conn
	return err
}

func (r *Runner) disconnect(ctx context.Context) {
	if r.conn != nil {
		_ = r.conn.Close(ctx)
	}
}

// answer is what the server said to one statement.
type answer struct {
	rows [][][]byte
	oids []uint32
	tag  string
	err  error
}

func (a answer) code() string {
	var pe *pgconn.PgError
	if errors.As(a.err, &pe) {
		return pe.Code
	}
	return ""
}

// unsupported is the reason to skip a record, "" if the server does not say that it lacks
// something.
func (a answer) unsupported() string {
	var pe *pgconn.PgError
	if errors.As(a.err, &pe) && pe.Code == "0A000" {
		return "0A000: " + pe.Message
	}
	return ""
}

// ask sends one statement by the simple protocol.
func (r *Runner) ask(ctx context.Context, sql string) answer {
	if r.opts.Trace != nil {
		r.opts.Trace(sql)
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	if err := r.connect(ctx); err != nil {
		return answer{err: err}
	}
	var a answer
	results := r.conn.Exec(ctx, sql)
	for results.NextResult() {
		a = readResult(results.ResultReader())
	}
	if err := results.Close(); a.err == nil {
		a.err = err
	}
	return a
}

func readResult(rr *pgconn.ResultReader) answer {
	var a answer
	for _, f := range rr.FieldDescriptions() {
		a.oids = append(a.oids, f.DataTypeOID)
	}
	for rr.NextRow() {
		row := make([][]byte, len(rr.Values()))
		for i, v := range rr.Values() {
			if v != nil {
				row[i] = append([]byte{}, v...) // borrowed until the next row
			}
		}
		a.rows = append(a.rows, row)
	}
	tag, err := rr.Close()
	a.tag, a.err = tag.String(), err
	return a
}

// again calls try until it finds nothing wrong, as often as the record allows.
func (r *Runner) again(ctx context.Context, rec *Record, try func() (wrong string)) string {
	wrong := try()
	for i, wait := 0, 10*time.Millisecond; i < rec.Retry && wrong != ""; i++ {
		select {
		case <-ctx.Done():
			return wrong
		case <-time.After(wait):
		}
		wait = min(2*wait, time.Second)
		wrong = try()
	}
	return wrong
}

// outcome counts what became of a record.
func (r *Runner) outcome(rec *Record, wrong, skip string) {
	_, waived := r.opts.Waivers[r.report.File][rec.Line]
	switch {
	case wrong == "" && skip == "":
		r.report.Passed++
		if !rec.Statement {
			r.report.Queries++
		}
	case waived:
		r.report.Waived++
	case skip != "":
		r.report.Skipped[skip]++
	default:
		r.report.fail(rec, "%s", wrong)
	}
}

// taintOf is why a record cannot be judged: it names a relation that is not what the file
// thinks.
func (r *Runner) taintOf(sql string) string {
	if len(r.tainted) == 0 {
		return ""
	}
	for _, w := range words(sql) {
		if why, ok := r.tainted[w]; ok {
			return why
		}
	}
	return ""
}

// cleanUp drops what the file left behind, newest first.
func (r *Runner) cleanUp(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if r.inTransaction() {
		r.ask(ctx, "ROLLBACK")
	}
	for i := len(r.relations) - 1; i >= 0; i-- {
		rel := r.relations[i]
		r.ask(ctx, "DROP "+rel.kind+" IF EXISTS "+rel.sql)
	}
	for _, topic := range r.topics {
		r.ask(ctx, `DROP TOPIC "`+topic+`"`)
	}
	r.relations, r.topics = nil, nil
}

// inTransaction: no view can be made here, nor does one show what the transaction did.
func (r *Runner) inTransaction() bool {
	return r.conn != nil && !r.conn.IsClosed() && r.conn.TxStatus() != 'I'
}
