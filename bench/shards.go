package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// shardRows rows of a table, shardEvents events of Nexmark in three streams.
const shardRows, shardEvents = 4_000_000, 1_000_000

// Each gives one row, so that the client's share is small. count is of the rows that are read.
var shardQueries = []struct {
	what, sql string
	count     int64
}{
	{"GROUP BY, 1,000 groups", `SELECT count(*), sum(n) FROM (SELECT k, count(*) AS n, sum(id), max(v) FROM wide GROUP BY k) x`, shardRows},
	{"GROUP BY, 1,000,000 groups", `SELECT count(*), sum(n) FROM (SELECT h, count(*) AS n, sum(id), max(v) FROM wide GROUP BY h) x`, shardRows},
	{"filter and expressions", `SELECT count(*), sum(v * 2 + k % 7) FROM wide WHERE note LIKE '%7%' AND id % 3 <> 1`, shardRows},
	{"join", `SELECT count(*), sum(a.k) FROM wide a JOIN wide b ON a.id = b.h`, 2 * shardRows},
	{"sort", `SELECT sum(id) FROM (SELECT id FROM wide ORDER BY v, note LIMIT 3900000) x`, shardRows},
	{"DISTINCT", `SELECT count(*) FROM (SELECT DISTINCT h, k FROM wide) x`, shardRows},
	{"Nexmark q1", `SELECT count(*), sum(0.908 * price) FROM bid`, shardEvents / 50 * 46},
	{"Nexmark q2", `SELECT count(*), sum(price) FROM bid WHERE auction % 123 = 0`, shardEvents / 50 * 46},
	{"Nexmark q3", `SELECT count(*), min(p.name) FROM auction a JOIN person p ON a.seller = p.id WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')`, shardEvents / 50 * 4},
	{"Nexmark q4", `SELECT count(*), sum(f) FROM (SELECT category, avg(final) AS f FROM (SELECT max(b.price) AS final, a.category FROM auction a JOIN bid b ON a.id = b.auction
		WHERE b.date_time BETWEEN a.date_time AND a.expires GROUP BY a.id, a.category) x GROUP BY category) y`, shardEvents},
	{"Nexmark q17", `SELECT count(*), sum(n) FROM (SELECT auction, date_trunc('day', date_time) AS day, count(*) AS n, count(*) FILTER (WHERE price < 10000), min(price), max(price), avg(price), sum(price)
		FROM bid GROUP BY 1, 2) x`, shardEvents / 50 * 46},
	{"Nexmark q20", `SELECT count(*), sum(b.price) FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`, shardEvents},
	{"Nexmark q22", `SELECT count(*), count(DISTINCT d) FROM (SELECT split_part(url, '/', 4) AS d FROM bid) x`, shardEvents / 50 * 46},
}

// shardTries is how often each is run on one shard and on two, by turns; the quickest counts.
const shardTries = 5

// benchShards runs large SELECTs on one shard and on two. Beside the ratio of rates stands that of
// processor times: two shards are at most twice as fast, less what dividing costs.
func benchShards(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o, "--shards", "2", "--min-shard-rows", "1", "--work-memory", "1GB", "--statement-memory", "4GB")
	if err != nil {
		return err
	}
	defer s.stop()
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // the server ends next
	if err := fillShards(ctx, c); err != nil {
		return err
	}
	for _, q := range shardQueries {
		var best [2]result
		var answers [2]string
		for i := range 2 * shardTries {
			shards := i % 2
			if _, err := c.Exec(ctx, fmt.Sprintf("SET shards = %d", 1+shards)); err != nil {
				return err
			}
			r := result{what: fmt.Sprintf("%s, %d shards", q.what, 1+shards), count: q.count}
			cpu, begin := s.cpu(), time.Now()
			if answers[shards], err = oneRow(ctx, c, q.sql); err != nil {
				return err
			}
			r.wall, r.cpu = time.Since(begin), s.cpu()-cpu
			if best[shards].wall == 0 || r.wall < best[shards].wall {
				best[shards].wall, best[shards].what, best[shards].count = r.wall, r.what, r.count
			}
			if best[shards].cpu == 0 || r.cpu < best[shards].cpu {
				best[shards].cpu = r.cpu
			}
		}
		if answers[0] != answers[1] {
			return fmt.Errorf("%s: %s on one shard, %s on two", q.what, answers[0], answers[1])
		}
		t.add(best[0])
		t.add(best[1])
		t.ratio("  two to one: "+q.what, best[1], best[0])
	}
	return nil
}

