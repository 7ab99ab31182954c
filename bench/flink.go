package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/nexmark"
)

// flinkProgram runs one query some times in a JVM of its own and tells what each run took.
//
//go:embed flink/Nexmark.java
var flinkProgram string

// flinkRuns: all but the last warm the JVM up.
const flinkRuns = 3

// flinkSettings are those that Nexmark's own configuration has, and rows handed from operator to operator without a copy. State
// is on the heap and nothing is checkpointed, which is the least that Flink does.
var flinkSettings = []string{
	"state.backend.type=hashmap",
	"pipeline.object-reuse=true",
	"table.exec.mini-batch.enabled=true",
	"table.exec.mini-batch.allow-latency=2 s",
	"table.exec.mini-batch.size=50000",
	"table.optimizer.distinct-agg.split.enabled=true",
	"table.local-time-zone=UTC",
	fmt.Sprintf("parallelism.default=%d", nexmarkPartitions),
}

// flink is Apache Flink beside a server whose topic it reads.
type flink struct{ jars, dir, kafka string }

// newFlink is nil where there are no jars.
func newFlink(s *server, o options) *flink {
	jars := flinkJars()
	if jars == "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "flink-bench-")
	if err != nil {
		return nil
	}
	return &flink{jars: jars, dir: dir, kafka: s.kafka}
}

func (f *flink) close() {
	if f != nil {
		_ = os.RemoveAll(f.dir)
	}
}

// run is the last of flinkRuns runs of a query.
func (f *flink) run(ctx context.Context, q nexmark.Query) (t timing, err error) {
	statements := append([]string{fmt.Sprintf(`CREATE TABLE nexmark (%s) WITH ('connector' = 'kafka', 'topic' = 'nexmark', 'properties.bootstrap.servers' = '%s',
		'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json')`, nexmarkColumns, f.kafka)}, nexmarkViews...)
	text := q.Flink
	if text == "" {
		text = q.Text
	}
	sql, program := filepath.Join(f.dir, "nexmark.sql"), filepath.Join(f.dir, "Nexmark.java")
	if err := errors.Join(os.WriteFile(sql, []byte(strings.Join(append(statements, text), ";\n")), 0o600), os.WriteFile(program, []byte(flinkProgram), 0o600)); err != nil {
		return t, err
	}
	args := append([]string{"-Xmx4g", "-cp", filepath.Join(f.jars, "*"), program, sql, fmt.Sprint(flinkRuns)}, flinkSettings...)
	out, err := exec.CommandContext(ctx, "java", args...).CombinedOutput()
	if err != nil {
		return t, fmt.Errorf("%w\n%.4000s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		var cpu, wall int64
		if n, _ := fmt.Sscanf(line, "run %d %d", &cpu, &wall); n == 2 {
			t = timing{cpu: time.Duration(cpu), wall: time.Duration(wall)}
		}
	}
	if t.cpu == 0 {
		return t, fmt.Errorf("no run was reported\n%.4000s", out)
	}
	return t, nil
}
