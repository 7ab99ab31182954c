package generated

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
)

// Every statement has timeout. On a busy machine one that obeys may take longer, which is told; one that has not come to an end
// after hung does not obey.
const (
	timeout     = time.Second
	hung        = time.Minute
	memoryLimit = 3 << 30
	maxFailures = 20
)

// postgres are messages that PostgreSQL has with XX000 too, for what names nothing.
var postgres = regexp.MustCompile("^(cache lookup failed for|unrecognized (weight|object type abbreviation):) ")

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// number is an environment variable's, or what stands for it.
func number(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// usualSeed is the same at each run of the tests, which so fail for a change and not by chance; a long run has one of its own.
func usualSeed(own int64) int64 {
	if os.Getenv("TRIBUTARY_TEST_STATEMENTS") == "" {
		return 7
	}
	return own
}

// driver runs statements and holds the server to the rules.
type driver struct {
	*testing.T
	server   *harness.Server
	conn     *pgconn.PgConn
	ran      int
	codes    map[string]int // answers by SQLSTATE, 00000 for success
	lacking  map[string]int // messages of 0A000
	slowest  time.Duration
	failures int
	aborted  bool // the transaction can only end
	seen     map[string]bool
}

func newDriver(t *testing.T) *driver {
	t.Helper()
	s := harness.Start(t, t.TempDir(), "--workers=2", "--min-shard-rows=1")
	return &driver{T: t, server: s, codes: map[string]int{}, lacking: map[string]int{}, seen: map[string]bool{}}
}

// connected is a session, a new one where the former ended.
func (d *driver) connected() *pgconn.PgConn {
	d.Helper()
	if d.conn == nil || d.conn.IsClosed() {
		c, err := pgconn.Connect(d.Context(), d.server.DSN()+fmt.Sprintf(" options='-c statement_timeout=%d'", timeout.Milliseconds()))
		if err != nil {
			d.Fatalf("no connection: %v\n%s", err, d.server.Stderr())
		}
		d.conn = c
		d.Cleanup(func() { _ = c.Close(context.Background()) })
	}
	return d.conn
}

// run runs one statement and fails the test where the server breaks a rule over it.
func (d *driver) run(sql string) {
	d.Helper()
	c := d.connected()
	ctx, cancel := context.WithTimeout(d.Context(), hung)
	defer cancel()
	cpu, begin := d.server.CPU(d), time.Now()
	_, err := c.Exec(ctx, sql).ReadAll()
	took := time.Since(begin)
	d.ran++
	d.slowest = max(d.slowest, took)
	if took > timeout+time.Second {
		d.Logf("it took %s, %s of the processor: %.6000s", took, d.server.CPU(d)-cpu, sql)
	}
	var answer *pgconn.PgError
	switch {
	case err == nil:
		d.codes["00000"]++
	case errors.As(err, &answer):
		d.codes[answer.Code]++
		if answer.Code == "0A000" || answer.Code == "42704" || answer.Code == "42883" || answer.Code == "42809" {
			d.lacking[answer.Message]++
		}
		if answer.Code == "XX000" && !postgres.MatchString(answer.Message) {
			d.broken(answer.Message, sql)
		}
		d.aborted = answer.Code == "25P02"
	case ctx.Err() != nil:
		d.broken(fmt.Sprintf("it runs %s beside a statement_timeout of %s", took, timeout), sql)
	default:
		d.broken("the connection is lost: "+err.Error(), sql)
	}
	if d.ran%1000 == 0 {
		if b := d.server.Resident(d); b > memoryLimit {
			d.Fatalf("the server has %d MB of memory after %d statements", b>>20, d.ran)
		}
	}
}

func (d *driver) broken(what, sql string) {
	d.Helper()
	if !d.server.Running() {
		d.Fatalf("the server has ended: %s\n%s", sql, d.server.Stderr())
	}
	if d.seen[what] && what == "internal error" {
		return
	}
	d.seen[what] = true
	d.Errorf("statement %d: %s\n%s", d.ran, what, sql)
	if d.failures++; d.failures >= maxFailures {
		d.Fatalf("too many failures\n%s", d.server.Stderr())
	}
}

// behind looks at what goes on behind statements: no view and no sink has come to an end that is a bug.
func (d *driver) behind() {
	d.Helper()
	for _, row := range d.server.Query(d, "SELECT name, sqlstate, reason FROM tributary.dataflows WHERE sqlstate LIKE 'XX%'") {
		if !d.seen[row] {
			d.seen[row] = true
			d.broken("a dataflow has failed", row+"\n"+d.server.Stderr())
		}
	}
}

// told logs what the statements came to.
func (d *driver) told() {
	d.Helper()
	d.behind()
	if n := d.server.Metric(d, "tributary_panics_total"); n != 0 {
		d.Errorf("%.0f panics\n%s", n, d.server.Stderr())
	}
	var codes []string
	for code, n := range d.codes {
		codes = append(codes, fmt.Sprintf("%6d %s", n, code))
	}
	slices.Sort(codes)
	slices.Reverse(codes)
	var lacks []string
	for m, n := range d.lacking {
		lacks = append(lacks, fmt.Sprintf("%6d %s", n, m))
	}
	slices.Sort(lacks)
	slices.Reverse(lacks)
	d.Logf("what was refused:\n%s", strings.Join(lacks[:min(40, len(lacks))], "\n"))
	d.Logf("%d statements, the slowest %s, %d MB; answers:\n%s", d.ran, d.slowest, d.server.Resident(d)>>20, strings.Join(codes, "\n"))
}
