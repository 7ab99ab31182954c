package docs

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/test/harness"
)

var update = flag.Bool("update", false, "write the pages")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// The generated pages are what the server says of itself.
func TestGeneratedPages(t *testing.T) {
	s := harness.Start(t, t.TempDir(), "--flight-listen", "127.0.0.1:0")
	s.Exec(t, "CREATE STREAM s (id int)", "CREATE MATERIALIZED VIEW v AS SELECT id FROM s",
		"INSERT INTO s VALUES (1)") // what has metrics by name
	commitOffset(t, s)
	db := s.Connect(t)
	page(t, "sql/functions.md", Functions(func(f *builtin.Func) bool { return runs(t, db, f) }))
	page(t, "sql/operators.md", Operators())
	page(t, "sql/options.md", Options())
	page(t, "sql/session-settings.md", sessionSettings(t, db))
	page(t, "sql/system-relations.md", systemRelations())
	page(t, "metrics.md", metrics(t, s.HTTP))
	page(t, "compatibility.md", compatibility(t, s))
}

// page compares, or writes, one page.
func page(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", filepath.FromSlash(name))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != want {
		t.Errorf("docs/%s is not what the server says (%v): run make docs", name, err)
	}
}

// runs asks the server to plan an aggregate over NULLs of its argument types.
func runs(t *testing.T, db *pgx.Conn, f *builtin.Func) bool {
	t.Helper()
	args := make([]string, len(f.Args))
	for i, a := range f.Args {
		if args[i] = "NULL::" + a.String(); a == sqltype.Any || a == sqltype.AnyElement {
			args[i] = "NULL::text"
		}
	}
	call := f.Name + "(" + strings.Join(args, ", ") + ")"
	if len(args) == 0 {
		call = f.Name + "(*)"
	}
	var got any
	return db.QueryRow(context.Background(), "SELECT "+call+" IS NULL").Scan(&got) == nil
}

// commitOffset makes a consumer group, which has metrics of its own.
func commitOffset(t *testing.T, s *harness.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: "s", At: 0, LeaderEpoch: -1})
	if err := kadm.NewClient(s.Kafka(t)).CommitAllOffsets(ctx, "g", offsets); err != nil {
		t.Fatal(err)
	}
}

// compatibility asks the server which keys and versions it serves.
func compatibility(t *testing.T, s *harness.Server) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, s.Kafka(t))
	if err != nil {
		t.Fatal(err)
	}
	served := map[int16]Versions{}
	for _, k := range resp.ApiKeys {
		served[k.ApiKey] = Versions{k.MinVersion, k.MaxVersion}
	}
	text, err := Compatibility(served)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sessionSettings(t *testing.T, db *pgx.Conn) string {
	t.Helper()
	rows, err := db.Query(context.Background(), "SHOW ALL")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	own := map[string]bool{"application_name": true, "session_authorization": true, "server_version": true}
	var lines []string
	for rows.Next() {
		var name, value, doc string
		if err := rows.Scan(&name, &value, &doc); err != nil {
			t.Fatal(err)
		}
		if own[name] {
			value = ""
		} else {
			value = "`" + value + "`"
		}
		lines = append(lines, fmt.Sprintf("| `%s` | %s | %s |", name, value, doc))
	}
	slices.Sort(lines)
	return head("Session settings", "What `SET`, `SHOW` and a connection's options know, with the value a session begins with. The server's own\n"+
		"settings are in [../settings.md](../settings.md).") +
		"\n| name | begins with | meaning |\n|---|---|---|\n" + strings.Join(lines, "\n") + "\n"
}

// metrics reads names, kinds and meanings from /metrics.
func metrics(t *testing.T, addr string) string {
	t.Helper()
	res, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	help, kind := map[string]string{}, map[string]string{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		words := strings.SplitN(lines.Text(), " ", 4)
		if len(words) < 4 || words[0] != "#" || !strings.HasPrefix(words[2], "tributary_") {
			continue
		}
		if words[1] == "HELP" {
			help[words[2]] = words[3]
		} else {
			kind[words[2]] = words[3]
		}
	}
	var rows []string
	for name := range help {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", name, kind[name], help[name]))
	}
	slices.Sort(rows)
	return head("Metrics", "What `GET /metrics` on `http_listen` shows besides the Go runtime's and the process's own.") +
		"\n| name | kind | meaning |\n|---|---|---|\n" + strings.Join(rows, "\n") + "\n"
}
