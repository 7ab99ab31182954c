package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
	"github.com/tributary-db/tributary/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// client runs streamctl against a server.
type client struct {
	t *testing.T
	s *harness.Server
}

func (c client) run(stdin string, args ...string) (out string, err error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	return c.runCtx(ctx, stdin, args...)
}

func (c client) runCtx(ctx context.Context, stdin string, args ...string) (string, error) {
	var out, errOut bytes.Buffer
	root := newRoot()
	root.SetArgs(append([]string{"--brokers", c.s.KafkaAddr, "--sql-address", c.s.PGHost + ":" + c.s.PGPort}, args...))
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errOut)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

func (c client) ok(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.run(stdin, args...)
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// json is the output of a command for programs.
func (c client) json(args ...string) (out []map[string]any) {
	c.t.Helper()
	text := c.ok("", append(args, "--output", "json")...)
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, text)
	}
	return out
}

func (c client) fails(code int, want string, args ...string) {
	c.t.Helper()
	out, err := c.run("", args...)
	if err == nil || cli.ExitCode(err) != code || !strings.Contains(out+err.Error(), want) {
		c.t.Errorf("%v: %v, want %d with %q\n%s", args, err, code, want, out)
	}
}

// TestStreamctl: what each command does to a running server, and what it says of what it cannot.
func TestStreamctl(t *testing.T) {
	c := client{t, harness.Start(t, t.TempDir())}
	t.Run("topics", c.with(topics))
	t.Run("records", c.with(records))
	t.Run("groups", c.with(groups))
	t.Run("queries", c.with(queries))
	t.Run("segments", c.with(segments))
	t.Run("completion", c.with(completion))
}

func (c client) with(test func(client)) func(*testing.T) {
	return func(t *testing.T) { test(client{t, c.s}) }
}

func topics(c client) {
	c.ok("", "topic", "create", "orders", "clicks", "--partitions", "3", "--retention", "7d", "--config", "cleanup.policy=delete")
	table := c.ok("", "topic", "list")
	if lines := strings.Split(table, "\n"); !slices.Equal(strings.Fields(lines[0]), []string{"TOPIC", "PARTITIONS", "OFFSETS", "BYTES"}) ||
		!slices.Equal(strings.Fields(lines[2]), []string{"orders", "3", "0", "0"}) {
		c.t.Errorf("list:\n%s", table)
	}
	value := func(name string) (value any) {
		for _, row := range c.json("topic", "describe", "orders", "--configs") {
			if row["config"] == name {
				value = row["value"]
			}
		}
		return value
	}
	if got := value("retention.ms"); got != "604800000" {
		c.t.Errorf("retention.ms is %v", got)
	}
	c.ok("", "topic", "alter", "orders", "--partitions", "4", "--retention", "forever")
	if got := value("retention.ms"); got != "-1" {
		c.t.Errorf("retention.ms is %v", got)
	}
	c.ok("", "topic", "alter", "orders", "--delete-config", "retention.ms", "--config", "max.message.bytes=2000000")
	if got := c.json("topic", "describe", "orders"); len(got) != 4 || got[3]["partition"] != 3.0 || got[3]["end_offset"] != 0.0 {
		c.t.Errorf("%v", got)
	}
	c.fails(1, "already exists", "topic", "create", "orders")
	c.fails(1, "UNKNOWN_TOPIC_OR_PARTITION", "topic", "describe", "nothing")
	c.fails(1, "4 partitions", "topic", "alter", "orders", "--partitions", "2")
	c.fails(1, "", "topic", "alter", "orders", "--config", "retention.ms=soon")
	c.fails(2, "no time", "topic", "create", "x", "--retention", "7 days")
	c.fails(2, "given twice", "topic", "create", "x", "--retention", "7d", "--config", "retention.ms=1")
	c.fails(2, "nothing to change", "topic", "alter", "orders")
	c.fails(2, `did you mean "topic"?`, "topik")
	c.fails(2, "did you mean --partitions?", "topic", "create", "x", "--partition", "3")
	c.fails(2, "table or json", "topic", "list", "--output", "xml")
	c.ok("", "topic", "delete", "clicks")
	c.fails(1, "unknown topic", "topic", "delete", "clicks")
	if got := c.json("topic", "list"); len(got) != 1 {
		c.t.Errorf("%v", got)
	}
}

