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
	// flags of the server.
	flags []string
	// outcome of a test in the output: groups outcome and name.
	outcome *regexp.Regexp
	// beside runs while the suite does; it gives environment.
	beside func(t *testing.T) []string
}

// Outcomes of go test: of tests, and of those inside a suite's.
var (
	goOutcome    = regexp.MustCompile(`(?m)^--- (?P<outcome>PASS|FAIL|SKIP): (?P<name>\S+)`)
	goSubOutcome = regexp.MustCompile(`(?m)^    --- (?P<outcome>PASS|FAIL|SKIP): (?P<name>\S+)`)
)

func peers() []peer {
	return []peer{
		{
			name:    "franz-go",
			fetch:   goSuite("github.com/twmb/franz-go@v1.22.2", "pkg/kgo", nil),
			run:     goRun("pkg/kgo"),
			outcome: goOutcome,
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
			fetch:   goSuite("github.com/segmentio/kafka-go@v0.4.51", ".", func(text, port string) string { return strings.ReplaceAll(text, "9092", port) }),
			run:     goRun("."),
			env:     func(string) []string { return []string{"KAFKA_VERSION=3.7.0", "KAFKA_SKIP_NETTEST=1"} },
			outcome: goOutcome,
		},
		{
			name: "sarama",
			// Its brokers are behind proxies that it switches off and on; here there is one, and no proxy.
			fetch: goSuite("github.com/IBM/sarama@v1.61.1", ".", func(text, port string) string {
				return strings.ReplaceAll(text, `fmt.Sprintf("127.0.0.1:%d", 29090+i)`, `"localhost:`+port+`"`)
			}, "-tags=functional"),
			run:     goRun(".", "-test.run=^("+saramaTests+")"),
			env:     func(string) []string { return []string{"KAFKA_VERSION=4.0.0"} },
			flags:   []string{"--auto-create-topics=off"},
			outcome: goOutcome,
			beside:  noProxies,
		},
		{
			name: "confluent-kafka-go",
			fetch: func(dir string) error {
				if err := goSuite("github.com/confluentinc/confluent-kafka-go/v2@v2.11.1", "kafka", nil)(dir); err != nil {
					return err
				}
				conf := `{"Brokers": "$BROKERS", "TopicName": "test", "GroupID": "testgroup", "PerfMsgCount": 10000, "PerfMsgSize": 100}`
				return os.WriteFile(filepath.Join(dir, "kafka", "testconf.json"), []byte(conf), 0o600)
			},
			run:     goRun("kafka", "-test.run=^TestIntegration$"),
			env:     func(addr string) []string { return []string{"BROKERS=" + addr} },
			outcome: goSubOutcome,
		},
	}
}

// port that the server of this run has; a suite may have it in its text.
var port string

// goSuite is the tests of one package of a Go module.
func goSuite(module, pkg string, change func(text, port string) string, flags ...string) func(dir string) error {
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
		c = exec.Command("go", append(append([]string{"test", "-mod=mod"}, flags...), "-c", "-o", filepath.Join(dir, "suite"), ".")...)
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

func goRun(pkg string, flags ...string) func(dir string, leave []string) *exec.Cmd {
	return func(dir string, leave []string) *exec.Cmd {
		c := exec.Command(filepath.Join(dir, "suite"), append([]string{"-test.v", "-test.timeout", longest.String()}, flags...)...)
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
	flags := append(harness.FixedPorts(t), p.flags...)
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
	c.Env = append(append(os.Environ(), c.Env...), p.env(addr)...)
	if p.beside != nil {
		c.Env = append(c.Env, p.beside(t)...)
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run() // what failed is in its output
	t.Logf("%s: %v", p.name, err)
	if path := os.Getenv("TRIBUTARY_TEST_PEER_OUTPUT"); path != "" {
		if err := os.WriteFile(filepath.Join(path, p.name+".txt"), out.Bytes(), 0o600); err != nil {
			t.Error(err)
		}
	}
	lists.judge(t, p.outcomes(out.String()))
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
	out.Dir, out.Env = c.Dir, c.Env
	return out
}

func (p peer) file() string { return filepath.Join("testdata", p.name+".txt") }

// outcomes of the tests in an output, by name: PASS, FAIL or SKIP.
func (p peer) outcomes(out string) map[string]string {
	found := map[string]string{}
	for _, m := range p.outcome.FindAllStringSubmatch(out, -1) {
		name := m[p.outcome.SubexpIndex("name")]
		if found[name] != "FAIL" {
			found[name] = m[p.outcome.SubexpIndex("outcome")][:4] // PASS of PASSED, SKIP of SKIPPED
		}
	}
	return found
}