// Each makes a view of one stream or two that lie in the log; sum is over its contents.
var shardViews = []struct {
	what, sql, sum string
	count          int64
}{
	{"view GROUP BY, 300,000 groups", `SELECT bidder, auction, count(*) AS n, sum(price) AS s, max(price) AS m FROM bid GROUP BY bidder, auction`, `count(*), sum(n), sum(s), sum(m)`, shardEvents / 50 * 46},
	{"view GROUP BY, 1,000 groups", `SELECT bidder % 1000 AS k, count(*) AS n, sum(price) AS s FROM bid GROUP BY bidder % 1000`, `count(*), sum(n), sum(s)`, shardEvents / 50 * 46},
	{"view join", `SELECT b.auction, b.bidder, b.price, a.category FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`, `count(*), sum(price)`, shardEvents},
	{"view Nexmark q1", `SELECT auction, bidder, 0.908 * price AS price, date_time FROM bid`, `count(*), sum(price)`, shardEvents / 50 * 46},
	{"view Nexmark q2", `SELECT auction, price FROM bid WHERE auction % 123 = 0`, `count(*), sum(price)`, shardEvents / 50 * 46},
	{"view Nexmark q17", `SELECT auction, date_trunc('day', date_time) AS day, count(*) AS n, count(*) FILTER (WHERE price < 10000) AS few, min(price) AS least, max(price) AS most, avg(price) AS a, sum(price) AS s
		FROM bid GROUP BY 1, 2`, `count(*), sum(n), sum(few), sum(s)`, shardEvents / 50 * 46},
}

// benchShardViews makes views over what lies in the log, in a server with one shard and in one with two, by turns.
func benchShardViews(ctx context.Context, o options, t *table) error {
	var servers [2]*server
	var clients [2]*pgx.Conn
	for i := range servers {
		var err error
		if servers[i], err = start(ctx, o, "--shards", fmt.Sprint(1+i)); err != nil {
			return err
		}
		defer servers[i].stop()
		if clients[i], err = servers[i].connect(ctx); err != nil {
			return err
		}
		defer func() { _ = clients[i].Close(context.WithoutCancel(ctx)) }() // the server ends next
		if err := fillStreams(ctx, clients[i]); err != nil {
			return err
		}
	}
	for _, v := range shardViews {
		var best [2]result
		var answers [2]string
		for try := range 2 * shardTries {
			i := try % 2
			cpu, begin := servers[i].cpu(), time.Now()
			if _, err := clients[i].Exec(ctx, "CREATE MATERIALIZED VIEW v AS "+v.sql); err != nil { // returns when the view is there
				return err
			}
			wall, used := time.Since(begin), servers[i].cpu()-cpu
			var err error
			if answers[i], err = oneRow(ctx, clients[i], "SELECT "+v.sum+" FROM v"); err != nil {
				return err
			}
			if _, err := clients[i].Exec(ctx, "DROP MATERIALIZED VIEW v"); err != nil {
				return err
			}
			r := &best[i]
			if r.what, r.count = fmt.Sprintf("%s, %d shards", v.what, 1+i), v.count; try < 2 || wall < r.wall {
				r.wall = wall
			}
			if try < 2 || used < r.cpu {
				r.cpu = used
			}
		}
		if answers[0] != answers[1] {
			return fmt.Errorf("%s: %s on one shard, %s on two", v.what, answers[0], answers[1])
		}
		t.add(best[0])
		t.add(best[1])
		t.ratio("  two to one: "+v.what, best[1], best[0])
	}
	return nil
}

// fillShards makes what the queries read.
func fillShards(ctx context.Context, c *pgx.Conn) error {
	if _, err := c.Exec(ctx, "CREATE TABLE wide (id bigint PRIMARY KEY, k int, h int, v numeric, note text)"); err != nil {
		return err
	}
	for from := 0; from < shardRows; from += 250_000 {
		var lines bytes.Buffer
		for i := from; i < from+250_000; i++ {
			fmt.Fprintf(&lines, "%d\t%d\t%d\t%d.%02d\tnote %d\n", i, i%1000, i*7919%1_000_003, i*31%100_000, i%100, i%9973)
		}
		if _, err := c.PgConn().CopyFrom(ctx, &lines, "COPY wide FROM STDIN"); err != nil {
			return err
		}
	}
	return fillStreams(ctx, c)
}

// fillStreams makes three streams of Nexmark, and waits for their records.
func fillStreams(ctx context.Context, c *pgx.Conn) error {
	var counts []string
	for _, table := range []string{"bid", "auction", "person"} {
		if _, err := c.Exec(ctx, fmt.Sprintf("CREATE STREAM %s WITH (connector = 'nexmark', table = '%[1]s', rate = 1000000, events = %d)", table, shardEvents)); err != nil {
			return err
		}
		counts = append(counts, "(SELECT count(*) FROM "+table+")")
	}
	for {
		n, err := oneRow(ctx, c, "SELECT "+strings.Join(counts, " + "))
		if err != nil || n == fmt.Sprint(shardEvents) {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// oneRow is the answer of a query, as text.
func oneRow(ctx context.Context, c *pgx.Conn, sql string) (string, error) {
	res, err := c.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	if len(res) != 1 || len(res[0].Rows) != 1 {
		return "", errors.New("not one row")
	}
	return string(bytes.Join(slices.Clone(res[0].Rows[0]), []byte(" "))), nil
}