func records(c client) {
	c.ok("", "topic", "create", "lines", "--partitions", "2")
	var in strings.Builder
	const n = 20_000 // more than one fetch
	for i := range n {
		fmt.Fprintf(&in, "k%d:value %d\n", i%100, i)
	}
	if out := c.ok(in.String(), "produce", "lines", "--key-separator", ":", "--compression", "zstd", "--header", "from=test"); out != fmt.Sprintf("%d records written to lines\n", n) {
		c.t.Errorf("%q", out)
	}
	out := c.ok("", "consume", "lines", "--from-beginning", "--template", `{{.Key}}\t{{.Value}}\t{{range .Headers}}{{.Key}}={{.Value}}{{end}}`)
	got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("k%d\tvalue %d\tfrom=test", i%100, i))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.t.Errorf("%d records came, want %d", len(got), n)
	}
	if out := c.ok("", "consume", "lines", "--partition", "1", "--offset", "-3"); strings.Count(out, "\n") != 3 {
		c.t.Errorf("the last three:\n%s", out)
	}
	one := c.ok("", "consume", "lines", "--partition", "0", "--offset", "5", "-n", "1", "--output", "json")
	var r map[string]any
	if err := json.Unmarshal([]byte(one), &r); err != nil || r["offset"] != 5.0 || r["partition"] != 0.0 || !strings.HasPrefix(r["key"].(string), "k") {
		c.t.Errorf("%s, %v", one, err)
	}
	// Bytes that are no text, a tombstone, and a last line without an end.
	c.ok("", "topic", "create", "odd")
	file := filepath.Join(c.t.TempDir(), "in")
	if err := os.WriteFile(file, []byte("a\xff\nlast"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.ok("", "produce", "odd", "--file", file)
	c.ok("", "produce", "odd", "--key", "k", "--tombstone")
	c.ok("", "produce", "odd", "--value", "")
	out = c.ok("", "consume", "odd", "--from-beginning", "--output", "json")
	for i, part := range []string{`"key":null,"value_base64":"Yf8="`, `"value":"last"`, `"key":"k","value":null`, `"value":""`} {
		if lines := strings.Split(out, "\n"); len(lines) != 5 || !strings.Contains(lines[i], part) {
			c.t.Errorf("no %s in\n%s", part, out)
		}
	}
	aborted(c)

	c.fails(2, "--offset wants --partition", "consume", "odd", "--offset", "1")
	c.fails(2, "--group and --partition", "consume", "odd", "--group", "g", "--partition", "0")
	c.fails(2, "template", "consume", "odd", "--template", "{{.Nothing}}")
	c.fails(1, "it has 0 to 4", "consume", "odd", "--partition", "0", "--offset", "9")
	c.fails(1, "no partition 7", "consume", "odd", "--partition", "7", "--from-beginning")
	c.fails(1, "UNKNOWN_TOPIC_OR_PARTITION", "produce", "nothing", "--value", "x")
	c.fails(2, "deletes nothing", "produce", "odd", "--tombstone")
	c.fails(2, "compression", "produce", "odd", "--compression", "lzo", "--value", "x")
	if out, err := c.run("no separator\n", "produce", "odd", "--key-separator", ":"); err == nil || !strings.Contains(err.Error(), "line 1") {
		c.t.Errorf("%q, %v", out, err)
	}
	c.fails(1, "longer than", "produce", "odd", "--max-line-bytes", "1", "--file", file)

	// Following goes on with what comes, until it is stopped.
	ctx, stop := context.WithTimeout(c.t.Context(), time.Minute)
	defer stop()
	followed := make(chan string)
	go func() {
		out, err := c.runCtx(ctx, "", "consume", "odd", "--from-beginning", "--follow", "-n", "5")
		followed <- fmt.Sprint(out, err)
	}()
	c.ok("", "produce", "odd", "--value", "late")
	if got := <-followed; !strings.HasSuffix(got, "late\n<nil>") {
		c.t.Errorf("followed %q", got)
	}
}

// aborted: transactions at the end of a partition, whose marker is no record, do not keep a reader
// waiting, and what was aborted is not printed.
func aborted(c client) {
	c.ok("", "topic", "create", "tx")
	cl := c.s.Kafka(c.t, kgo.TransactionalID("t"), kgo.DefaultProduceTopic("tx"))
	for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		if err := cl.BeginTransaction(); err != nil {
			c.t.Fatal(err)
		}
		if err := cl.ProduceSync(c.t.Context(), kgo.StringRecord(fmt.Sprint("commit ", end == kgo.TryCommit))).FirstErr(); err != nil {
			c.t.Fatal(err)
		}
		if err := cl.EndTransaction(c.t.Context(), end); err != nil {
			c.t.Fatal(err)
		}
	}
	if out := c.ok("", "consume", "tx", "--from-beginning"); out != "commit true\n" {
		c.t.Errorf("%q", out)
	}
	if out := c.ok("", "consume", "tx", "--from-beginning", "--read-uncommitted"); out != "commit true\ncommit false\n" {
		c.t.Errorf("%q", out)
	}
}

