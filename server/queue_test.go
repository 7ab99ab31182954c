package server_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestQueue: eight workers take the rows of a queue with SKIP LOCKED while some of them are ended in the midst of it: each row is done
// once, and none is left.
func TestQueue(t *testing.T) {
	const jobs, workers = 160, 8
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE job (id int PRIMARY KEY, state text NOT NULL)")
	exec(t, ctx, db, "CREATE TABLE done (job int NOT NULL, by_pid int NOT NULL)")
	exec(t, ctx, db, "INSERT INTO job SELECT i, 'ready' FROM generate_series(1, "+strconv.Itoa(jobs)+") AS g(i)")
	var killed atomic.Int64
	var all sync.WaitGroup
	for k := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 7))
			for ctx.Err() == nil {
				c, err := pgx.Connect(ctx, db.Config().ConnString())
				if err != nil {
					t.Error(err)
					return
				}
				ended, more := work(ctx, c, r, k%2 == 0)
				_ = c.Close(ctx) // it may have been terminated
				if ended {
					killed.Add(1)
				}
				if !ended && !more {
					return
				}
			}
		})
	}
	all.Wait()
	var rows, distinct, left int
	err := db.QueryRow(ctx, "SELECT count(*), count(DISTINCT job), (SELECT count(*) FROM job WHERE state = 'ready') FROM done").Scan(&rows, &distinct, &left)
	if err != nil || rows != jobs || distinct != jobs || left != 0 {
		t.Errorf("%d rows of %d jobs are done, %d are left: %v", rows, distinct, left, err)
	}
	var live, written int
	err = db.QueryRow(ctx, "SELECT n_live_tup, n_tup_ins FROM pg_stat_user_tables WHERE relname = 'done'").Scan(&live, &written)
	if err != nil || live != jobs || written < jobs {
		t.Errorf("pg_stat_user_tables has %d rows, of %d written: %v", live, written, err)
	}
	if killed.Load() == 0 {
		t.Error("no worker was ended")
	}
	t.Logf("%d workers were ended", killed.Load())
}

// work takes jobs until there are none, or the session is ended by itself. Half of the workers take a job in one statement.
func work(ctx context.Context, c *pgx.Conn, r *rand.Rand, inOne bool) (ended, more bool) {
	for {
		tx, err := c.Begin(ctx)
		if err != nil {
			return true, true
		}
		var id int
		if inOne {
			err = tx.QueryRow(ctx, `UPDATE job SET state = 'taken' WHERE id = (SELECT id FROM job WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
				RETURNING id`).Scan(&id)
		} else {
			err = tx.QueryRow(ctx, "SELECT id FROM job WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED").Scan(&id)
			if err == nil {
				_, err = tx.Exec(ctx, "UPDATE job SET state = 'taken' WHERE id = $1", id)
			}
		}
		switch {
		case err == pgx.ErrNoRows:
			_ = tx.Rollback(ctx)
			// Others may hold the last ones and be ended yet.
			var left int
			if err := c.QueryRow(ctx, "SELECT count(*) FROM job WHERE state = 'ready'").Scan(&left); err != nil {
				return true, true
			}
			if left == 0 {
				return false, false
			}
			continue
		case err != nil:
			return true, true
		}
		if r.IntN(16) == 0 { // in the midst of it
			_, _ = tx.Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
			return true, true
		}
		if _, err = tx.Exec(ctx, "INSERT INTO done VALUES ($1, pg_backend_pid())", id); err == nil {
			err = tx.Commit(ctx)
		}
		if err != nil {
			return true, true
		}
	}
}
