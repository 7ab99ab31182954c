package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/test/harness"
)

// TestBackupPage runs every command of docs/operations/backup.md that a directory can stand for: each has flags that exist, and
// the server that comes out has the rows.
func TestBackupPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations", "backup.md"))
	if err != nil {
		t.Fatal(err)
	}
	top := t.TempDir()
	data, objects := filepath.Join(top, "data"), filepath.Join(top, "objects")
	flags := []string{"--durability", "object", "--object-store", "file://" + objects}
	s := harness.Start(t, data, flags...)
	s.Exec(t, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 100)")
	newest := s.Query(t, "SELECT count(*) FROM t")[0]
	replace := strings.NewReplacer(
		"'s3://bucket/prefix?region=eu-central-1'", "file://"+objects, "s3://bucket/restored", "file://"+top+"/restored-objects",
		"s3://backups/tributary", "file://"+top+"/backup", "file:///backup/tributary", "file://"+top+"/backup",
		"http://127.0.0.1:7480", "http://"+s.HTTP, "2026-03-01T12:00:00Z", "2099-01-01T00:00:00Z", "81234", "4000000000")
	run := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		for _, line := range strings.Split(strings.TrimSpace(block[1]), "\n") {
			line = replace.Replace(line)
			args := strings.Fields(line)[1:]
			switch {
			case strings.HasPrefix(args[0], "--"): // the server itself
				stopAndCount(t, harness.Start(t, data, flags...), newest)
				continue
			case args[0] == "backup" && strings.Contains(line, "--data-dir"):
				s.Stop()
				line = strings.Replace(line, "/var/lib/tributary", data+" --object-store file://"+objects, 1)
			case args[0] == "backup" && !strings.Contains(line, "--server"):
				line += " --server http://" + s.HTTP
			case args[0] == "recover":
				if err := os.RemoveAll(data); err != nil {
					t.Fatal(err)
				}
				line = strings.Replace(line, "/var/lib/tributary", data, 1)
			}
			line = strings.NewReplacer("/var/lib/tributary", filepath.Join(top, "restored"), "./", top+"/").Replace(line)
			out, err := harness.Output(harness.Binary(t), strings.Fields(line)[1:]...)
			late := strings.Contains(line, "--to-") && strings.Contains(out, "the backup ends at commit")
			if err != nil && !late {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			run++
		}
	}
	if run < 7 {
		t.Errorf("%d commands were run: it is not the page", run)
	}
	stopAndCount(t, harness.Start(t, filepath.Join(top, "restored")), newest)
}

func stopAndCount(t *testing.T, s *harness.Server, want string) {
	t.Helper()
	if got := s.Query(t, "SELECT count(*) FROM t")[0]; got != want {
		t.Errorf("%s rows, want %s", got, want)
	}
	s.Stop()
}
