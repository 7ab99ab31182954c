package damage

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

// sureAfter is how long after its acknowledgement a row is certain to be told if it is lost: a
// proof is written once a second.
const sureAfter = 2 * time.Second

// inObject is how many rows the stream o has; they lie in a segment and not in the log.
const inObject = 12

// inlineBytes: single rows ride in the log, what padded makes does not.
const inlineBytes = 4 << 10

// padded are n rows of a stream that do not compress to little.
func padded(n int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var rows []string
	for i := range n {
		pad := make([]byte, 1000)
		for k := range pad {
			pad[k] = byte('a' + rng.IntN(26))
		}
		rows = append(rows, fmt.Sprintf("(%d, 'row %d', '%s')", i, i, pad))
	}
	return strings.Join(rows, ", ")
}

// state is what a server has left, and what it had acknowledged.
type state struct {
	name  string
	files map[string][]byte
	// Rows 0 to acked-1 of both t and s were acknowledged, sure of them early enough.
	acked, sure int
}

// leave runs a server under load and ends it. With a bucket the objects lie there.
func leave(t *testing.T, killed bool, b *bucket) *state {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	flags := []string{"--checkpoint-interval=700ms", fmt.Sprintf("--inline-bytes=%d", inlineBytes), "--disk-ballast=0"}
	if b != nil {
		flags = append(flags, "--object-store="+b.url(), "--flush-interval=5ms", "--flush-cost=0")
	}
	s := harness.Start(t, dir, flags...)
	s.Exec(t, "CREATE TABLE t (id bigint PRIMARY KEY, v text)", "CREATE STREAM s (id bigint, v text)",
		"CREATE MATERIALIZED VIEW n AS SELECT count(*) AS n FROM t",
		"CREATE STREAM o (id bigint, v text, pad text)", "INSERT INTO o VALUES "+padded(inObject))
	st := &state{name: "clean stop"}
	if killed {
		st.name = "kill under load"
	}
	if b != nil {
		st.name += ", objects in a bucket"
	}
	row := func() {
		s.Exec(t, fmt.Sprintf("INSERT INTO t VALUES (%d, 'row %d')", st.acked, st.acked),
			fmt.Sprintf("INSERT INTO s VALUES (%d, 'row %d')", st.acked, st.acked))
		st.acked++
	}
	for range 20 {
		row()
	}
	if code := s.Stop(); code != 0 { // snapshots and checkpoints of more than one life
		t.Fatalf("exit code %d", code)
	}
	s = harness.Start(t, dir, flags...)
	begin := time.Now()
	var at []time.Time
	for time.Since(begin) < sureAfter+time.Second {
		row()
		at = append(at, time.Now())
	}
	st.sure = st.acked
	if killed {
		s.Kill()
		for i := len(at) - 1; i >= 0 && time.Since(at[i]) < sureAfter; i-- {
			st.sure--
		}
	} else if code := s.Stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	st.files = read(t, dir, b)
	t.Logf("%s: %d files, %d rows acknowledged, %d of them sure", st.name, len(st.files), st.acked, st.sure)
	return st
}

// read is what a directory holds, without what only a lock is.
// What lies in the bucket is under inBucket.
func read(t *testing.T, dir string, b *bucket) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	if b != nil {
		b.read(t, out)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" || d.Name() == "+lock" {
			return err
		}
		out[path[len(dir)+1:]], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, dir string, in *bucket, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		if key, ok := strings.CutPrefix(name, inBucket); ok {
			in.put(t, key, b)
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// differences of two directories, by name.
func differences(before, after map[string][]byte) (out []string) {
	for name, b := range before {
		if a, ok := after[name]; !ok || string(a) != string(b) {
			out = append(out, name+" has changed")
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			out = append(out, name+" is new")
		}
	}
	return out
}

// names of the files, in an order that does not change from run to run.
func (s *state) names() []string { return slices.Sorted(maps.Keys(s.files)) }

// isWAL: cutting the end off it after a kill looks as a torn write does.
func isWAL(name string) bool {
	return strings.HasPrefix(name, "meta/") && strings.HasSuffix(name, ".log")
}