func groups(c client) {
	c.ok("", "topic", "create", "read", "--partitions", "3")
	c.ok("a\nb\nc\nd\ne\nf\ng\n", "produce", "read", "--partition", "1")
	if out := c.ok("", "consume", "read", "--group", "audit", "--from-beginning", "-n", "2"); out != "a\nb\n" {
		c.t.Errorf("%q", out)
	}
	lag := func() (all float64) {
		for _, row := range c.json("group", "describe", "audit") {
			if n, ok := row["lag"].(float64); ok {
				all += n
			}
		}
		return all
	}
	if n := lag(); n != 5 {
		c.t.Errorf("behind by %v", n)
	}
	if out := c.ok("", "consume", "read", "--group", "audit", "--from-beginning"); out != "c\nd\ne\nf\ng\n" {
		c.t.Errorf("%q", out)
	}
	if n := lag(); n != 0 {
		c.t.Errorf("behind by %v", n)
	}
	if out := c.ok("", "consume", "read", "--group", "audit"); out != "" {
		c.t.Errorf("read again: %q", out)
	}
	if got := c.json("group", "reset-offsets", "audit", "--topic", "read/1", "--to-offset", "4", "--dry-run"); len(got) != 1 || got[0]["new_offset"] != 4.0 || got[0]["offset"] != 7.0 {
		c.t.Errorf("%v", got)
	}
	if n := lag(); n != 0 {
		c.t.Errorf("a dry run moved it: %v", n)
	}
	for _, move := range []struct {
		to   []string
		want float64
	}{{[]string{"--to-offset", "4"}, 3}, {[]string{"--to-earliest"}, 7}, {[]string{"--to-latest"}, 0}, {[]string{"--to-time", "2001-01-01T00:00:00Z"}, 7}, {[]string{"--to-offset", "100"}, 0}} {
		c.ok("", append([]string{"group", "reset-offsets", "audit", "--topic", "read"}, move.to...)...)
		if n := lag(); n != move.want {
			c.t.Errorf("%v: behind by %v, want %v", move.to, n, move.want)
		}
	}
	c.fails(2, "want one of", "group", "reset-offsets", "audit", "--topic", "read")
	c.fails(2, "say --topic", "group", "reset-offsets", "fresh", "--to-latest")
	c.fails(1, "no partition 9", "group", "reset-offsets", "audit", "--topic", "read/9", "--to-latest")
	c.fails(1, "does not exist", "group", "describe", "nobody")

	// A group that somebody reads with is not moved.
	cl := c.s.Kafka(c.t, kgo.ConsumerGroup("busy"), kgo.ConsumeTopics("read"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err := cl.PollFetches(c.t.Context()).Err(); err != nil {
		c.t.Fatal(err)
	}
	c.fails(1, "has 1 members", "group", "reset-offsets", "busy", "--topic", "read", "--to-latest")
	c.fails(1, "NON_EMPTY_GROUP", "group", "delete", "busy")
	cl.Close()
	c.ok("", "group", "delete", "audit")
	for _, g := range c.json("group", "list") {
		if g["group"] == "audit" {
			c.t.Error("the group is still there")
		}
	}
}

func queries(c client) {
	c.s.Exec(c.t, "CREATE STREAM sold (id int, cents bigint)", `INSERT INTO sold VALUES (1, 10), (1, 20), (2, 5)`)
	c.ok("SELECT id, sum(cents) AS cents, count(*) > 1 AS many FROM sold GROUP BY id", "query", "create", "totals")
	c.ok("", "query", "create", "public.Big", "--sql", "SELECT id FROM totals WHERE cents > 20")
	if got := c.json("query", "select", "totals"); len(got) != 2 || fmt.Sprint(got[0]["cents"], got[1]["cents"]) == "" {
		c.t.Errorf("%v", got)
	}
	out := c.ok("", "query", "select", "--sql", "SELECT id, cents, many, NULL::text AS no, '{\"a\": 1}'::jsonb AS j FROM totals ORDER BY id", "--output", "json")
	if want := `[{"id":1,"cents":30,"many":true,"no":null,"j":{"a":1}},{"id":2,"cents":5,"many":false,"no":null,"j":{"a":1}}]` + "\n"; out != want {
		c.t.Errorf("%s, want %s", out, want)
	}
	if out := c.ok("", "query", "select", "public.Big"); out != "ID\n1\n" {
		c.t.Errorf("%q", out)
	}
	names := []string{}
	for _, row := range c.json("query", "list") {
		names = append(names, fmt.Sprint(row["name"], " ", row["kind"]))
	}
	if !slices.Equal(names, []string{"Big materialized view", "totals materialized view"}) {
		c.t.Errorf("%v", names)
	}
	var status map[string]any
	if err := json.Unmarshal([]byte(c.ok("", "query", "status", "totals", "--output", "json")), &status); err != nil || status["state"] == nil {
		c.t.Errorf("%v, %v", status, err)
	}
	if out := c.ok("", "query", "status", "totals"); !strings.Contains(out, "state ") {
		c.t.Errorf("%s", out)
	}
	c.fails(1, "42P01", "query", "select", "nothing")
	c.fails(1, "42703", "query", "create", "wrong", "--sql", "SELECT nothing FROM sold")
	c.fails(1, "no query", "query", "status", "nothing")
	c.fails(2, "want the name", "query", "select")
	c.fails(2, "no SELECT", "query", "create", "x")
	c.fails(1, "2BP01", "query", "stop", "totals")
	c.ok("", "query", "stop", "public.Big")
	c.ok("", "query", "stop", "totals")
	c.fails(1, "no query", "query", "stop", "totals")
}

func segments(c client) {
	c.ok("", "topic", "create", "stored", "--partitions", "2")
	dir := c.t.TempDir()
	line := make([]byte, 1<<20)
	for i := range line {
		line[i] = 'a' + byte(i*i>>7%26)
	}
	file := filepath.Join(dir, "in")
	if err := os.WriteFile(file, append(line[:900_000], '\n'), 0o600); err != nil {
		c.t.Fatal(err)
	}
	for range 3 { // past what rides in the commit log
		c.ok("", "produce", "stored", "--file", file, "--compression", "none", "--partition", "1")
	}
	got := c.json("segment", "list", "stored/1")
	next := 0.0
	var object string
	for _, row := range got {
		if row["first_offset"] != next {
			c.t.Errorf("a gap at %v: %v", next, got)
		}
		next = row["next_offset"].(float64)
		object, _ = row["object"].(string)
	}
	if next != 3 || len(c.json("segment", "list", "stored/0")) != 0 {
		c.t.Fatalf("%v", got)
	}
	if object == "" {
		c.t.Fatalf("nothing lies in the object store: %v", got)
	}
	found, err := filepath.Glob(filepath.Join(c.s.Dir, "objects", object))
	if err != nil || len(found) != 1 {
		c.t.Fatalf("%s: %v, %v", object, found, err)
	}
	if out := c.ok("", "segment", "dump", found[0], "--record-batches"); !strings.Contains(out, "record batch 0 at byte 32: 900072 bytes") {
		c.t.Errorf("%s", out)
	}
	c.fails(1, "no such file", "segment", "dump", "nothing")
	c.fails(2, "s3://bucket/key", "segment", "dump", "s3://bucket")
	c.fails(1, "UNKNOWN_TOPIC", "segment", "list", "nothing")
	c.fails(2, "TOPIC/PARTITION", "segment", "list", "stored/x")
}

// completion: shells are told the names of what there is.
func completion(c client) {
	for args, want := range map[string]string{"topic describe ": "stored", "consume ": "lines", "group describe ": "busy", "segment list ": "stored"} {
		out := c.ok("", append([]string{"__complete"}, strings.Split(args, " ")...)...)
		if !slices.Contains(strings.Split(out, "\n"), want) {
			c.t.Errorf("%s: no %s in %q", args, want, out)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := c.ok("", "completion", shell); !strings.Contains(out, "streamctl") {
			c.t.Errorf("%s: %q", shell, out)
		}
	}
}

// TestEveryHelp: each command says what it does, and has lines to copy that it understands.
func TestEveryHelp(t *testing.T) {
	root := newRoot()
	var walk func(path []string)
	walk = func(path []string) {
		c, _, err := root.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.Short == "" || !c.HasSubCommands() && c.Example == "" && c.Name() != "version" {
			t.Errorf("%s: no help, or no example", c.CommandPath())
		}
		for line := range strings.SplitSeq(c.Example, "\n") {
			if _, command, ok := strings.Cut(line, "streamctl "); ok {
				if found, _, err := newRoot().Find(strings.Fields(command)); err != nil || found.Name() == "streamctl" {
					t.Errorf("%s: %q is not understood: %v", c.CommandPath(), line, err)
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(append(slices.Clone(path), sub.Name()))
		}
	}
	walk(nil)
}

// TestNobodyThere: a server that cannot be reached is told at once.
func TestNobodyThere(t *testing.T) {
	for _, args := range [][]string{{"topic", "list"}, {"query", "list"}} {
		root := newRoot()
		root.SetArgs(append([]string{"--brokers", "127.0.0.1:1", "--sql-address", "127.0.0.1:1"}, args...))
		if err := root.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || cli.ExitCode(err) != 1 {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]int64{"90s": 90_000, "12h": 43_200_000, "7d": 604_800_000, "2w": 1_209_600_000, "forever": -1, "-1": -1, "1ms": 1} {
		if got, err := parseSpan(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "7", "d", "-7d", "0s", "1ns", "1.5d", "999999999999d", "7d12h"} {
		if got, err := parseSpan(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestProgressLine(t *testing.T) {
	p := newProgress(&bytes.Buffer{}, 200)
	if p.out != nil {
		t.Error("it is shown where there is no terminal")
	}
	p.add(50)
	if got, want := p.line(), "[=======                       ]  25 %  1 records"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLogin: over TLS with a password, in a file or in the environment, on both protocols; without
// one, or without TLS, nothing is said but why.
func TestLogin(t *testing.T) {
	ca := tlstest.NewAuthority(t)
	dir := t.TempDir()
	cert, key := tlstest.Write(t, dir, "server", ca.Server(t))
	root := ca.WriteRoot(t, dir)
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := client{t, harness.Start(t, t.TempDir(), "--auth", "scram-sha-256", "--password-file", password, "--tls-cert", cert, "--tls-key", key)}
	login := []string{"--tls-ca", root, "--user", "tributary"}
	for _, command := range [][]string{{"topic", "list"}, {"query", "list"}} {
		c.ok("", append(append(login, "--password-file", password), command...)...)
		c.fails(1, "connect to", append(login, command...)...)
		c.fails(1, "connect to", append([]string{"--tls", "--user", "tributary", "--password-file", password}, command...)...) // an authority that nobody knows
		c.fails(2, "without --user", append([]string{"--tls-ca", root, "--password-file", password}, command...)...)
		t.Setenv("STREAMCTL_PASSWORD", "sesame")
		c.ok("", append(login, command...)...)
		t.Setenv("STREAMCTL_PASSWORD", "wrong")
		c.fails(1, "connect to", append(login, command...)...)
		t.Setenv("STREAMCTL_PASSWORD", "")
	}
}
