package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const createOrders = `CREATE STREAM orders (order_id VARCHAR, customer_id VARCHAR, amount DECIMAL, order_time TIMESTAMP)
  WITH (topic = 'orders', format = 'json', timestamp_field = 'order_time')`

const createHourlySales = `CREATE MATERIALIZED VIEW hourly_sales AS
  SELECT TUMBLE_START(order_time, INTERVAL '1 hour') AS window_start, SUM(amount) AS total_sales, COUNT(*) AS order_count
  FROM orders GROUP BY TUMBLE(order_time, INTERVAL '1 hour')`

// order is the JSON of one order, about 115 bytes; a new hour every 1,000.
func order(i int) []byte {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 3600 * time.Millisecond)
	return fmt.Appendf(nil, `{"order_id":"order-%08d","customer_id":"customer-%05d","amount":%d.%02d,"order_time":"%s"}`,
		i, i%10_000, i%5000, i%100, at.Format("2006-01-02 15:04:05"))
}

// benchView counts JSON rows into hourly_sales: arriving while the view is there, and read by a
// view that is made behind them.
func benchView(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.exec(ctx, createOrders, createHourlySales); err != nil {
		return err
	}
	r := result{what: "JSON rows produced, until in hourly_sales", count: int64(o.records)}
	cpu, begin := s.cpu(), time.Now()
	if err := s.produceOrders(ctx, o.records); err != nil {
		return err
	}
	if err := s.wantCount(ctx, o.records, "hourly_sales"); err != nil { // a strict read: all is in
		return err
	}
	r.wall, r.cpu = time.Since(begin), s.cpu()-cpu
	r.bytes = int64(o.records) * int64(len(order(1)))
	t.add(r)

	r.what = "JSON rows in the log, into a new hourly_sales"
	if err := s.exec(ctx, "DROP MATERIALIZED VIEW hourly_sales"); err != nil {
		return err
	}
	cpu, begin = s.cpu(), time.Now()
	if err := s.exec(ctx, createHourlySales); err != nil { // returns when the view is there
		return err
	}
	r.wall, r.cpu = time.Since(begin), s.cpu()-cpu
	t.add(r)
	return s.wantCount(ctx, o.records, "hourly_sales")
}

func (s *server) produceOrders(ctx context.Context, n int) error {
	c, err := s.client(kgo.DefaultProduceTopic("orders"), kgo.MaxBufferedRecords(100_000))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for i := range n {
		c.Produce(ctx, &kgo.Record{Value: order(i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				cancel(err)
			}
		})
	}
	return errors.Join(c.Flush(ctx), context.Cause(ctx))
}

func (s *server) wantCount(ctx context.Context, want int, view string) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var got int
	if err := c.QueryRow(ctx, "SELECT sum(order_count)::int FROM "+view).Scan(&got); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s counts %d orders, want %d", view, got, want)
	}
	return nil
}

// benchLatency measures from a record's produce to its change of a view at a subscriber.
func benchLatency(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.exec(ctx, `CREATE STREAM ticks (n BIGINT) WITH (topic = 'ticks')`,
		`CREATE MATERIALIZED VIEW newest AS SELECT max(n) AS n FROM ticks`); err != nil {
		return err
	}
	seen, stop, err := s.subscribe(ctx, "newest")
	if err != nil {
		return err
	}
	defer stop()
	c, err := s.client(kgo.DefaultProduceTopic("ticks"), kgo.ProducerLinger(0))
	if err != nil {
		return err
	}
	defer c.Close()
	r := result{what: "produce one record, until its view's subscriber has it"}
	begin, cpu := time.Now(), s.cpu()
	for n := int64(1); n <= 2000 && time.Since(begin) < o.duration(); n++ {
		sent := time.Now()
		c.Produce(ctx, &kgo.Record{Value: fmt.Appendf(nil, `{"n":%d}`, n)}, nil)
		for got := int64(0); got < n; {
			select {
			case v, ok := <-seen:
				if !ok {
					return errors.New("the subscription ended")
				}
				got = v
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		r.samples = append(r.samples, time.Since(sent))
	}
	r.count, r.wall, r.cpu = int64(len(r.samples)), time.Since(begin), s.cpu()-cpu
	t.add(r)
	return nil
}

// subscribe gives the values of a view of one integer as they come in.
func (s *server) subscribe(ctx context.Context, view string) (<-chan int64, func(), error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	read, write := io.Pipe()
	seen, done := make(chan int64, 1000), make(chan struct{})
	go func() {
		defer close(done)
		_, err := c.PgConn().CopyTo(ctx, write, "COPY (SUBSCRIBE TO "+view+") TO STDOUT")
		_ = write.CloseWithError(err)
	}()
	go func() {
		defer close(seen)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			// version, +1 or -1, value; what is no number is the empty view's NULL.
			fields := strings.Split(lines.Text(), "\t")
			if n, err := strconv.ParseInt(fields[len(fields)-1], 10, 64); err == nil && fields[1] == "1" {
				seen <- n
			}
		}
	}()
	return seen, func() { cancel(); <-done; _ = c.Close(context.WithoutCancel(ctx)) }, nil
}
