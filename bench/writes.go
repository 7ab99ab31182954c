package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// writeLoad is how many clients write a row at once, each in a transaction of its own, and whether they prepare their
// statement or send its values in the text.
type writeLoad struct {
	clients int
	insert  bool
	simple  bool
}

func (l writeLoad) String() string {
	what := "UPDATE"
	if l.insert {
		what = "INSERT"
	}
	if l.simple {
		what = "simple " + what
	}
	return fmt.Sprintf("%s of a row: %d clients", what, l.clients)
}

var writeLoads = func() (loads []writeLoad) {
	for _, l := range []writeLoad{{}, {insert: true}, {simple: true}, {insert: true, simple: true}} {
		for _, l.clients = range []int{1, 8, 32} {
			loads = append(loads, l)
		}
	}
	return loads
}()

// writeTurns is how often servers take turns in a measurement, so that whatever else the machine does meets them all.
const writeTurns = 4

// benchWrites changes and adds single rows of a table, here, in another build if one is named, and in
// PostgreSQL, by turns: all sync each commit to the same disk.
func benchWrites(ctx context.Context, o options, t *table) error {
	servers, stop, err := writeServers(ctx, o, t)
	defer stop()
	for i := range servers {
		if err == nil {
			err = servers[i].prepare(ctx)
		}
	}
	if err != nil {
		return err
	}
	for _, l := range writeLoads {
		results := make([]result, len(servers))
		for turn := range writeTurns {
			for i := range servers {
				r, err := servers[i].write(ctx, l, turn, o.duration()/writeTurns)
				if err != nil {
					return fmt.Errorf("%s%s: %w", servers[i].name, l, err)
				}
				results[i].add(r)
			}
		}
		for i, r := range results {
			r.what = servers[i].name + l.String()
			t.add(r)
			if i > 0 {
				t.ratio("  here / "+servers[i].name+l.String(), results[0], r)
			}
		}
	}
	return nil
}

// writeServers starts what is measured.
func writeServers(ctx context.Context, o options, t *table) (servers []writeServer, stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, fn := range stops {
			fn()
		}
	}
	for i, binary := range []string{o.binary, o.beside} {
		if binary == "" {
			continue
		}
		with := o
		with.binary = binary
		s, err := start(ctx, with)
		if err != nil {
			return nil, stop, err
		}
		stops = append(stops, s.stop)
		servers = append(servers, writeServer{[]string{"", binary + ", "}[i], s.connect, s.cpu})
	}
	p, err := startPostgres(ctx)
	if errors.Is(err, errNoPostgres) {
		t.skip("PostgreSQL", err.Error())
		return servers, stop, nil
	}
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, p.stop)
	return append(servers, writeServer{"PostgreSQL, ", p.connect, p.cpu}), stop, nil
}

// writeServer is one of the two servers; cpu is what all its processes have used.
type writeServer struct {
	name    string
	connect func(context.Context) (*pgx.Conn, error)
	cpu     func() time.Duration
}

func (w writeServer) prepare(ctx context.Context) error {
	c, err := w.connect(ctx)
	if err != nil {
		return err
	}
	for _, sql := range []string{
		`CREATE TABLE accounts (id bigint PRIMARY KEY, owner text, balance bigint)`,
		`CREATE TABLE events (id bigint PRIMARY KEY, account bigint, note text)`,
	} {
		if err == nil {
			_, err = c.Exec(ctx, sql)
		}
	}
	if err == nil {
		var rows strings.Builder
		for i := range pointKeys {
			fmt.Fprintf(&rows, "%d\towner-%05d\t0\n", i, i)
		}
		_, err = c.PgConn().CopyFrom(ctx, strings.NewReader(rows.String()), "COPY accounts FROM STDIN")
	}
	return errors.Join(err, c.Close(ctx))
}

// write has each client write one row after the other for a while.
func (w writeServer) write(ctx context.Context, load writeLoad, turn int, d time.Duration) (r result, err error) {
	var conns []*pgx.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close(context.WithoutCancel(ctx))
		}
	}()
	for range load.clients {
		c, err := w.connect(ctx)
		if err != nil {
			return r, err
		}
		conns = append(conns, c)
	}
	samples, errs := make([][]time.Duration, load.clients), make([]error, load.clients)
	next := make([]int64, load.clients)
	run := func(i int, until time.Time) {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		for time.Now().Before(until) && errs[i] == nil {
			begin := time.Now()
			errs[i] = load.one(ctx, conns[i], random, i, turn, &next[i])
			samples[i] = append(samples[i], time.Since(begin))
		}
	}
	var all sync.WaitGroup
	for i := range load.clients { // prepares and warms up
		run(i, time.Now().Add(50*time.Millisecond))
		samples[i] = nil
	}
	cpu, begin := w.cpu(), time.Now()
	for i := range load.clients {
		all.Go(func() { run(i, begin.Add(d)) })
	}
	all.Wait()
	r = result{wall: time.Since(begin), cpu: w.cpu() - cpu, samples: slices.Concat(samples...)}
	r.count = int64(len(r.samples))
	return r, errors.Join(errs...)
}

// one writes a row: client i's next one.
func (l writeLoad) one(ctx context.Context, c *pgx.Conn, random *rand.Rand, i, turn int, next *int64) error {
	sql, args := "UPDATE accounts SET balance = balance + $2 WHERE id = $1", []any{random.Int64N(pointKeys), int64(i)}
	if l.insert {
		id := int64(l.clients)<<48 | int64(i)<<40 | int64(turn)<<32 | *next
		if l.simple {
			id |= 1 << 56
		}
		*next++
		sql, args = "INSERT INTO events VALUES ($1, $2, $3)", []any{id, id % pointKeys, "what happened"}
	}
	if l.simple { // pgx puts the values into the text
		args = append([]any{pgx.QueryExecModeSimpleProtocol}, args...)
	}
	_, err := c.Exec(ctx, sql, args...)
	return err
}
