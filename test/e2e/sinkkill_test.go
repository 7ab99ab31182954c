package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

var sinkSchema = []string{
	"CREATE STREAM sk_in (n bigint, v bigint) WITH (topic = 'sk_in')",
	"CREATE TABLE sk_t (id bigint PRIMARY KEY, v bigint)",
	"CREATE MATERIALIZED VIEW sk_view AS SELECT v % 5 AS g, count(*) AS c, sum(n) AS total FROM sk_in GROUP BY v % 5",
	"CREATE SINK sk_even TO TOPIC 'sk_even' AS SELECT _offset AS pos, n, v FROM sk_in WHERE v % 2 = 0",
	"CREATE SINK sk_groups TO TOPIC 'sk_groups' AS SELECT v % 3 AS g, count(*) AS c FROM sk_in GROUP BY v % 3",
	"CREATE SINK sk_of_view TO TOPIC 'sk_of_view' AS SELECT g, c, total FROM sk_view",
	"CREATE SINK sk_of_table TO TOPIC 'sk_of_table' AS SELECT id, v FROM sk_t",
	"CREATE STREAM sk_first AS SELECT n, v FROM sk_in WHERE v % 3 = 0",
	"CREATE STREAM sk_second AS SELECT n, v FROM sk_first WHERE v % 2 = 0",
	"CREATE SINK sk_chain TO TOPIC 'sk_chain' AS SELECT n, v FROM sk_second",
}

// TestSinkKill kills the server while its sinks commit: every record written makes them do so,
// and a record is a commit. After each restart the topics are what the queries say: no gap, no
// duplicate, in order.
func TestSinkKill(t *testing.T) {
	rng := random(t)
	dir, ports := t.TempDir(), harness.FixedPorts(t)
	s := harness.Start(t, dir, append(kept(rng), ports...)...)
	s.Exec(t, sinkSchema...)
	kills := 5
	if long() {
		kills = 40
	}
	producer := s.Kafka(t, kgo.DefaultProduceTopic("sk_in"), kgo.ProducerLinger(0), kgo.MaxBufferedRecords(64))
	for round := range kills {
		ctx, cancel := context.WithCancel(context.Background())
		var work sync.WaitGroup
		seed := rng.Uint64()
		work.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for n := 0; ctx.Err() == nil; n++ {
				// One at a time: each is a commit, and so is each sink's answer to it.
				record := kgo.Record{Value: fmt.Appendf(nil, `{"n":%d,"v":%d}`, n, r.IntN(1000))}
				if err := producer.ProduceSync(context.Background(), &record).FirstErr(); err != nil {
					t.Errorf("produce: %v", err)
				}
			}
		})
		for w := range 2 {
			c := s.Connect(t)
			work.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(2+w)))
				for ctx.Err() == nil {
					id := 2*r.IntN(10) + w // each worker its own rows
					sql := fmt.Sprintf("UPDATE sk_t SET v = v + 1 WHERE id = %d", id)
					switch r.IntN(4) {
					case 0:
						sql = fmt.Sprintf("DELETE FROM sk_t WHERE id = %d", id)
					case 1:
						sql = fmt.Sprintf("INSERT INTO sk_t SELECT %d, %d WHERE NOT EXISTS (SELECT 1 FROM sk_t WHERE id = %d)", id, r.IntN(1e6), id)
					case 2:
						sql = fmt.Sprintf("INSERT INTO sk_in VALUES (-1, %d)", r.IntN(1000))
					}
					if _, err := c.Exec(context.Background(), sql); err != nil {
						if lostServer(err) {
							return
						}
						t.Errorf("%s: %v", sql, err)
						return
					}
				}
			})
		}
		after := time.Duration(20+rng.IntN(180)) * time.Millisecond
		time.Sleep(after) // the moment is random
		s.Kill()
		cancel()
		flags := kept(rng)
		s = harness.Start(t, dir, append(flags, ports...)...)
		work.Wait()
		t.Logf("round %d: killed after %v, on with %v; %s records", round, after, flags, s.Query(t, "SELECT count(*) FROM sk_in")[0])
		checkSinkTopics(t, s)
		if t.Failed() {
			return
		}
	}
}

// checkSinkTopics compares every sink's topic with the query behind it.
func checkSinkTopics(t *testing.T, s *harness.Server) {
	t.Helper()
	for _, c := range []struct{ topic, query string }{
		{"sk_even", `SELECT '{"pos":' || _offset || ',"n":' || n || ',"v":' || v || '}' FROM sk_in WHERE v % 2 = 0 ORDER BY _offset`},
		{"sk_first", `SELECT '{"n":' || n || ',"v":' || v || '}' FROM sk_in WHERE v % 3 = 0 ORDER BY _offset`},
		{"sk_second", `SELECT '{"n":' || n || ',"v":' || v || '}' FROM sk_in WHERE v % 6 = 0 ORDER BY _offset`},
		{"sk_chain", `SELECT '{"n":' || n || ',"v":' || v || '}' FROM sk_in WHERE v % 6 = 0 ORDER BY _offset`},
	} {
		want := s.Query(t, c.query)
		var got []string
		for _, r := range awaitTopic(t, s, c.topic, fmt.Sprint(len(want))) {
			got = append(got, string(r.Value))
		}
		equal(t, c.topic, got, want)
	}
	for _, c := range []struct{ topic, query string }{
		{"sk_groups", `SELECT '{"g":' || v % 3 || ',"c":' || count(*) || '}' FROM sk_in GROUP BY v % 3`},
		{"sk_of_view", `SELECT '{"g":' || g || ',"c":' || c || ',"total":' || total || '}' FROM sk_view`},
		{"sk_of_table", `SELECT '{"id":' || id || ',"v":' || v || '}' FROM sk_t`},
	} {
		want := s.Query(t, c.query)
		slices.Sort(want)
		var got []string
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if got = foldTopic(t, s, c.topic); slices.Equal(got, want) {
				break
			}
		}
		equal(t, c.topic, got, want)
	}
}

// foldTopic is what a reader of upserts ends with. A record that changes nothing is an error:
// it was written before.
func foldTopic(t *testing.T, s *harness.Server, topic string) []string {
	t.Helper()
	rows := map[string]string{}
	for _, r := range readTopic(t, s, topic)[0] {
		key, value := string(r.Key), string(r.Value)
		if before, there := rows[key]; before == value && (there || r.Value == nil) {
			t.Errorf("%s: offset %d writes %q again under key %q", topic, r.Offset, value, key)
		}
		if delete(rows, key); r.Value != nil {
			rows[key] = value
		}
	}
	var out []string
	for _, v := range rows {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}
