package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// testContext ends before the test binary's own timeout, so that a hang is told by its test.
func testContext(t testing.TB) context.Context {
	t.Helper()
	limit := 60 * time.Second
	if long() {
		limit = 10 * time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// long reports whether the long forms of the tests are wanted.
func long() bool { return os.Getenv("TRIBUTARY_TEST_LONG") == "1" }

// random is a source seeded by TRIBUTARY_TEST_SEED or the time; the seed is printed.
func random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TRIBUTARY_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("TRIBUTARY_TEST_SEED: %v", err)
		}
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// equal fails the test unless got is want, line by line.
func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s: row %d of %d is %s, want %s (of %d)", what, i, len(got), g, w, len(want))
			return
		}
	}
}
