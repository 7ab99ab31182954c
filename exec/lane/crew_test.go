package lane_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/session"
	"github.com/tributary-db/tributary/storage/log"
)

// ticksOnShards are relations over streams: groups, distinct rows, joins, windows that close with late records, rows that
// fail behind and within what is divided, and sinks that keep the order of records.
var ticksOnShards = []string{
	`CREATE MATERIALIZED VIEW groups AS SELECT k, count(*) AS n, sum(v) AS s, min(note) AS least, avg(v) AS a FROM ev WHERE v % 5 <> 1 GROUP BY k`,
	`CREATE MATERIALIZED VIEW failing AS SELECT k, sum(10 / (v - 7)) AS s FROM ev GROUP BY k`,
	`CREATE MATERIALIZED VIEW failed AS SELECT 100 / (v % 50) AS q, note FROM ev`,
	`CREATE MATERIALIZED VIEW once AS SELECT DISTINCT note, k % 3 AS k FROM ev`,
	`CREATE MATERIALIZED VIEW joined AS SELECT a.k, a.v, b.note FROM ev a JOIN other b ON a.k = b.k WHERE a.v % 4 = 0`,
	`CREATE MATERIALIZED VIEW united AS SELECT k, note FROM ev UNION ALL SELECT k, upper(note) FROM other`,
	`CREATE MATERIALIZED VIEW tops AS SELECT k, v, note FROM ev ORDER BY v DESC, note, k LIMIT 20`,
	`CREATE MATERIALIZED VIEW closed WITH (allowed_lateness = '2 seconds') AS SELECT window_start, k, count(*) AS n, sum(v) AS s
		FROM HOP(ev, at, INTERVAL '10 seconds', INTERVAL '20 seconds') GROUP BY k, window_start EMIT ON WINDOW CLOSE`,
	`CREATE SINK rows TO TOPIC 'rows' AS SELECT k, v + 1 AS v, note FROM ev WHERE v % 3 > 0`,
	`CREATE STREAM derived WITH (topic = 'derived') AS SELECT k, upper(note) AS note FROM ev`,
}

// history is what happens, in commits of a few records.
type historyStep struct {
	topic   string
	records map[int32][]string
}

func drawHistory(rng *rand.Rand, commits int) (steps []historyStep) {
	for i := range commits {
		s := historyStep{"ev", map[int32][]string{}}
		if rng.IntN(4) == 0 {
			s.topic = "other"
		}
		for p := range int32(2) {
			for range rng.IntN(7) {
				value := fmt.Sprintf(`{"k": %d, "v": %d, "note": "n%d", "at": "2026-01-01 00:%02d:%02d"}`,
					rng.IntN(9), rng.IntN(100), rng.IntN(12), i/2%60, rng.IntN(60))
				if rng.IntN(15) == 0 {
					value = "no json"
				}
				s.records[p] = append(s.records[p], value)
			}
		}
		steps = append(steps, s)
	}
	return steps
}

// runOnShards makes the relations at some moment of the history, and restarts the process now and then with another
// number of shards. It gives what everybody sees at the end.
func runOnShards(t *testing.T, seed uint64, steps []historyStep, relations []int, at int, shards []int) map[string][]string {
	rng := rand.New(rand.NewPCG(seed, 9))
	d := newDatabase(t)
	d.crash()
	d.shards, d.workers, d.tickRows, d.partBytes = shards[0], 3, 0, 1
	d.start()
	for _, stream := range []string{"ev", "other"} {
		d.execf(`CREATE STREAM %[1]s (k int, v int, note text, at timestamp, WATERMARK FOR at AS at - INTERVAL '3 seconds')
			WITH (topic = '%[1]s', partitions = 2, idle_timeout = '1 hour')`, stream)
	}
	restarts := 0
	for i, s := range steps {
		if i == at {
			for _, r := range relations {
				d.exec(ticksOnShards[r])
			}
		}
		d.produceTo(s.topic, s.records)
		if i < at || len(shards) == 1 {
			continue
		}
		switch rng.IntN(25) {
		case 0:
			d.checkpoint()
		case 1:
			restarts++
			d.shards = shards[restarts%len(shards)]
			d.restart()
		}
	}
	seen := map[string][]string{}
	for _, r := range relations {
		name := strings.Fields(strings.NewReplacer("MATERIALIZED ", "").Replace(ticksOnShards[r]))[2]
		switch name {
		case "rows", "derived":
			d.settle(name)
			seen[name] = d.records(name)
		default:
			rows, err := d.try("SELECT * FROM " + name)
			if err != nil {
				rows = []string{err.Error()}
			}
			seen[name] = rows
			rows, err = d.try("SELECT * FROM " + name + "_errors")
			if err != nil {
				t.Fatal(err)
			}
			seen[name+"_errors"] = rows
		}
		rel, _ := d.catalog.Now().Relation("", name, []string{"public"})
		status, _ := d.runtime.Status(rel.OID)
		seen[name+" late"] = []string{fmt.Sprint(status.Late, status.NoTime)}
	}
	if n := d.runtime.ShardStats().Ticks; shards[0] == 1 && len(shards) == 1 && n > 0 {
		t.Errorf("%d ticks were divided among one shard", n)
	}
	d.idleShards()
	return seen
}

