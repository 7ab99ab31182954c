package main

import (
	"net"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/internal/config"
)

// TestUsage: a command line that is not understood ends with 2 and says what was meant.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"generate foo", `unknown command "foo"`},
		{"generate nexmrk", `did you mean "nexmark"?`},
		{"verson", `did you mean "version"?`},
		{"debug foo", `unknown command "foo"`},
		{"--kafka-lisen x", "did you mean --kafka-listen?"},
		{"--data_dirr=x", "did you mean --data-dir?"},
		{"generate nexmark --rat 5", "did you mean --rate?"},
		{"--no-such-flag", "unknown flag: --no-such-flag"},
		{"generate nexmark --rate x", "invalid argument"},
		{"version x", `unknown command "x"`},
	} {
		out, err := command(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || cli.ExitCode(err) != 2 {
			t.Errorf("%s: %v, exit code %d, printed %q", c.args, err, cli.ExitCode(err), out)
		}
	}
	out, err := command(t, "version")
	if err != nil || !strings.HasPrefix(out, "tributary ") {
		t.Errorf("version: %q, %v", out, err)
	}
	if out, err = command(t, "generate"); err != nil || !strings.Contains(out, "nexmark") {
		t.Errorf("generate: %q, %v", out, err)
	}
}

// TestWildcardAddress: the line to copy works for a server that listens on every address.
func TestWildcardAddress(t *testing.T) {
	for _, host := range []string{"::", "0.0.0.0"} {
		if got := hostPort(&net.TCPAddr{IP: net.ParseIP(host), Port: 7432}); got != [2]string{"localhost", "7432"} {
			t.Errorf("%s: %v", host, got)
		}
	}
}

// TestHelp: the help of the server has every setting once, under a heading, and lines to copy; help
// settings has all about each.
func TestHelp(t *testing.T) {
	out, err := command(t, "--help")
	if err != nil {
		t.Fatal(err)
	}
	full, err := command(t, "help", "settings")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range config.Definitions() {
		if n := strings.Count(out, " --"+d.Flag()+" ") + strings.Count(out, " --"+d.Flag()+"[=on]"); n < 1 {
			t.Errorf("--help has no --%s", d.Flag())
		}
		if strings.Count(out, "\n"+d.Group+":\n") != 1 {
			t.Errorf("--help has no heading %q", d.Group)
		}
		if !strings.Contains(full, "--"+d.Flag()+", "+d.Variable()+", ") {
			t.Errorf("help settings has no %s", d.Name)
		}
	}
	for _, want := range []string{"Examples:", "  tributary demo", "  settings ", "  completion ", "--config", "--help", "--version"} {
		if !strings.Contains(out, want) {
			t.Errorf("--help has no %q", want)
		}
	}
	for line := range strings.Lines(out + full) {
		if len(line) > 160 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	for _, args := range [][]string{{"demo", "--help"}, {"debug", "log", "--help"}, {"debug", "segment", "--help"}, {"generate", "nexmark", "--help"}, {"recover", "--help"}, {"backup", "--help"}, {"restore", "--help"}} {
		if out, err := command(t, args...); err != nil || !strings.Contains(out, "Examples:") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	if out, err := command(t, "completion", "bash"); err != nil || !strings.Contains(out, "complete") {
		t.Errorf("completion: %v\n%s", err, out)
	}
}
