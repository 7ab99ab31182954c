package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

const (
	partitions  = 3
	accounts    = 40
	opening     = 1000 // of every account
	copyRows    = 500
	txWorkers   = 3
	copyWorkers = 2
)

// loadSchema is what the load writes into and what is derived from it.
var loadSchema = []string{
	fmt.Sprintf("CREATE STREAM events (n bigint, v bigint, p bigint) WITH (topic = 'events', partitions = %d)", partitions),
	"CREATE TABLE copied (id bigint PRIMARY KEY, part bigint, v bigint)",
	"CREATE TABLE acct (id bigint PRIMARY KEY, bal bigint)",
	"CREATE TABLE marks (tx bigint PRIMARY KEY, src bigint, dst bigint, amt bigint)",
	"CREATE TABLE last_of (worker bigint PRIMARY KEY, tx bigint)",
	"CREATE STREAM moves (tx bigint, amt bigint)",
	"CREATE MATERIALIZED VIEW ev_all AS SELECT count(*) AS c, sum(v) AS total, min(n) AS low, max(n) AS high FROM events",
	"CREATE MATERIALIZED VIEW ev_group AS SELECT p, count(*) AS c, sum(v) AS total, max(n) AS high FROM events GROUP BY p",
	"CREATE MATERIALIZED VIEW ev_above AS SELECT count(*) AS groups, sum(c) AS c FROM ev_group",
	"CREATE MATERIALIZED VIEW copied_parts AS SELECT part, count(*) AS c, sum(v) AS total FROM copied GROUP BY part",
	"CREATE MATERIALIZED VIEW acct_all AS SELECT count(*) AS c, sum(bal) AS total FROM acct",
	"CREATE MATERIALIZED VIEW acct_moves AS SELECT a.id, a.bal, count(*) AS c FROM acct a JOIN marks m ON m.src = a.id GROUP BY a.id, a.bal",
	"CREATE MATERIALIZED VIEW move_all AS SELECT count(*) AS c, sum(amt) AS total FROM moves",
	"CREATE SINK thirds TO TOPIC 'thirds' AS SELECT _partition AS part, _offset AS pos, n, v FROM events WHERE v % 3 = 0",
	"CREATE SINK counts TO TOPIC 'counts' AS SELECT p, count(*) AS c FROM events GROUP BY p",
	"CREATE STREAM small AS SELECT n, v FROM events WHERE v < 100",
	"CREATE MATERIALIZED VIEW small_all AS SELECT count(*) AS c, sum(n) AS total FROM small",
}

// load writes to a server and remembers what was acknowledged.
type load struct {
	t        testing.TB
	producer *kgo.Client

	mu       sync.Mutex
	values   map[int64]int64 // n -> v of every record given to the producer
	acked    map[int64]bool  // n that were acknowledged
	nextN    int64
	failed   error // of a record, which an idempotent producer must never see
	copied   map[int64]copyState
	nextPart int64
	txAcked  map[int64]bool
	txTried  map[int64]bool
	nextTx   [txWorkers]int64
}

type copyState uint8

const (
	copyTried copyState = iota + 1
	copyAcked
)

func newLoad(t testing.TB, s *harness.Server) *load {
	t.Helper()
	s.Exec(t, loadSchema...)
	for i := range accounts {
		s.Exec(t, fmt.Sprintf("INSERT INTO acct VALUES (%d, %d)", i, opening))
	}
	for w := range txWorkers {
		s.Exec(t, fmt.Sprintf("INSERT INTO last_of VALUES (%d, -1)", w))
	}
	return &load{
		t: t, values: map[int64]int64{}, acked: map[int64]bool{}, copied: map[int64]copyState{},
		txAcked: map[int64]bool{}, txTried: map[int64]bool{},
		producer: s.Kafka(t, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(2000), kgo.ProducerBatchMaxBytes(16<<10)),
	}
}