// idleShards waits until no shard is busy: what one has sorted is seen a moment before it is given back.
func (d *database) idleShards() {
	for d.runtime.ShardStats().Busy > 0 {
		<-time.After(time.Millisecond)
	}
}

// TestTicksOnShards: contents, rows that failed and the records of sinks, in their order, do not depend on how many
// shards take part, nor on restarts with another number; nor do late counts, which a start begins anew.
func TestTicksOnShards(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 8))
			steps := drawHistory(rng, 60+rng.IntN(60))
			at := rng.IntN(len(steps))
			relations := rng.Perm(len(ticksOnShards))
			want := runOnShards(t, seed, steps, relations, at, []int{1})
			for _, shards := range [][]int{{2, 5, 1}, {5, 2}} {
				got := runOnShards(t, seed, steps, relations, at, shards)
				for name, rows := range want {
					if strings.HasSuffix(name, " late") {
						continue
					}
					same(t, fmt.Sprintf("%s with %v shards", name, shards), got[name], rows)
				}
			}
			if got := runOnShards(t, seed, steps, relations, at, []int{4}); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("four shards: %v\none: %v", got, want)
			}
		})
	}
}

// TestTicksAlone: a relation whose ticks are divided while it is the only one that reads the stream sees what it sees
// among others.
func TestTicksAlone(t *testing.T) {
	for i := range ticksOnShards {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		steps := drawHistory(rng, 50)
		at := rng.IntN(len(steps))
		want := runOnShards(t, 1, steps, []int{i}, at, []int{1})
		for _, shards := range [][]int{{3}, {2, 5}} {
			got := runOnShards(t, uint64(i), steps, []int{i}, at, shards)
			for name, rows := range want {
				if len(shards) == 1 || !strings.HasSuffix(name, " late") {
					same(t, fmt.Sprintf("%s with %v shards", name, shards), got[name], rows)
				}
			}
		}
	}
}

// TestHelpersFail: what fails while shards share a tick fails the member, which comes again; a DROP in the midst leaves
// nobody at work.
func TestHelpersFail(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM ev (k int, v int) WITH (topic = 'ev')`)
	for i := range 40 {
		var records []string
		for j := range 100 {
			records = append(records, fmt.Sprintf(`{"k": %d, "v": %d}`, j%7, i))
		}
		d.produce("ev", records...)
	}
	var mu sync.Mutex
	reads := 0
	d.runtime.Inject(func(stage, relation string) error {
		mu.Lock()
		defer mu.Unlock()
		if stage != "read" {
			return nil
		}
		if reads++; reads%3 == 1 && reads < 20 {
			return errors.New("for a moment")
		}
		if reads == 5 {
			return log.ErrCorrupt // and not for a moment
		}
		if reads == 8 {
			panic("in a read")
		}
		return nil
	})
	d.exec(`CREATE MATERIALIZED VIEW w AS SELECT k, count(*) AS n FROM ev GROUP BY k`)
	same(t, "counts", d.exec(`SELECT sum(n) FROM w`), []string{"4000"})
	if d.runtime.ShardStats().Ticks == 0 {
		t.Error("no tick was divided")
	}
	held, ofX := make(chan struct{}), 0
	d.runtime.Inject(func(stage, relation string) error {
		if stage == "read" && relation == "x" {
			if ofX++; ofX == 2 { // behind the beginning of the range
				<-held
			}
		}
		return nil
	})
	made := make(chan struct{})
	go func() {
		defer close(made)
		_, _ = d.try(`CREATE MATERIALIZED VIEW x AS SELECT k, max(v) AS m FROM ev GROUP BY k`)
	}()
	other, err := d.db.Open(context.Background(), face.Startup{Principal: auth.Principal{Name: session.Superuser}, Database: "tributary", Client: client{}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for d.runtime.ShardStats().Busy == 0 {
		<-time.After(time.Millisecond)
	}
	close(held)
	if err := other.Simple(t.Context(), `DROP MATERIALIZED VIEW x`, &rowsWriter{}); err != nil {
		t.Fatal(err)
	}
	<-made
	d.idleShards()
}
