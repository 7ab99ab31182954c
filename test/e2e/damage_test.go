package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// damaged is a directory that a server has written and left cleanly, and what it held.
type damaged struct {
	dir    string
	stream []string
	table  []string
}

const (
	damagedStream = "SELECT _offset, n, v FROM dm ORDER BY _offset"
	damagedTable  = "SELECT id, v FROM dm_t ORDER BY id"
)

// prepareDamage fills a directory and leaves it by end; nothing rides inline, so that every
// record is in a segment.
func prepareDamage(t *testing.T, end func(s *harness.Server)) damaged {
	t.Helper()
	d := damaged{dir: t.TempDir()}
	s := harness.Start(t, d.dir, "--inline-bytes=0")
	s.Exec(t, "CREATE STREAM dm (n bigint, v text)", "CREATE TABLE dm_t (id bigint PRIMARY KEY, v bigint)",
		"CREATE MATERIALIZED VIEW dm_v AS SELECT count(*) AS c, sum(n) AS total FROM dm")
	for i := range 8 {
		s.Exec(t, fmt.Sprintf("INSERT INTO dm SELECT %d + a.x * 10 + b.x, repeat('abc', b.x) FROM (VALUES (0),(1),(2),(3)) a(x), (VALUES (1),(2),(3),(4),(5)) b(x)", i*100),
			fmt.Sprintf("INSERT INTO dm_t VALUES (%d, %d), (%d, 0)", i, i*i, i+100))
	}
	d.stream, d.table = s.Query(t, damagedStream), s.Query(t, damagedTable)
	if len(d.stream) != 160 || len(d.table) != 16 {
		t.Fatalf("%d and %d rows", len(d.stream), len(d.table))
	}
	end(s)
	return d
}

