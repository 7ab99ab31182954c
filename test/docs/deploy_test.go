package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`\b(tributary_[a-z_]+)\b`)

// The dashboard and the alert rules name metrics that the server has; the dashboard is JSON with
// panels that do not lie on each other, the rules pass promtool where it is installed.
func TestDeploy(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := metricName.FindAllString(string(page), -1)
	if len(known) < 40 {
		t.Fatalf("docs/metrics.md has %d metrics: it is not the page", len(known))
	}
	rules := filepath.Join(root, "deploy", "prometheus", "alerts.yaml")
	dashboard := filepath.Join(root, "deploy", "grafana", "tributary.json")
	for _, path := range []string{rules, dashboard} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		used := metricName.FindAllString(string(text), -1)
		if len(used) == 0 {
			t.Errorf("%s names no metric", path)
		}
		for _, name := range used {
			if !slices.Contains(known, strings.TrimSuffix(name, "_bucket")) {
				t.Errorf("%s uses %s, which is not there", path, name)
			}
		}
	}
	checkPanels(t, dashboard)
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Log("no promtool: the rules' syntax is not checked")
		return
	}
	if out, err := exec.Command("promtool", "check", "rules", rules).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func checkPanels(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("panels %q and %q lie on each other", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	if len(d.Panels) < 10 {
		t.Errorf("%d panels", len(d.Panels))
	}
}
