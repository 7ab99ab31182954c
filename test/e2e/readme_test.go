package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

// step is a command of the README and what it prints there.
type step struct {
	line    int
	command string
	want    []string
}

// steps reads the README's ```console blocks: "$ " begins a command, "> " goes on with it, other
// lines are what it prints.
func steps(t *testing.T, text string) (out []step) {
	t.Helper()
	inside := false
	for i, line := range strings.Split(text, "\n") {
		command, isCommand := strings.CutPrefix(line, "$ ")
		more, isMore := strings.CutPrefix(line, "> ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case isCommand:
			out = append(out, step{line: i + 1, command: command})
		case len(out) == 0:
			t.Fatalf("README.md:%d: output before a command", i+1)
		case isMore && len(out[len(out)-1].want) == 0:
			out[len(out)-1].command += "\n" + more
		default:
			out[len(out)-1].want = append(out[len(out)-1].want, line)
		}
	}
	return out
}

// TestReadme runs the first five minutes of the README in a shell, against a server on other
// ports, and compares what each command prints.
func TestReadme(t *testing.T) { runConsole(t, "README.md", 10, "bash", "psql", "kcat") }

// TestRPCPage runs what docs/rpc.md shows with curl.
func TestRPCPage(t *testing.T) { runConsole(t, "docs/rpc.md", 9, "bash", "curl") }

// TestTutorialByRPC: the order that the tutorial produces with curl is one.
func TestTutorialByRPC(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		harness.Tool(t, tool)
	}
	text, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) string {
		_, after, _ := strings.Cut(string(text), "```"+kind+"\n")
		inside, _, ok := strings.Cut(after, "```\n")
		if !ok {
			t.Fatalf("no %s in the tutorial", kind)
		}
		return inside
	}
	s := harness.Start(t, t.TempDir())
	s.Exec(t, block("sql"))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", "-ec", strings.ReplaceAll(block("sh"), "127.0.0.1:7480", s.HTTP)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "positions") {
		t.Fatalf("%s, %v", out, err)
	}
	got, err := harness.Rows(ctx, s.Connect(t), "SELECT id, item, amount FROM orders WHERE id > 'A2'")
	if err != nil || len(got) != 1 || got[0] != "A5|cup|1.00" {
		t.Errorf("%q, %v", got, err)
	}
}

// runConsole runs the commands of a page.
func runConsole(t *testing.T, page string, least int, tools ...string) {
	for _, tool := range tools {
		harness.Tool(t, tool)
	}
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	all := steps(t, string(text))
	if len(all) < least {
		t.Fatalf("only %d commands found", len(all))
	}
	s := harness.Start(t, t.TempDir())
	const end = "--- end of step"
	var script strings.Builder
	for _, st := range all {
		command := strings.NewReplacer("PGHOST=127.0.0.1", "PGHOST="+s.PGHost, "PGPORT=7432", "PGPORT="+s.PGPort, "127.0.0.1:9092", s.KafkaAddr,
			"127.0.0.1:7480", s.HTTP).Replace(st.command)
		fmt.Fprintf(&script, "%s\necho '%s'\n", command, end)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash")
	shell.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PAGER=cat", "PSQLRC=/dev/null")
	shell.Stdin = strings.NewReader(script.String())
	var out bytes.Buffer
	shell.Stdout, shell.Stderr = &out, &out
	if err := shell.Run(); err != nil {
		t.Errorf("the shell: %v", err)
	}
	printed := strings.Split(out.String(), end+"\n")
	for i, st := range all {
		if i >= len(printed)-1 {
			t.Fatalf("%s:%d: not reached; so far:\n%s", page, st.line, out.String())
		}
		if got, want := trimmed(strings.Split(printed[i], "\n")), trimmed(st.want); got != want {
			t.Errorf("%s:%d: %s\nprints:\n%s\nthe page says:\n%s", page, st.line, st.command, got, want)
		}
	}
}

// trimmed drops blanks at the end of lines, which psql prints and editors remove, and empty
// lines at the end.
func trimmed(lines []string) string {
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
