package config

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/settings.md")

func load(t *testing.T, args, env []string) (*Settings, []string, error) {
	t.Helper()
	flags := pflag.NewFlagSet("tributary", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	l := NewLoader(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return l.Load(env)
}

func TestPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tributary.conf")
	conf := "# comment\nflush_bytes = 1MB\nflush_interval '2 s'\nBroker_ID=7 # seven\ndata_dir = './it''s'\nhttp_pprof on\nbroker_id = 8\n"
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	s, warnings, err := load(t, []string{"--flush-bytes=3MB", "--config", file, "--auto-create-topics=off"},
		[]string{"TRIBUTARY_FLUSH_BYTES=2MB", "TRIBUTARY_FLUSH_INTERVAL=1500", "TRIBUTARY_PORT=tcp://10.0.0.1:1", "TRIBUTARY_TEST_POSTGRES=x", "HOME=/"})
	if err != nil {
		t.Fatal(err)
	}
	if s.FlushBytes != 3<<20 || s.FlushInterval != 1500*time.Millisecond || s.BrokerID != 8 || s.DataDir != "./it's" || !s.HTTPPprof || s.AutoCreateTopics {
		t.Errorf("got %+v", s)
	}
	if s.MaxConnections != 100 || !strings.HasSuffix(s.ObjectStore, "/it's/objects") || !strings.HasPrefix(s.ObjectStore, "file:///") {
		t.Errorf("defaults: %d, %q", s.MaxConnections, s.ObjectStore)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "TRIBUTARY_PORT") {
		t.Errorf("warnings %q", warnings)
	}
	for name, want := range map[string]string{"flush_bytes": "3MB", "FLUSH_INTERVAL": "1500ms", "auto_create_topics": "off", "watermark_idle_timeout": "10s",
		"auth": "trust", "statement_timeout": "0", "inline_bytes": "256kB"} {
		if got, ok := s.Show(name); !ok || got != want {
			t.Errorf("SHOW %s = %q, want %q", name, got, want)
		}
	}
	for _, v := range s.Values() {
		want := map[string]string{"flush_bytes": "flag --flush-bytes", "flush_interval": "TRIBUTARY_FLUSH_INTERVAL", "broker_id": file + " line 7"}[v.Name]
		if want != "" && v.Source != want {
			t.Errorf("%s came from %q", v.Name, v.Source)
		}
	}
	if _, ok := s.Show("nonsense"); ok {
		t.Error("an unknown setting is shown")
	}
}

func TestErrors(t *testing.T) {
	dir, files := t.TempDir(), 0
	file := func(text string) []string {
		files++
		path := filepath.Join(dir, strconv.Itoa(files)+"f.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--config", path}
	}
	cases := []struct {
		args []string
		env  []string
		want string
	}{
		{args: []string{"--flush-bytes=1kB"}, want: "flush_bytes, from flag --flush-bytes: invalid value: 1kB is outside the range from 64kB to 1GB"},
		{args: []string{"--flush-bytes=x"}, want: "invalid value"},
		{args: []string{"--flush-interval=5 weeks"}, want: `"5 weeks" has no unit known here (us, ms, s, min, h, d)`},
		{args: []string{"--max-connections=many"}, want: "not a whole number"},
		{args: []string{"--auth=md5"}, want: `"md5" is none of trust, scram-sha-256`},
		{args: []string{"--auto-create-topics=perhaps"}, want: "not a boolean"},
		{env: []string{"TRIBUTARY_BROKER_ID=-1"}, want: "broker_id, from TRIBUTARY_BROKER_ID"},
		{args: file("colour = blue"), want: `f.conf line 1: unknown setting "colour"`},
		{args: file("config = 'x'"), want: `unknown setting "config"`},
		{args: file("\nflush_bytes"), want: `line 2: setting "flush_bytes" has no value`},
		{args: file("flush_bytes = 'x"), want: "closing quote"},
		{args: file("flush_bytes = 1 2"), want: `syntax error near "2"`},
		{args: file("= 3"), want: "syntax error"},
		{args: []string{"--config", filepath.Join(dir, "absent")}, want: "no such file"},
		{args: []string{"--pg-listen=0.0.0.0:7432"}, want: "auth must not be trust"},
		{args: []string{"--pg-listen=:7432"}, want: "auth must not be trust"},
		{args: []string{"--pg-listen=7432"}, want: "not host:port"},
		{args: []string{"--kafka-advertised=[::]:9092"}, want: "kafka_advertised"},
		{args: []string{"--kafka-listen=0.0.0.0:9092", "--kafka-advertised=b:9092"}, want: "kafka_listen 0.0.0.0:9092 can be reached from other machines, so auth must not be trust"},
		{args: []string{"--kafka-listen=0.0.0.0:9092", "--auth=scram-sha-256"}, want: "kafka_advertised"},
		{args: []string{"--http-listen=:7480"}, want: "http_listen :7480 can be reached from other machines, so auth must not be trust"},
		{args: []string{"--http-listen=:7480", "--auth=scram-sha-256"}, want: "http_listen :7480 can be reached from other machines, and its requests carry passwords"},
		{args: []string{"--http-listen=:7480", "--auth=scram-sha-256", "--tls-cert=c", "--tls-key=k", "--http-tls=allow"}, want: "http_tls = require"},
		{args: []string{"--pg-listen=:7432", "--tls-cert=c", "--tls-key=k"}, want: "auth must not be trust"},
		{args: []string{"--tls-cert=c"}, want: "tls_cert and tls_key go together"},
		{args: []string{"--tls-key=k"}, want: "tls_cert and tls_key go together"},
		{args: []string{"--tls-client-ca=c"}, want: "tls_client_ca needs tls_cert and tls_key"},
		{args: []string{"--kafka-tls=require"}, want: "kafka_tls needs tls_cert and tls_key"},
		{args: []string{"--pg-tls=off"}, want: "none of require, allow"},
		{args: []string{"--data-dir="}, want: "data_dir is empty"},
	}
	for _, tc := range cases {
		_, _, err := load(t, tc.args, tc.env)
		if !errors.Is(err, ErrSetting) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v %v: got %v, want %q", tc.args, tc.env, err, tc.want)
		}
	}
	for _, good := range [][]string{
		{"--pg-listen=0.0.0.0:7432", "--auth=scram-sha-256"},
		{"--pg-listen=[::1]:0"}, {"--pg-listen=localhost:0"},
		{"--http-listen=:7480", "--auth=scram-sha-256", "--tls-cert=c", "--tls-key=k"},
		{"--kafka-advertised=broker.example:9092"}, {"--kafka-listen=broker.example:9092", "--auth=scram-sha-256"},
	} {
		if _, _, err := load(t, good, nil); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "10": 10, "1kB": 1024, "1.5 MB": 3 << 19, " 2GB ": 2 << 30, "-1": -1, "7B": 7} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%q = %d, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "kB", "1KB", "1 mb", "1e3", "99999999999TB", "1.2.3", "0x10", "NaN"} {
		if n, err := ParseBytes(bad); !errors.Is(err, ErrValue) {
			t.Errorf("%q = %d", bad, n)
		}
	}
	for text, want := range map[string]time.Duration{"100": 100 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "2 min": 2 * time.Minute, "1h": time.Hour, "7us": 7 * time.Microsecond, "1d": 24 * time.Hour} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q = %v, %v", text, got, err)
		}
	}
	for _, n := range []int64{0, 1, 1023, 1024, 5 << 20, 1 << 40, 1<<40 + 1} {
		if back, err := ParseBytes(FormatBytes(n)); err != nil || back != n {
			t.Errorf("%d became %q became %d", n, FormatBytes(n), back)
		}
	}
}

func TestDocsAreCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "settings.md")
	if *update {
		if err := os.WriteFile(path, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != Markdown() {
		t.Errorf("docs/settings.md is not what the code says (%v): run go test ./internal/config -update", err)
	}
}
