package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// done is a transaction that has committed: which version of a register it has read, and which it has written.
type doneTx struct {
	read, wrote map[int]int
}

// TestSerializableHistories runs random transactions over registers in several tables, some of them through a view, and
// looks for a circle among those that committed: what one read or wrote must be in one order with what all others did.
func TestSerializableHistories(t *testing.T) {
	const tables, each, workers, rounds = 4, 2, 6, 40
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	for i := range tables {
		exec(t, ctx, db, fmt.Sprintf("CREATE TABLE r%d (id int PRIMARY KEY, v int NOT NULL)", i))
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO r%d SELECT i, 0 FROM generate_series(0, %d) AS g(i)", i, each-1))
	}
	exec(t, ctx, db, "CREATE VIEW r0_view AS SELECT id, v FROM r0")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW r1_view AS SELECT id, max(v) AS v FROM r1 GROUP BY id")
	var mu sync.Mutex
	var history []doneTx
	refused := 0
	var all sync.WaitGroup
	for k := range workers {
		c := connect(t, ctx, s)
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 11))
			for range rounds {
				tx, err := randomTx(ctx, c, r, tables*each, each)
				mu.Lock()
				switch {
				case err == nil:
					history = append(history, tx)
				case stateOf(err) == "40001" || stateOf(err) == "40P01":
					refused++
				default:
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%d committed, %d were refused", len(history), refused)
	if len(history) < workers*rounds/10 || refused == 0 {
		t.Error("the histories show nothing")
	}
	if at := circle(history); at != nil {
		t.Errorf("no order of transactions gives what they read: %v", at)
	}
}

// randomTx reads some registers, and writes others that it has read first.
func randomTx(ctx context.Context, c *pgx.Conn, r *rand.Rand, registers, each int) (done doneTx, err error) {
	done = doneTx{map[int]int{}, map[int]int{}}
	tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable})
	if err != nil {
		return done, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback(ctx) // it may be over
		}
	}()
	order := r.Perm(registers)[:2+r.IntN(2)]
	for i, reg := range order {
		from := fmt.Sprintf("r%d", reg/each)
		if reg/each < 2 && r.IntN(2) == 0 {
			from += "_view"
		}
		var v int
		if err = tx.QueryRow(ctx, fmt.Sprintf("SELECT v FROM %s WHERE id = $1", from), reg%each).Scan(&v); err != nil {
			return done, err
		}
		done.read[reg] = v
		if i == len(order)-1 {
			if _, err = tx.Exec(ctx, fmt.Sprintf("UPDATE r%d SET v = $1 WHERE id = $2", reg/each), v+1, reg%each); err != nil {
				return done, err
			}
			done.wrote[reg] = v + 1
		}
	}
	return done, tx.Commit(ctx)
}

// circle gives transactions each of which must come before the next one, and the last before the first; nil = there are
// none. The versions of a register are numbers: who wrote one is behind who wrote or read the one before, and before who read it.
func circle(history []doneTx) []int {
	writer := map[[2]int]int{}
	for i, tx := range history {
		for reg, v := range tx.wrote {
			if j, twice := writer[[2]int{reg, v}]; twice {
				return []int{i, j} // both wrote the same version: an update is lost
			}
			writer[[2]int{reg, v}] = i
		}
	}
	behind := make([][]int, len(history))
	for i, tx := range history {
		for reg, v := range tx.read {
			if w, ok := writer[[2]int{reg, v}]; ok && w != i {
				behind[w] = append(behind[w], i)
			}
			if w, ok := writer[[2]int{reg, v + 1}]; ok && w != i {
				behind[i] = append(behind[i], w)
			}
		}
	}
	state, path := make([]int, len(history)), []int{}
	var found []int
	var visit func(i int) bool
	visit = func(i int) bool {
		state[i], path = 1, append(path, i)
		for _, j := range behind[i] {
			if state[j] == 1 || state[j] == 0 && visit(j) {
				if found == nil {
					found = append([]int(nil), path...)
				}
				return true
			}
		}
		state[i], path = 2, path[:len(path)-1]
		return false
	}
	for i := range history {
		if state[i] == 0 && visit(i) {
			return found
		}
	}
	return nil
}

// TestCircle: the checker knows a write skew when it sees one.
func TestCircle(t *testing.T) {
	skew := []doneTx{
		{map[int]int{1: 0, 2: 0}, map[int]int{1: 1}},
		{map[int]int{1: 0, 2: 0}, map[int]int{2: 1}},
	}
	if circle(skew) == nil {
		t.Error("a write skew is not seen")
	}
	skew[1].read[1] = 1
	if at := circle(skew); at != nil {
		t.Errorf("one behind the other is a circle: %v", at)
	}
}
