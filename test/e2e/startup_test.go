package e2e

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/test/harness"
)

// TestRefusedStarts: what an operator gets wrong is one line on stderr and exit code 1.
func TestRefusedStarts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	running := harness.Start(t, t.TempDir())
	file := filepath.Join(t.TempDir(), "plain-file")
	config := filepath.Join(t.TempDir(), "tributary.conf")
	for path, text := range map[string]string{file: "x", config: "no_such_setting = 1\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		dir   string
		flags []string
		want  []string
	}{
		{"taken port", "", []string{"--pg-listen", taken.Addr().String()}, []string{"pg_listen", taken.Addr().String(), "taken"}},
		{"taken Kafka port", "", []string{"--kafka-listen", taken.Addr().String()}, []string{"kafka_listen", "taken"}},
		{"locked directory", running.Dir, nil, []string{"in use", "pid"}},
		{"directory is a file", file, nil, []string{file, "not a directory"}},
		{"bad value", "", []string{"--flush-bytes", "many"}, []string{"flush_bytes", "many"}},
		{"bad address", "", []string{"--pg-listen", "nowhere"}, []string{"pg_listen"}},
		{"unknown flag", "", []string{"--no-such-flag"}, []string{"no-such-flag"}},
		{"unknown line of the file", "", []string{"--config", config}, []string{"no_such_setting"}},
		{"no such file", "", []string{"--config", config + ".absent"}, []string{config + ".absent"}},
		{"trust beyond loopback", "", []string{"--pg-listen", "0.0.0.0:0"}, []string{"trust"}},
		{"Kafka beyond loopback", "", []string{"--kafka-listen", "0.0.0.0:0", "--kafka-advertised", "b:1"}, []string{"kafka_listen", "0.0.0.0", "trust"}},
		{"HTTP beyond loopback", "", []string{"--http-listen", "0.0.0.0:0"}, []string{"http_listen", "0.0.0.0"}},
		{"secret in a bad store", "", []string{"--object-store", "s3://b?endpoint=http://u:hush@h&x=1"}, []string{"s3://b?endpoint=http://****@h"}},
		{"unknown store", "", []string{"--object-store", "ftp://x"}, []string{"ftp"}},
		{"unknown metadata", "", []string{"--meta", "nowhere://x"}, []string{"nowhere"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.dir == "" {
				tt.dir = t.TempDir()
			}
			s, err := harness.Try(t, tt.dir, tt.flags...)
			if err == nil {
				t.Fatal("it started")
			}
			want := 1
			if tt.name == "unknown flag" {
				want = 2 // the command line itself is not understood
			}
			if code := s.ExitCode(); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			text := s.Stderr()
			if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "tributary: ") {
				t.Errorf("stderr is not one line of ours:\n%s", text)
			}
			for _, w := range tt.want {
				if !strings.Contains(text, w) {
					t.Errorf("stderr does not name %q: %s", w, text)
				}
			}
		})
	}
	if got := running.Query(t, "SELECT 1"); len(got) != 1 {
		t.Errorf("the first server answers %v", got)
	}
}

// TestStartAndStop: ports are printed, it is ready soon, SIGTERM ends it with 0, and the
// directory is free again.
func TestStartAndStop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := harness.Start(t, dir)
	t.Logf("ready in %v", s.Ready)
	if s.Ready > 5*time.Second {
		t.Errorf("ready in %v", s.Ready)
	}
	for _, port := range []string{s.PGPort, s.KafkaAddr[strings.LastIndexByte(s.KafkaAddr, ':')+1:], s.HTTP[strings.LastIndexByte(s.HTTP, ':')+1:]} {
		if port == "0" || port == "" {
			t.Errorf("banner shows port %q", port)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.Get(t, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	s.Exec(t, "CREATE TABLE kept (id int PRIMARY KEY)", "INSERT INTO kept VALUES (1)")
	idle := s.Connect(t) // a client that stays must not hold the stop up for ever
	begin := time.Now()
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0\n%s", code, s.Stderr())
	}
	t.Logf("stopped in %v with a client connected", time.Since(begin))
	if err := idle.Ping(testContext(t)); err == nil {
		t.Error("the connection outlived the server")
	}
	private(t, dir)
	again := harness.Start(t, dir)
	t.Logf("ready again in %v", again.Ready)
	equal(t, "after the restart", again.Query(t, "SELECT id FROM kept"), []string{"1"})
}

// private fails when anybody but the owner may look at what the server has made.
func private(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTakenOver: a server that finds another's claim on its object store ends with one line, and
// the next start says who has it.
func TestTakenOver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := harness.Start(t, dir, "--checkpoint-interval=100ms")
	s.Exec(t, "CREATE TABLE kept (id int PRIMARY KEY)")
	mem := objstore.NewMem()
	id := func(c string) string { return strings.Repeat(c, 21) + "A" }
	if _, err := objstore.Take(t.Context(), mem, "", objstore.WriterInfo{Cluster: id("C"), Meta: id("M"), Instance: id("I"), Fence: 9}); err != nil {
		t.Fatal(err)
	}
	claim, _, err := objstore.ReadObject(t.Context(), mem, "writer.json", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "objects", "writer.json"), claim, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "INSERT INTO kept VALUES (1)") // a checkpoint follows, and looks
	if code := s.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if text := lastLine(s.Stderr()); !strings.HasPrefix(text, "tributary: another server has taken this object store over") {
		t.Errorf("it said: %s", text)
	}
	again, err := harness.Try(t, dir)
	if err == nil || !strings.Contains(again.Stderr(), "belongs to cluster") {
		t.Errorf("started again: %v, %s", err, again.Stderr())
	}
}

// TestIdle: a server that nobody asks costs little memory and no processor.
func TestIdle(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	s.Exec(t,
		"CREATE STREAM idle_in (n bigint)",
		"CREATE MATERIALIZED VIEW idle_view AS SELECT count(*) AS n FROM idle_in",
		"CREATE SINK idle_sink TO TOPIC 'idle_out' AS SELECT n FROM idle_in",
		"INSERT INTO idle_in VALUES (1)")
	equal(t, "view", s.Query(t, "SELECT n FROM idle_view"), []string{"1"})
	const watch = 3 * time.Second
	before := s.CPU(t)
	time.Sleep(watch) // the measure is a span of real time
	used := s.CPU(t) - before
	rss := s.Resident(t)
	t.Logf("idle: %.1f MB resident, %v of processor in %v", float64(rss)/1e6, used, watch)
	if rss > 150e6 {
		t.Errorf("idle server holds %d bytes", rss)
	}
	if used > 300*time.Millisecond {
		t.Errorf("idle server used %v of processor in %v", used, watch)
	}
}
