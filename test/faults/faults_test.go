package faults_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/storage/log"
)

// A store of Pebble that could not be opened leaves a goroutine of its log behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/record.(*LogWriter).flushLoop"))
}

// perHistory is how many points of a history are tried.
const perHistory = 500

// point is one way to end at one effect of one history.
type point struct {
	seed   uint64
	effect int // 0 = none
	way    way
}

func (p point) String() string { return fmt.Sprintf("%d:%d:%d", p.seed, p.effect, p.way) }

// TestFaultPoints: TRIBUTARY_TEST_FAULTS points (2,000) of histories from TRIBUTARY_TEST_FAULTS_SEED (1) on, or
// the one point of TRIBUTARY_TEST_FAULTS_POINT.
func TestFaultPoints(t *testing.T) {
	if text := os.Getenv("TRIBUTARY_TEST_FAULTS_POINT"); text != "" {
		var p point
		if _, err := fmt.Sscanf(text, "%d:%d:%d", &p.seed, &p.effect, &p.way); err != nil {
			t.Fatal(err)
		}
		if out := try(p); out.err != nil {
			t.Error(p, out)
		}
		return
	}
	want, first := number("TRIBUTARY_TEST_FAULTS", 2000), number("TRIBUTARY_TEST_FAULTS_SEED", 1)
	if testing.Short() {
		want = 100
	}
	var tried, missed atomic.Int64
	var g errgroup.Group
	g.SetLimit(8 * runtime.GOMAXPROCS(0)) // much of a point is waiting
	began := time.Now()
	kinds := map[string]int{}
	for seed := uint64(first); tried.Load() < int64(want) && !t.Failed(); seed++ {
		whole := try(point{seed: seed})
		if whole.err != nil {
			t.Fatal(point{seed: seed}, whole)
		}
		rng := newRand(seed + 1000)
		points := make([]point, 0, perHistory)
		for _, i := range rng.Perm(whole.effects * int(ways)) {
			if len(points) < min(perHistory, want-int(tried.Load())) {
				points = append(points, point{seed, 1 + i/int(ways), way(i % int(ways))})
			}
		}
		hits := make([]string, len(points))
		for i, p := range points {
			g.Go(func() error {
				out := try(p)
				if out.err != nil {
					t.Errorf("TRIBUTARY_TEST_FAULTS_POINT=%v: %v", p, out)
				}
				if hits[i] = out.hit; out.hit == "" {
					missed.Add(1)
				}
				tried.Add(1)
				return nil
			})
		}
		_ = g.Wait() // they tell t
		for i, hit := range hits {
			kinds[kind(hit)+", "+points[i].way.String()]++
		}
	}
	t.Logf("%d points in %v, %d of them behind the last effect", tried.Load(), time.Since(began).Round(time.Second), missed.Load())
	for k, n := range kinds {
		t.Logf("%5d %s", n, k)
	}
	if missed.Load() > tried.Load()/20 {
		t.Error("too many points hit nothing")
	}
}

// kind of an effect, without the name of what it was on.
func kind(hit string) string {
	store, rest, _ := cut(hit, ": ")
	verb, name, _ := cut(rest, " ")
	dir, _, _ := cut(name, "/")
	return store + " " + verb + " " + dir
}

func cut(s, sep string) (head, rest string, ok bool) {
	for i := 0; i+len(sep) <= len(s); i++ {
		if s[i:i+len(sep)] == sep {
			return s[:i], s[i+len(sep):], true
		}
	}
	return s, "", false
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// outcome of a point.
type outcome struct {
	effects int
	hit     string
	lose    lose
	err     error
}

func (o outcome) String() string { return fmt.Sprintf("%s, %v: %v", o.hit, o.lose, o.err) }

// try runs a history of two lives, ends it at the point, and looks at what is left.
func try(p point) (out outcome) {
	w := newWorld(p.seed%2 == 1)
	h := newHistory(p.seed, w)
	rng := newRand(p.seed*31 + uint64(p.effect)*7 + uint64(p.way))
	out.lose = lose(rng.IntN(3))
	power := newPower(p.effect, p.way)
	effects := 0
	for life := range 2 {
		var err error
		if h.x, err = w.start(power); err != nil {
			out.err = fmt.Errorf("start: %w", err)
			return out
		}
		if h.x != nil {
			h.run(30)
			if life == 1 && rng.IntN(2) == 0 {
				h.x.stop()
			} else {
				h.x.kill()
			}
		}
		effects += power.effects()
		power = power.next()
		out.effects, out.hit = effects, power.hit()
		if out.hit != "" {
			break
		}
		if out.err = w.forget(lose(newRand(p.seed).IntN(2))); out.err != nil {
			return out
		}
	}
	if out.err = w.forget(out.lose); out.err == nil {
		out.err = h.after()
	}
	return out
}

// after looks at what is left, goes on with it, and looks again.
func (h *history) after() (err error) {
	for life := range 2 {
		if h.x, err = h.w.start(newPower(0, before)); err != nil {
			return fmt.Errorf("start %d: %w", life, err)
		}
		if err = h.lookAround(life); err != nil {
			h.x.kill()
			return err
		}
		h.x.stop()
	}
	return nil
}

func (h *history) lookAround(life int) error {
	if _, err := h.x.db.InitTransactions(h.x.ctx, "x", time.Hour, log.NoIdentity); err != nil { // what is open is aborted
		return fmt.Errorf("take the transactional id: %w", err)
	}
	if err := errors.Join(h.check(), h.checkObjects(false)); err != nil {
		return fmt.Errorf("life %d after: %w", life, err)
	}
	if life == 0 {
		if err := h.checkBackups(); err != nil {
			return err
		}
		h.run(12)
		if err := h.check(); err != nil {
			return fmt.Errorf("gone on: %w", err)
		}
	}
	h.w.clock.pass(time.Minute)
	for range 2 {
		err := errors.Join(h.x.db.Roll(h.x.ctx), h.x.db.Level(h.x.ctx), h.x.db.Clean(h.x.ctx), h.x.db.Snapshot(h.x.ctx), h.x.db.Retain(h.x.ctx))
		if err != nil {
			return fmt.Errorf("upkeep: %w", err)
		}
	}
	if err := errors.Join(h.check(), h.checkObjects(true)); err != nil {
		return fmt.Errorf("life %d after upkeep: %w", life, err)
	}
	return nil
}
