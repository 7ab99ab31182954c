package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// canaries are ordinary clients that come, ask for little and go, beside an attack: one on the
// PostgreSQL face, which writes a table and reads a view of a stream, and one on Kafka's, which
// writes that stream.
type canaries struct {
	t    testing.TB
	s    *harness.Server
	stop context.CancelFunc
	done sync.WaitGroup
	mu   sync.Mutex
	took map[string][]time.Duration
}

// patience is when a canary is taken for shut out. It says that others are not stopped, not how
// quick the machine is.
const patience = 10 * time.Second

func canarySchema(t testing.TB, s *harness.Server) {
	s.Exec(t, `CREATE TABLE canary_t (id bigint primary key, n bigint)`, `INSERT INTO canary_t VALUES (1, 0)`,
		`CREATE STREAM canary (n bigint)`, `CREATE MATERIALIZED VIEW canary_v AS SELECT count(*) AS n FROM canary`)
}

func startCanaries(t testing.TB, s *harness.Server) *canaries {
	ctx, stop := context.WithCancel(context.Background())
	c := &canaries{t: t, s: s, stop: stop, took: map[string][]time.Duration{}}
	for face, visit := range map[string]func(context.Context) error{"sql": c.sql, "kafka": c.kafka} {
		c.done.Go(func() { c.work(ctx, face, visit) })
	}
	return c
}

func (c *canaries) work(ctx context.Context, face string, visit func(context.Context) error) {
	for ctx.Err() == nil {
		began := time.Now()
		one, cancel := context.WithTimeout(ctx, patience)
		err := visit(one)
		cancel()
		if ctx.Err() != nil {
			return // told to end in the middle
		}
		took := time.Since(began)
		if err != nil {
			c.t.Errorf("%s canary after %v: %v", face, took, err)
			return
		}
		c.mu.Lock()
		c.took[face] = append(c.took[face], took)
		c.mu.Unlock()
	}
}

func (c *canaries) sql(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.s.DSN())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range []string{`UPDATE canary_t SET n = n + 1 WHERE id = 1`, `SELECT n FROM canary_v`} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (c *canaries) kafka(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.s.KafkaAddr), kgo.DefaultProduceTopic("canary"))
	if err != nil {
		return err
	}
	defer client.Close()
	return client.ProduceSync(ctx, kgo.StringRecord(`{"n":1}`)).FirstErr()
}

// end stops the canaries, prints how they fared and fails the test if one was shut out.
func (c *canaries) end(during string) {
	c.t.Helper()
	c.stop()
	c.done.Wait()
	for _, face := range []string{"sql", "kafka"} {
		took := c.took[face]
		if len(took) == 0 {
			c.t.Errorf("%s: the %s canary got nothing done", during, face)
			continue
		}
		slices.Sort(took)
		c.t.Logf("%-28s %-5s %5d visits, p50 %6v, p99 %6v, worst %6v", during, face, len(took),
			took[len(took)/2].Round(time.Millisecond), took[len(took)*99/100].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	}
}