// produce gives records to the producer, which retries them across restarts, until ctx ends or
// count records were given.
func (l *load) produce(ctx context.Context, rng *rand.Rand, count int) {
	for i := 0; i < count && ctx.Err() == nil; i++ {
		l.mu.Lock()
		n := l.nextN
		l.nextN++
		v := rng.Int64N(1000)
		l.values[n] = v
		l.mu.Unlock()
		r := &kgo.Record{
			Topic: "events", Partition: int32(n % partitions),
			Value: fmt.Appendf(nil, `{"n":%d,"v":%d,"p":%d}`, n, v, n%7),
		}
		l.producer.Produce(context.WithoutCancel(ctx), r, func(_ *kgo.Record, err error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if err != nil {
				l.failed = errors.Join(l.failed, fmt.Errorf("record %d: %w", n, err))
				return
			}
			l.acked[n] = true
		})
	}
}

// copyIn runs COPY statements of copyRows rows each until ctx ends, count were acknowledged or
// the server goes.
func (l *load) copyIn(ctx context.Context, c *pgx.Conn, count int) {
	for range count {
		if ctx.Err() != nil {
			return
		}
		l.mu.Lock()
		part := l.nextPart
		l.nextPart++
		l.copied[part] = copyTried
		l.mu.Unlock()
		var text strings.Builder
		for i := range int64(copyRows) {
			fmt.Fprintf(&text, "%d\t%d\t%d\n", part*copyRows+i, part, i*7)
		}
		if _, err := c.PgConn().CopyFrom(context.WithoutCancel(ctx), strings.NewReader(text.String()), "COPY copied FROM STDIN"); err != nil {
			l.lost(err)
			return
		}
		l.mu.Lock()
		l.copied[part] = copyAcked
		l.mu.Unlock()
	}
}

// lost is called with what ended a worker: the server's end, never a refusal.
func (l *load) lost(err error) {
	if !lostServer(err) {
		l.t.Errorf("refused: %v", err)
	}
}

// lostServer reports whether err is the server's end and not its answer.
func lostServer(err error) bool {
	var answer interface{ SQLState() string }
	return !errors.As(err, &answer) || answer.SQLState() == "57P01"
}

// transact moves money in transactions that also leave a mark, a record in a stream, and
// replace a row, until ctx ends or the server goes.
func (l *load) transact(ctx context.Context, c *pgx.Conn, worker int, rng *rand.Rand) {
	for ctx.Err() == nil {
		l.mu.Lock()
		tx := int64(worker)*1_000_000 + l.nextTx[worker]
		l.nextTx[worker]++
		l.txTried[tx] = true
		l.mu.Unlock()
		// Accounts in ascending order: the workers lock the same rows and must not deadlock.
		src := rng.Int64N(accounts - 1)
		dst := src + 1 + rng.Int64N(accounts-1-src)
		amt := 1 + rng.Int64N(50)
		err := l.one(context.WithoutCancel(ctx), c, worker, tx, src, dst, amt)
		if err != nil {
			l.lost(err)
			return
		}
		l.mu.Lock()
		l.txAcked[tx] = true
		l.mu.Unlock()
	}
}

func (l *load) one(ctx context.Context, c *pgx.Conn, worker int, tx, src, dst, amt int64) error {
	if _, err := c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	for _, sql := range []string{
		fmt.Sprintf("UPDATE acct SET bal = bal - %d WHERE id = %d", amt, src),
		fmt.Sprintf("UPDATE acct SET bal = bal + %d WHERE id = %d", amt, dst),
		fmt.Sprintf("INSERT INTO marks VALUES (%d, %d, %d, %d)", tx, src, dst, amt),
		fmt.Sprintf("INSERT INTO moves VALUES (%d, %d)", tx, amt),
		fmt.Sprintf("DELETE FROM last_of WHERE worker = %d", worker),
		fmt.Sprintf("INSERT INTO last_of VALUES (%d, %d)", worker, tx),
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	_, err := c.Exec(ctx, "COMMIT")
	return err
}