// files lists the files below a part of the directory that hold something.
func files(t testing.TB, dir string, keep func(path string) bool) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil && info.Size() > 0 && keep(path) {
			out = append(out, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// judge starts a server on a damaged directory. It must refuse in one line, or run: then every
// answer is an error or the truth. It reports how that went.
func (d damaged) judge(t *testing.T, what string) string {
	t.Helper()
	s, err := harness.Try(t, d.dir, "--inline-bytes=0")
	defer s.Kill()
	if err != nil {
		text := s.Stderr()
		if code := s.ExitCode(); code != 1 || strings.Contains(text, "panic") || !strings.HasPrefix(lastLine(text), "tributary: ") {
			t.Errorf("%s: exit code %d and not one clear line:\n%s", what, code, text)
		}
		return "refused to start"
	}
	told := 0
	c := s.Connect(t)
	for query, want := range map[string][]string{damagedStream: d.stream, damagedTable: d.table, "SELECT c FROM dm_v": {fmt.Sprint(len(d.stream))}} {
		got, err := harness.Rows(testContext(t), c, query)
		var answer *pgconn.PgError
		switch {
		case err == nil:
			equal(t, what+": "+query, got, want)
		case errors.As(err, &answer):
			told++
		default:
			t.Errorf("%s: %s: no answer: %v\n%s", what, query, err, s.Stderr())
		}
	}
	d.fetch(t, s, what)
	alive(t, s, what)
	if told > 0 {
		return "told at read"
	}
	return "harmless"
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// fetch reads the topic as a Kafka client: what comes is a prefix of the truth.
func (d damaged) fetch(t *testing.T, s *harness.Server, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	client := s.Kafka(t, kgo.ConsumeTopics("dm"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer client.Close()
	next := int64(0)
	for ctx.Err() == nil && next < int64(len(d.stream)) {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			row := strings.Split(d.stream[r.Offset], "|")
			want := fmt.Sprintf(`{"n":%s,"v":"%s"}`, row[1], row[2])
			if r.Offset != next || string(r.Value) != want {
				t.Errorf("%s: fetched offset %d after %d: %s, want %s", what, r.Offset, next, r.Value, want)
			}
			next = r.Offset + 1
		})
	}
}

// TestDamage flips bits of segments and metadata and cuts files short: the server refuses to
// start or the read is an error; it never ends, and never shows what was not written.
func TestDamage(t *testing.T) {
	rng := random(t)
	d := prepareDamage(t, func(s *harness.Server) {
		if code := s.Stop(); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	})
	segments := files(t, filepath.Join(d.dir, "objects"), func(p string) bool { return strings.HasSuffix(p, ".strm") })
	if len(segments) == 0 {
		t.Fatal("no segments")
	}
	meta := files(t, filepath.Join(d.dir, "meta"), func(p string) bool { return filepath.Base(p) != "LOCK" })
	others := files(t, filepath.Join(d.dir, "objects"), func(p string) bool { return !strings.HasSuffix(p, ".strm") })
	rounds := 5
	if long() {
		rounds = 60
	}
	for _, kind := range []struct {
		name  string
		files []string
	}{{"segment", segments}, {"metadata", meta}, {"other object", others}} {
		outcomes := map[string]int{}
		for i := range rounds {
			if len(kind.files) == 0 {
				break
			}
			copied := d.copy(t)
			path, err := filepath.Rel(d.dir, kind.files[rng.IntN(len(kind.files))])
			if err != nil {
				t.Fatal(err)
			}
			what := damage(t, rng, filepath.Join(copied.dir, path), i%3 == 2)
			outcome := copied.judge(t, what)
			outcomes[outcome]++
			if outcome == "harmless" {
				t.Logf("%s: harmless", what)
			}
			if t.Failed() {
				return
			}
		}
		t.Logf("%s: %v", kind.name, outcomes)
	}
	if outcome := d.judge(t, "nothing"); outcome != "harmless" {
		t.Errorf("undamaged again: %s", outcome)
	}
}

// TestDamageAfterKill: after kill -9 the write-ahead log of the metadata is all there is of the
// newest commits. A flipped bit in it looks like a torn write at its end; what follows it must
// not be lost in silence.
func TestDamageAfterKill(t *testing.T) {
	rng := random(t)
	d := prepareDamage(t, (*harness.Server).Kill)
	logs := files(t, filepath.Join(d.dir, "meta"), func(p string) bool { return strings.HasSuffix(p, ".log") })
	if len(logs) != 1 {
		t.Fatalf("write-ahead logs: %v", logs)
	}
	whole, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	whole = bytes.TrimRight(whole, "\x00")
	rounds := 6
	if long() {
		rounds = 60
	}
	for range rounds {
		copied := d.copy(t)
		changed := slices.Clone(whole)
		bit := rng.IntN(8 * len(changed) * 3 / 4)
		changed[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(filepath.Join(copied.dir, "meta", filepath.Base(logs[0])), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprintf("write-ahead log of %d bytes with bit %d of byte %d flipped", len(changed), bit%8, bit/8)
		if outcome := copied.judge(t, what); outcome != "refused to start" {
			t.Errorf("%s: %s", what, outcome)
		}
		if t.Failed() {
			return
		}
	}
	if outcome := d.judge(t, "nothing"); outcome != "harmless" {
		t.Errorf("undamaged: %s", outcome)
	}
}

// copy is the same in a directory of its own.
func (d damaged) copy(t *testing.T) damaged {
	t.Helper()
	to := d
	to.dir = t.TempDir()
	if err := os.CopyFS(to.dir, os.DirFS(d.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(to.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return to
}

// damage flips a bit of a file or cuts it, and says so.
func damage(t *testing.T, rng *rand.Rand, path string, cut bool) string {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(whole)
	what := ""
	if cut {
		changed = changed[:rng.IntN(len(changed))]
		what = fmt.Sprintf("%s cut from %d to %d bytes", filepath.Base(path), len(whole), len(changed))
	} else {
		bit := rng.IntN(8 * len(changed))
		changed[bit/8] ^= 1 << (bit % 8)
		what = fmt.Sprintf("%s of %d bytes with bit %d of byte %d flipped", filepath.Base(path), len(whole), bit%8, bit/8)
	}
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	return what
}
