package compat

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
	"github.com/tributary-db/tributary/test/harness"
)

var update = flag.Bool("update", false, "write docs/clients.md")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// records of a step.
const records = 500

// gzip is what every client reads without a library of its own.
var gzip = kgo.ProducerBatchCompression(kgo.GzipCompression())

// client is one client of another make.
type client struct {
	name    string
	program []string // what runs it; where it is more than one word a file of clients/ comes last
	env     []string
	needs   func() error // nil, or why it cannot be run
}

func clients() []client {
	goClient := func(name string) client {
		program := filepath.Join(os.Getenv("TRIBUTARY_TEST_GO_CLIENTS"), name)
		return client{name: name, program: []string{program}, needs: func() error { _, err := os.Stat(program); return err }}
	}
	python, jars, node := os.Getenv("TRIBUTARY_TEST_PYTHON"), os.Getenv("TRIBUTARY_TEST_JAVA"), os.Getenv("TRIBUTARY_TEST_NODE")
	if python == "" {
		python = "python3"
	}
	runs := func(program string, args ...string) func() error {
		return func() error { return exec.Command(program, args...).Run() }
	}
	return []client{
		{"Apache Kafka's console tools, Java client", []string{"bash", "java.sh"}, []string{"JARS=" + jars}, func() error {
			if jars == "" {
				return errors.New("TRIBUTARY_TEST_JAVA names no directory of jars")
			}
			return exec.Command("java", "-version").Run()
		}},
		{"kcat", []string{"bash", "kcat.sh"}, nil, runs("kcat", "-V")},
		{"confluent-kafka-python", []string{python, "confluent.py"}, nil, runs(python, "-c", "import confluent_kafka")},
		{"kafka-python", []string{python, "kafka_python.py"}, nil, runs(python, "-c", "import kafka, kafka.admin")},
		{"kafkajs", []string{"node", "kafkajs.js"}, []string{"NODE_PATH=" + node}, func() error {
			if node == "" {
				return errors.New("TRIBUTARY_TEST_NODE names no directory of modules")
			}
			return exec.Command("node", "--version").Run()
		}},
		goClient("sarama"), goClient("confluent-kafka-go"), goClient("kafka-go"),
	}
}

var steps = []struct{ name, heading string }{
	{"produce", "produce"}, {"consume", "consume"}, {"group", "group"}, {"group848", "group, KIP-848"}, {"transactions", "transactions"},
	{"admin", "admin"}, {"lag", "lag"}, {"secure", "SCRAM over TLS"},
}

// notThere is the exit code of a client that has no such step.
const notThere = 3

