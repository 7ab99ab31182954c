package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

var update = flag.Bool("update", false, "add what passes for the first time to testdata")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// longest is how long one suite may take.
const longest = 20 * time.Minute

// peer is a client with a suite.
type peer struct {
	name string
	// fetch puts the suite into a directory and builds it.
	fetch func(dir string) error
	// run is the command in that directory; leave are the tests that it must not run.
	run func(dir string, leave []string) *exec.Cmd
	env func(addr string) []string
}

// outcome of a test in the output of a suite.
var outcome = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+)`)

func peers() []peer {
	return []peer{
		{
			name:  "franz-go",
			fetch: goSuite("github.com/twmb/franz-go@v1.22.2", "pkg/kgo", nil),
			run:   goRun("pkg/kgo"),
			env: func(addr string) []string {
				records := os.Getenv("TRIBUTARY_TEST_PEER_RECORDS")
				if records == "" {
					records = "20000"
				}
				return []string{"KGO_SEEDS=" + addr, "KGO_TEST_RF=1", "KGO_TEST_RECORDS=" + records}
			},
		},
		{
			name: "kafka-go",
			// Its tests know where the broker is, and so does the client when it is not told a port.
			fetch: goSuite("github.com/segmentio/kafka-go@v0.4.51", ".", func(text, port string) string { return strings.ReplaceAll(text, "9092", port) }),
			run:   goRun("."),
			env:   func(string) []string { return []string{"KAFKA_VERSION=3.7.0", "KAFKA_SKIP_NETTEST=1"} },
		},
	}
}

// port that the server of this run has; a suite may have it in its text.
var port string

// goSuite is the tests of one package of a Go module.
func goSuite(module, pkg string, change func(text, port string) string) func(dir string) error {
	return func(dir string) error {
		c := exec.Command("go", "mod", "download", "-json", module)
		c.Dir = os.TempDir() // not this module
		out, err := c.Output()
		if err != nil {
			return fmt.Errorf("go mod download %s: %w", module, err)
		}
		var found struct{ Dir string }
		if err := json.Unmarshal(out, &found); err != nil {
			return err
		}
		if err := copyWritable(found.Dir, dir, change); err != nil {
			return err
		}
		c = exec.Command("go", "test", "-mod=mod", "-c", "-o", filepath.Join(dir, "suite"), ".")
		c.Dir = filepath.Join(dir, pkg)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("build the tests of %s: %w\n%s", module, err, out)
		}
		return nil
	}
}

// copyWritable copies a tree of the module cache, which cannot be written to.
func copyWritable(from, to string, change func(text, port string) string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if change != nil && strings.HasSuffix(path, ".go") {
			text = []byte(change(string(text), port))
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
}

func goRun(pkg string) func(dir string, leave []string) *exec.Cmd {
	return func(dir string, leave []string) *exec.Cmd {
		c := exec.Command(filepath.Join(dir, "suite"), "-test.v", "-test.timeout", longest.String())
		if len(leave) > 0 {
			c.Args = append(c.Args, "-test.skip", "^("+strings.Join(leave, "|")+")$")
		}
		c.Dir = filepath.Join(dir, pkg)
		return c
	}
}

// TestPeers runs the suites, of the peers that TRIBUTARY_TEST_PEERS lists or of all.
func TestPeers(t *testing.T) {
	wanted := os.Getenv("TRIBUTARY_TEST_PEERS")
	if wanted == "" {
		t.Skip("TRIBUTARY_TEST_PEERS is not set: make peers")
	}
	for _, p := range peers() {
		if wanted == "all" || strings.Contains(","+wanted+",", ","+p.name+",") {
			t.Run(p.name, func(t *testing.T) { p.test(t) })
		}
	}
}

func (p peer) test(t *testing.T) {
	lists, err := readLists(p.file())
	if err != nil {
		t.Fatal(err)
	}
	flags := harness.FixedPorts(t)
	s := harness.Start(t, t.TempDir(), flags...)
	if _, port, err = net.SplitHostPort(s.KafkaAddr); err != nil {
		t.Fatal(err)
	}
	addr := "localhost:" + port
	if code := s.Stop(); code != 0 { // it is told its name, once it has a port
		t.Fatalf("exit code %d", code)
	}
	s = harness.Start(t, s.Dir, append(flags, "--kafka-advertised="+addr)...)
	dir := t.TempDir()
	if err := p.fetch(dir); err != nil {
		t.Skipf("not run: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	c := p.run(dir, lists.left())
	c = commandContext(ctx, c)
	c.Env = append(os.Environ(), p.env(addr)...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run() // what failed is in its output
	t.Logf("%s: %v", p.name, err)
	if path := os.Getenv("TRIBUTARY_TEST_PEER_OUTPUT"); path != "" {
		if err := os.WriteFile(filepath.Join(path, p.name+".txt"), out.Bytes(), 0o600); err != nil {
			t.Error(err)
		}
	}
	lists.judge(t, outcomes(out.String()))
	if *update {
		if err := lists.write(p.file()); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Running() {
		t.Error("the server has ended")
	}
}

func commandContext(ctx context.Context, c *exec.Cmd) *exec.Cmd {
	out := exec.CommandContext(ctx, c.Path, c.Args[1:]...)
	out.Dir = c.Dir
	return out
}

func (p peer) file() string { return filepath.Join("testdata", p.name+".txt") }

// outcomes of the tests in an output, by name: PASS, FAIL or SKIP.
func outcomes(out string) map[string]string {
	found := map[string]string{}
	for _, m := range outcome.FindAllStringSubmatch(out, -1) {
		if found[m[2]] != "FAIL" {
			found[m[2]] = m[1]
		}
	}
	return found
}
