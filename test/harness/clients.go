package harness

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"
)

// DSN for any PostgreSQL client.
func (s *Server) DSN() string {
	return fmt.Sprintf("host=%s port=%s user=tributary dbname=tributary sslmode=disable", s.PGHost, s.PGPort)
}

// Connect opens a SQL connection, closed when the test ends.
func (s *Server) Connect(t testing.TB) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.DSN())
	if err != nil {
		t.Fatalf("connect: %v\n%s", err, s.Stderr())
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// Exec runs statements one after the other on a connection of its own.
func (s *Server) Exec(t testing.TB, statements ...string) {
	t.Helper()
	c := s.Connect(t)
	defer func() { _ = c.Close(context.Background()) }()
	for _, sql := range statements {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		_, err := c.Exec(ctx, sql)
		cancel()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// Rows runs a query with the simple protocol and returns every row as its texts joined by '|',
// NULL as "NULL".
func Rows(ctx context.Context, c *pgx.Conn, sql string) ([]string, error) {
	results, err := c.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, row := range results[len(results)-1].Rows {
		fields := make([]string, len(row))
		for i, v := range row {
			fields[i] = "NULL"
			if v != nil {
				fields[i] = string(v)
			}
		}
		out = append(out, strings.Join(fields, "|"))
	}
	return out, nil
}

// Query is Rows on a connection of its own; an error fails the test.
func (s *Server) Query(t testing.TB, sql string) []string {
	t.Helper()
	c := s.Connect(t)
	defer func() { _ = c.Close(context.Background()) }()
	ctx, cancel := context.WithTimeout(context.Background(), 120*time.Second)
	defer cancel()
	rows, err := Rows(ctx, c, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return rows
}

// Kafka opens a franz-go client, closed when the test ends.
func (s *Server) Kafka(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.KafkaAddr)}, opts...)...)
	if err != nil {
		t.Fatalf("kafka client: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// Get reads a page of the HTTP listener.
func (s *Server) Get(t testing.TB, path string) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get("http://" + s.HTTP + path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return resp.StatusCode, string(b)
}

// Metric sums the samples of a metric over its labels.
func (s *Server) Metric(t testing.TB, name string) float64 {
	t.Helper()
	_, page := s.Get(t, "/metrics")
	sum, found := 0.0, false
	for lines := bufio.NewScanner(strings.NewReader(page)); lines.Scan(); {
		line := lines.Text()
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || (rest[0] != ' ' && rest[0] != '{') {
			continue
		}
		v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			t.Fatalf("metric line %q: %v", line, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		t.Fatalf("no metric %s", name)
	}
	return sum
}

// Tool finds a program, or skips the test visibly.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// Run runs a program with stdin and returns its stdout; failing fails the test.
func Run(t testing.TB, stdin, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// RunFor runs a program and kills it after a while, if it has not ended by then.
func RunFor(t testing.TB, d time.Duration, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	_ = exec.CommandContext(ctx, program, args...).Run() // how it ends is what the caller looks at
}

// Output runs a program, which may fail, and returns all that it said.
func Output(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	return string(out), err
}