// TestClients runs every step of every client that is installed.
func TestClients(t *testing.T) {
	if os.Getenv("TRIBUTARY_TEST_COMPAT") == "" {
		t.Skip("TRIBUTARY_TEST_COMPAT is not set: make compat")
	}
	plain := harness.Start(t, t.TempDir())
	ca := tlstest.NewAuthority(t)
	dir := t.TempDir()
	cert, key := tlstest.Write(t, dir, "server", ca.Server(t))
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secured := harness.Start(t, t.TempDir(), "--auth", "scram-sha-256", "--password-file", password, "--tls-cert", cert, "--tls-key", key)
	root := ca.WriteRoot(t, dir)
	secure := []kgo.Opt{kgo.DialTLSConfig(&tls.Config{RootCAs: ca.Pool()}), kgo.SASL(scram.Auth{User: "tributary", Pass: "sesame"}.AsSha256Mechanism())}

	var rows []string
	row := func(name, version string, cell func(step string) string) {
		line := "| " + name + " | " + version
		for _, s := range steps {
			line += " | " + cell(s.name)
		}
		rows = append(rows, line+" |")
	}
	row("franz-go", franzVersion(), func(step string) string {
		at := at{t: t, cl: plain.Kafka(t, gzip), name: "franz-" + step}
		if step == "secure" {
			at.cl = secured.Kafka(t, secure...)
		}
		at.prepare(step)
		out, err := at.franz(step)
		if err = errors.Join(err, at.check(step, out)); err != nil {
			t.Errorf("franz-go, %s: %v", step, err)
			return "**fails**"
		}
		return "yes"
	})
	for _, c := range clients() {
		if err := c.needs(); err != nil {
			t.Logf("%s is not installed: %v", c.name, err)
			row(c.name, "", func(string) string { return "not run" })
			continue
		}
		version, code, err := c.run("version", "TOPIC=x", "N=0", "BOOTSTRAP=x")
		if err != nil {
			t.Fatalf("%s: exit code %d, %v\n%s", c.name, code, err, version)
		}
		row(c.name, strings.TrimSpace(version), func(step string) string {
			at := at{t: t, cl: plain.Kafka(t, gzip), name: "c" + fmt.Sprint(len(rows)) + "-" + step}
			env := []string{"BOOTSTRAP=" + plain.KafkaAddr}
			if step == "secure" {
				at.cl = secured.Kafka(t, secure...)
				env = []string{"BOOTSTRAP=" + secured.KafkaAddr, "CA=" + root, "SASL_USER=tributary", "SASL_PASSWORD=sesame"}
			}
			at.prepare(step)
			env = append(env, "TOPIC="+at.name, "GROUP="+at.name, fmt.Sprint("N=", records))
			out, code, err := c.run(step, env...)
			if code == notThere {
				return "–"
			}
			if err == nil {
				err = at.check(step, out)
			}
			if err != nil {
				t.Errorf("%s, %s: %v\n%s", c.name, step, err, tail(out))
				return "**fails**"
			}
			return "yes"
		})
	}
	page := "# Clients\n\n<!-- Written by `make compat`; do not edit. -->\n\nWhat clients of other makes did against the built server, each step looked up by another client afterwards. " +
		"“–”: the client\nhas no such thing. “not run”: it was not installed, and nothing is said of it.\n\n| client | version"
	for _, s := range steps {
		page += " | " + s.heading
	}
	page += " |\n|" + strings.Repeat("---|", 2+len(steps)) + "\n" + strings.Join(rows, "\n") +
		"\n\n## Programs\n\n| program | what it did | it worked |\n|---|---|---|\n" + strings.Join(programRows(t, plain), "\n") +
		"\n\nConnect, Streams and MirrorMaker are those of Apache Kafka's version above. Which keys and versions of the protocol are served: [compatibility.md](compatibility.md).\n"
	t.Log("\n" + page)
	if *update && !t.Failed() {
		if err := os.WriteFile(filepath.Join("..", "..", "docs", "clients.md"), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run calls a client with a step.
func (c client) run(step string, env ...string) (out string, code int, err error) {
	dir, err := filepath.Abs("clients")
	if err != nil {
		return "", 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	args := slices.Clone(c.program[1:])
	if n := len(args); n > 0 {
		args[n-1] = filepath.Join(dir, args[n-1])
	}
	args = append(args, step)
	cmd := exec.CommandContext(ctx, c.program[0], args...)
	cmd.Env = append(append(append(os.Environ(), c.env...), "CLIENTS="+dir), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, tail(stderr.String()))
	}
	return stdout.String(), cmd.ProcessState.ExitCode(), err
}

// tail of what a client printed.
func tail(s string) string { return s[max(0, len(s)-2000):] }

// at is one step of one client: a topic, and who looks it up.
type at struct {
	t    *testing.T
	cl   *kgo.Client
	name string
}

func (a at) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	a.t.Cleanup(cancel)
	return ctx
}

// values that a step writes or reads.
func values(word string) (out []string) {
	for i := range records {
		out = append(out, fmt.Sprint(word, i))
	}
	slices.Sort(out)
	return out
}

// prepare makes what the step needs to be there.
func (a at) prepare(step string) {
	if step == "admin" {
		return
	}
	if _, err := kadm.NewClient(a.cl).CreateTopic(a.context(), 3, -1, nil, a.name); err != nil {
		a.t.Fatal(err)
	}
	if step != "consume" && step != "lag" && !strings.HasPrefix(step, "group") {
		return
	}
	var rs []*kgo.Record
	for _, v := range values("v") {
		rs = append(rs, &kgo.Record{Topic: a.name, Key: []byte("k" + v[1:]), Value: []byte(v)})
	}
	if err := a.cl.ProduceSync(a.context(), rs...).FirstErr(); err != nil {
		a.t.Fatal(err)
	}
	if step == "lag" {
		a.commitBehind()
	}
}

// behind is how far the group of the step "lag" is behind the end of each partition.
const behind = 7

func (a at) commitBehind() {
	adm := kadm.NewClient(a.cl)
	ends, err := adm.ListEndOffsets(a.context(), a.name)
	if err != nil {
		a.t.Fatal(err)
	}
	var offsets kadm.Offsets
	ends.Each(func(o kadm.ListedOffset) { offsets.AddOffset(o.Topic, o.Partition, o.Offset-behind, -1) })
	if err := adm.CommitAllOffsets(a.context(), a.name, offsets); err != nil {
		a.t.Fatal(err)
	}
}

// check looks up what the step has done.
func (a at) check(step, out string) error {
	switch step {
	case "produce", "secure":
		return a.written(values("v"), false)
	case "consume":
		return same(strings.Fields(out), values("v"))
	case "group", "group848":
		return errors.Join(same(strings.Fields(out), values("v")), a.committed())
	case "lag":
		return same(strings.Fields(out), []string{fmt.Sprint(3 * behind)})
	case "transactions":
		return errors.Join(a.written(values("c"), true), a.written(append(values("a"), values("c")...), false))
	}
	return a.administered()
}

func same(got, want []string) error {
	if slices.Sort(got); !slices.Equal(got, want) {
		return fmt.Errorf("%d values, want %d: %s", len(got), len(want), tail(strings.Join(got, " ")))
	}
	return nil
}

// written compares the topic with what it should have.
func (a at) written(want []string, committed bool) error {
	adm := kadm.NewClient(a.cl)
	ends, err := adm.ListEndOffsets(a.context(), a.name)
	if err != nil {
		return err
	}
	left := map[int32]int64{}
	from := map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		if from[o.Partition] = kgo.NewOffset().AtStart(); o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	opts := append(a.cl.Opts(), kgo.KeepControlRecords(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{a.name: from}))
	if committed {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	var got []string
	for ctx := a.context(); len(left) > 0; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				got = append(got, string(r.Value))
				if len(r.Key) > 0 && string(r.Key[1:]) != string(r.Value[1:]) {
					err = fmt.Errorf("key %s of %s", r.Key, r.Value)
				}
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return errors.Join(err, same(got, want))
}

// committed tells whether the group has read all.
func (a at) committed() error {
	lags, err := kadm.NewClient(a.cl).FetchOffsets(a.context(), a.name)
	var sum int64
	lags.Each(func(o kadm.OffsetResponse) { sum += max(o.At, 0) })
	if err == nil && sum != records {
		err = fmt.Errorf("committed offsets are %d together, want %d", sum, records)
	}
	return err
}

func (a at) administered() error {
	topics, err := kadm.NewClient(a.cl).ListTopics(a.context())
	if err != nil {
		return err
	}
	if n := len(topics[a.name].Partitions); n != 4 || topics.Has(a.name+"-gone") {
		return fmt.Errorf("%d partitions, deleted: %v", n, !topics.Has(a.name+"-gone"))
	}
	return nil
}
