package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const pointKeys = 10_000

// benchSelect reads single rows of a view by its key, and the same rows of a PostgreSQL table.
func benchSelect(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.exec(ctx, createOrders,
		`CREATE MATERIALIZED VIEW customers AS SELECT customer_id, sum(amount) AS total, count(*) AS orders FROM orders GROUP BY customer_id`); err != nil {
		return err
	}
	if err := s.produceOrders(ctx, 5*pointKeys); err != nil {
		return err
	}
	var ours []result
	for _, l := range pointLoads {
		r, err := points(ctx, l, o.duration(), s.connect, func([]*pgx.Conn) time.Duration { return s.cpu() })
		if err != nil {
			return err
		}
		r.what = "point SELECT on a view: " + l.String()
		t.add(r)
		ours = append(ours, r)
	}
	return benchPostgres(ctx, o, t, ours)
}

// pointLoad is how many clients read at once, and whether they prepare their statement or send
// the key in its text.
type pointLoad struct {
	clients int
	simple  bool
}

func (l pointLoad) String() string {
	if l.simple {
		return fmt.Sprintf("%d clients, simple", l.clients)
	}
	return fmt.Sprintf("%d clients", l.clients)
}

var pointLoads = []pointLoad{{1, false}, {8, false}, {32, false}, {1, true}, {8, true}, {32, true}}

// benchPostgres measures the peer, and the ratio of ours to it.
func benchPostgres(ctx context.Context, o options, t *table, ours []result) error {
	p, err := startPostgres(ctx)
	if errors.Is(err, errNoPostgres) {
		t.skip("point SELECT, PostgreSQL", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer p.stop()
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	for _, sql := range []string{
		`CREATE TABLE customers (customer_id varchar PRIMARY KEY, total numeric, orders bigint)`,
		fmt.Sprintf(`INSERT INTO customers SELECT 'customer-' || lpad(i::text, 5, '0'), i * 1.25, 5 FROM generate_series(0, %d) i`, pointKeys-1),
		`VACUUM ANALYZE customers`,
	} {
		if err == nil {
			_, err = c.Exec(ctx, sql)
		}
	}
	if err = errors.Join(err, c.Close(ctx)); err != nil {
		return err
	}
	for i, l := range pointLoads {
		r, err := points(ctx, l, o.duration(), p.connect, backendsCPU)
		if err != nil {
			return err
		}
		r.what = "point SELECT on a PostgreSQL table: " + l.String()
		t.add(r)
		t.ratio("  view / PostgreSQL: "+l.String(), ours[i], r)
	}
	return nil
}

// backendsCPU is what the backends of connections have used.
func backendsCPU(conns []*pgx.Conn) (d time.Duration) {
	for _, c := range conns {
		d += cpuOf(int(c.PgConn().PID()))
	}
	return d
}

// points reads random keys for a while, each client one at a time.
func points(ctx context.Context, load pointLoad, d time.Duration, connect func(context.Context) (*pgx.Conn, error), used func([]*pgx.Conn) time.Duration) (r result, err error) {
	var conns []*pgx.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close(context.WithoutCancel(ctx))
		}
	}()
	for range load.clients {
		c, err := connect(ctx)
		if err != nil {
			return r, err
		}
		conns = append(conns, c)
	}
	samples, errs := make([][]time.Duration, load.clients), make([]error, load.clients)
	var all sync.WaitGroup
	read := func(i int, until time.Time) {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		for time.Now().Before(until) && errs[i] == nil {
			key := fmt.Sprintf("customer-%05d", random.IntN(pointKeys))
			var total string
			var orders int64
			args := []any{key}
			if load.simple {
				args = []any{pgx.QueryExecModeSimpleProtocol, key}
			}
			begin := time.Now()
			errs[i] = conns[i].QueryRow(ctx, "SELECT total::text, orders FROM customers WHERE customer_id = $1", args...).Scan(&total, &orders)
			samples[i] = append(samples[i], time.Since(begin))
			if errs[i] == nil && orders != 5 {
				errs[i] = fmt.Errorf("%s has %d orders", key, orders)
			}
		}
	}
	for i := range load.clients { // prepares and warms up
		read(i, time.Now().Add(50*time.Millisecond))
		samples[i] = nil
	}
	cpu, begin := used(conns), time.Now()
	for i := range load.clients {
		all.Go(func() { read(i, begin.Add(d)) })
	}
	all.Wait()
	r = result{wall: time.Since(begin), cpu: used(conns) - cpu, samples: slices.Concat(samples...)}
	r.count = int64(len(r.samples))
	return r, errors.Join(errs...)
}
