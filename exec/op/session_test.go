package op_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/planner/plan"
)

// sessionRule is sessions of EMIT ON WINDOW CLOSE by their definition, in microseconds: the times of what is open, made
// into sessions anew whenever something is asked.
type sessionRule struct {
	gap, lateness, delay int64
	open                 []int64
	closed               map[int64]int64 // count by end
	late                 int
}

func (s *sessionRule) chains() (out [][]int64) {
	slices.Sort(s.open)
	for i, at := range s.open {
		if i == 0 || at-s.open[i-1] > s.gap {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], at)
	}
	return out
}

func (s *sessionRule) shut(chain []int64, watermark int64) bool {
	return chain[len(chain)-1]+s.gap+s.lateness <= watermark
}

func (s *sessionRule) close(watermark int64) {
	var left []int64
	for _, chain := range s.chains() {
		if s.shut(chain, watermark) {
			s.closed[chain[len(chain)-1]+s.gap] += int64(len(chain))
		} else {
			left = append(left, chain...)
		}
	}
	s.open = left
}

func (s *sessionRule) take(at, watermark int64) {
	s.close(watermark)
	was := slices.Clone(s.open)
	s.open = append(s.open, at)
	for _, chain := range s.chains() {
		if slices.Contains(chain, at) && s.shut(chain, watermark) {
			s.open, s.late = was, s.late+1
			return
		}
	}
}

// TestSessionCloseByDefinition: what is emitted, and how many records are late, is what the definition says, however
// commits are cut into ticks.
func TestSessionCloseByDefinition(t *testing.T) {
	const s = 1_000_000
	for _, rule := range []sessionRule{{gap: 5 * s, delay: 5 * s}, {gap: 3 * s}, {gap: 8 * s, lateness: 7 * s, delay: 2 * s}, {gap: 1 * s, delay: 20 * s}} {
		rapid.Check(t, func(t *rapid.T) {
			last := rapid.SampledFrom([]int64{1020, 1100}).Draw(t, "last") // few times: sessions come again where one was closed
			commits := rapid.SliceOfN(rapid.SliceOfN(rapid.Int64Range(1000, last), 0, 5), 0, 40).Draw(t, "times by commit")
			want, watermark := rule, int64(math.MinInt64)
			want.closed = map[int64]int64{}
			for _, times := range commits {
				for i := range times {
					times[i] *= s
					want.take(times[i], watermark)
				}
				for _, at := range times {
					watermark = max(watermark, at-rule.delay)
				}
			}
			want.close(watermark)
			micro := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
			got, late, err := exectest.Stream(commits, rule.delay, func(leaf node) node {
				n := exectest.ClosedSession(leaf, nil, 0, micro(rule.gap), micro(rule.lateness)).(*plan.SessionWindow)
				return exectest.GroupBy(n, []int{n.End()}, exectest.Agg("count", i8))
			}, rapid.IntRange(1, 7).Draw(t, "commits a tick"))
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, want.closed) || late != want.late {
				t.Fatalf("%+v: sessions %v with %d late, want %v with %d", rule, got, late, want.closed, want.late)
			}
		})
	}
}

// TestSessionBesideClosed: a row that another one joins to an open session lies in the time of a session that the same tick has closed.
func TestSessionBesideClosed(t *testing.T) {
	const s = 1_000_000
	got, late, err := exectest.Stream([][]int64{{1000 * s}, {1017 * s}, {1001 * s, 1000 * s}}, 2*s, func(leaf node) node {
		n := exectest.ClosedSession(leaf, nil, 0, 8*time.Second, 7*time.Second).(*plan.SessionWindow)
		return exectest.GroupBy(n, []int{n.End()}, exectest.Agg("count", i8))
	}, 3)
	if want := map[int64]int64{1008 * s: 1}; err != nil || !maps.Equal(got, want) || late != 0 {
		t.Fatalf("sessions %v with %d late, want %v: %v", got, late, want, err)
	}
}
