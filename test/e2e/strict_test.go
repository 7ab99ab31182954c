package e2e

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// numbers parses one row of integers.
func numbers(row string) []int64 {
	var out []int64
	for _, f := range strings.Split(row, "|") {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// TestReadYourWrites: what was acknowledged through any door is seen through any other, at once.
func TestReadYourWrites(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	s.Exec(t,
		"CREATE STREAM ryw (n bigint) WITH (partitions = 4)",
		"CREATE TABLE ryw_t (id bigint PRIMARY KEY, v bigint)",
		"CREATE MATERIALIZED VIEW ryw_c AS SELECT count(*) AS c, sum(n) AS total FROM ryw",
		"CREATE MATERIALIZED VIEW ryw_g AS SELECT n % 3 AS g, count(*) AS c FROM ryw GROUP BY n % 3",
		"CREATE MATERIALIZED VIEW ryw_above AS SELECT sum(c) AS c FROM ryw_g",
		"CREATE STREAM ryw_d AS SELECT n FROM ryw WHERE n % 2 = 0",
		"CREATE STREAM ryw_dd AS SELECT n FROM ryw_d WHERE n % 4 = 0",
		"CREATE MATERIALIZED VIEW ryw_dv AS SELECT count(*) AS c FROM ryw_dd",
		"CREATE MATERIALIZED VIEW ryw_tv AS SELECT count(*) AS c, sum(v) AS total FROM ryw_t")
	ctx := testContext(t)
	writer, reader := s.Connect(t), s.Connect(t)
	producer := s.Kafka(t, kgo.DefaultProduceTopic("ryw"))
	expect := func(sql, want string) {
		t.Helper()
		got, err := harness.Rows(ctx, reader, sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		equal(t, sql, got, []string{want})
	}
	total := int64(0)
	const rounds = 150
	for i := int64(1); i <= rounds; i++ {
		if i%3 == 0 {
			if _, err := writer.Exec(ctx, fmt.Sprintf("INSERT INTO ryw VALUES (%d)", i)); err != nil {
				t.Fatal(err)
			}
		} else if err := producer.ProduceSync(ctx, &kgo.Record{Value: fmt.Appendf(nil, `{"n":%d}`, i)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		total += i
		expect("SELECT c, total FROM ryw_c", fmt.Sprintf("%d|%d", i, total))
		expect("SELECT c FROM ryw_above", strconv.FormatInt(i, 10))
		expect("SELECT count(*) FROM ryw_d", strconv.FormatInt(i/2, 10))
		expect("SELECT c FROM ryw_dv", strconv.FormatInt(i/4, 10))
		if _, err := writer.Exec(ctx, fmt.Sprintf("INSERT INTO ryw_t VALUES (%d, %d)", i, i)); err != nil {
			t.Fatal(err)
		}
		expect("SELECT c, total FROM ryw_tv", fmt.Sprintf("%d|%d", i, total))
		expect(fmt.Sprintf("SELECT v FROM ryw_t WHERE id = %d", i), strconv.FormatInt(i, 10))
	}
}

// TestOneVersion: a statement reads one version of everything it touches, and the versions that
// a client sees never go back, while many write.
func TestOneVersion(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	s.Exec(t,
		"CREATE STREAM ov (n bigint, v bigint)",
		"CREATE MATERIALIZED VIEW ov_a AS SELECT count(*) AS c, sum(v) AS total FROM ov",
		"CREATE MATERIALIZED VIEW ov_b AS SELECT n % 5 AS g, count(*) AS c, sum(v) AS total FROM ov GROUP BY n % 5",
		"CREATE MATERIALIZED VIEW ov_c AS SELECT sum(c) AS c, sum(total) AS total FROM ov_b",
		"INSERT INTO ov VALUES (0, 1)")
	const span = 2 * time.Second
	ctx, cancel := context.WithTimeout(testContext(t), span)
	defer cancel()
	var work sync.WaitGroup
	var acked, reads atomic.Int64
	acked.Store(1)
	for w := range 8 {
		producer, conn := s.Kafka(t, kgo.DefaultProduceTopic("ov")), s.Connect(t)
		work.Go(func() {
			for i := int64(0); ctx.Err() == nil; i++ {
				v := i % 17
				var err error
				if w%2 == 0 {
					err = producer.ProduceSync(context.WithoutCancel(ctx), &kgo.Record{Value: fmt.Appendf(nil, `{"n":%d,"v":%d}`, i, v)}).FirstErr()
				} else {
					_, err = conn.Exec(context.WithoutCancel(ctx), fmt.Sprintf("INSERT INTO ov VALUES (%d, %d)", i, v))
				}
				if err != nil {
					t.Errorf("write: %v", err)
					return
				}
				acked.Add(1)
			}
		})
	}
	for range 8 {
		conn := s.Connect(t)
		work.Go(func() {
			last := int64(0)
			for ctx.Err() == nil {
				atLeast := acked.Load()
				rows, err := harness.Rows(context.WithoutCancel(ctx), conn,
					"SELECT c, total FROM ov_a UNION ALL SELECT sum(c), sum(total) FROM ov_b UNION ALL SELECT c, total FROM ov_c UNION ALL SELECT count(*), sum(v) FROM ov")
				if err != nil || len(rows) != 4 {
					t.Errorf("read: %v %v", rows, err)
					return
				}
				reads.Add(1)
				if slices.Sort(rows); rows[0] != rows[3] {
					t.Errorf("one statement sees several versions: %v", rows)
					return
				}
				c := numbers(rows[0])[0]
				if c < atLeast {
					t.Errorf("%d rows are seen, %d were acknowledged before", c, atLeast)
					return
				}
				if c < last {
					t.Errorf("a client saw %d rows, then %d", last, c)
					return
				}
				last = c
			}
		})
	}
	work.Wait()
	t.Logf("%d writes and %d reads in %v", acked.Load(), reads.Load(), span)
	equal(t, "at the end", s.Query(t, "SELECT c FROM ov_a"), []string{strconv.FormatInt(acked.Load(), 10)})
}

// TestNeverHalf: a transaction over two tables is seen whole or not at all, in SELECT, in views
// and in views of views; what is rolled back is never seen.
func TestNeverHalf(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	s.Exec(t,
		"CREATE TABLE nh_a (id bigint PRIMARY KEY, v bigint)",
		"CREATE TABLE nh_b (id bigint PRIMARY KEY, v bigint)",
		"CREATE MATERIALIZED VIEW nh_va AS SELECT sum(v) AS total FROM nh_a",
		"CREATE MATERIALIZED VIEW nh_vb AS SELECT sum(v) AS total FROM nh_b",
		"CREATE MATERIALIZED VIEW nh_both AS SELECT total FROM nh_va UNION ALL SELECT total FROM nh_vb",
		"CREATE MATERIALIZED VIEW nh_sum AS SELECT sum(total) AS total FROM nh_both",
		"INSERT INTO nh_a VALUES (0, 500), (1, 500), (2, 500), (3, 500)",
		"INSERT INTO nh_b VALUES (0, 500), (1, 500), (2, 500), (3, 500)")
	const want = "4000"
	const span = 2 * time.Second
	ctx, cancel := context.WithTimeout(testContext(t), span)
	defer cancel()
	var work sync.WaitGroup
	var commits, reads atomic.Int64
	for w := range 4 {
		conn := s.Connect(t)
		work.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				end := "COMMIT"
				if i%4 == 3 {
					end = "ROLLBACK"
				}
				amount := 1 + i%9
				from, to := "nh_a", "nh_b"
				if i%2 == 1 {
					from, to = to, from
				}
				for _, sql := range []string{
					"BEGIN",
					fmt.Sprintf("UPDATE %s SET v = v - %d WHERE id = %d", from, amount, w),
					fmt.Sprintf("UPDATE %s SET v = v + %d WHERE id = %d", to, amount, w),
					end,
				} {
					if _, err := conn.Exec(context.WithoutCancel(ctx), sql); err != nil {
						t.Errorf("%s: %v", sql, err)
						return
					}
				}
				commits.Add(1)
			}
		})
	}
	for _, query := range []string{
		"SELECT sum(v) FROM (SELECT v FROM nh_a UNION ALL SELECT v FROM nh_b) x",
		"SELECT sum(total) FROM (SELECT total FROM nh_va UNION ALL SELECT total FROM nh_vb) x",
		"SELECT total FROM nh_sum",
		"SELECT sum(total) FROM nh_both",
	} {
		conn := s.Connect(t)
		work.Go(func() {
			for ctx.Err() == nil {
				rows, err := harness.Rows(context.WithoutCancel(ctx), conn, query)
				if err != nil || len(rows) != 1 || rows[0] != want {
					t.Errorf("%s gives %v %v, want %s", query, rows, err, want)
					return
				}
				reads.Add(1)
			}
		})
	}
	work.Wait()
	t.Logf("%d transactions and %d reads in %v", commits.Load(), reads.Load(), span)
}
