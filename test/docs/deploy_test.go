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
// panels that do not lie on each other, expressions fit the kinds of their metrics, and the rules pass promtool where it is
// installed.
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
	checkAlerts(t, rules)
	t.Run("promtool", func(t *testing.T) {
		tool, err := exec.LookPath("promtool")
		if err != nil {
			t.Skip("promtool is not installed")
		}
		if out, err := exec.CommandContext(t.Context(), tool, "check", "rules", rules).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	kinds := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(tributary_[a-z_]+)` \\| ([a-z]+) ").FindAllStringSubmatch(string(page), -1) {
		kinds[row[1]] = row[2]
	}
	for _, e := range expressions(t, rules, dashboard) {
		checkExpression(t, e, kinds)
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Log("no promtool: the rules' syntax is not checked")
		return
	}
	if out, err := exec.Command("promtool", "check", "rules", rules).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// expressions of the rules and of the dashboard.
func expressions(t *testing.T, rules, dashboard string) (out []string) {
	t.Helper()
	for path, pattern := range map[string]string{rules: `(?m)^        expr: (.*)$`, dashboard: `"expr": ("(?:[^"\\]|\\.)*")`} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1)
		if len(found) < 5 {
			t.Fatalf("%s has %d expressions", path, len(found))
		}
		for _, f := range found {
			e := f[1]
			if path == dashboard {
				if err := json.Unmarshal([]byte(f[1]), &e); err != nil {
					t.Fatalf("%s: %v", f[1], err)
				}
			}
			out = append(out, e)
		}
	}
	return out
}

// selector is a metric with what stands before it, its labels and its range.
var selector = regexp.MustCompile(`([a-z_]*)\(?\b(tributary_[a-z_]+)(\{[^}]*\})?(\[[^\]]+\])?`)

// checkExpression holds an expression to what PromQL wants of a metric of its kind: what only grows is asked for its
// rate or increase over a range, what goes up and down is not, a quantile is one of buckets by le.
func checkExpression(t *testing.T, e string, kinds map[string]string) {
	t.Helper()
	open := map[rune]rune{')': '(', ']': '[', '}': '{'}
	var stack []rune
	quoted := false
	for _, c := range e {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("([{", c):
			stack = append(stack, c)
		case open[c] != 0:
			if len(stack) == 0 || stack[len(stack)-1] != open[c] {
				t.Errorf("%s: %q closes nothing", e, c)
				return
			}
			stack = stack[:len(stack)-1]
		}
	}
	if quoted || len(stack) > 0 {
		t.Errorf("%s: something is left open", e)
	}
	if strings.Contains(e, "histogram_quantile") && (!strings.Contains(e, "_bucket") || !strings.Contains(e, "le")) {
		t.Errorf("%s: a quantile of no buckets", e)
	}
	for _, m := range selector.FindAllStringSubmatch(e, -1) {
		name, bucket := strings.CutSuffix(m[2], "_bucket")
		over := m[4] != "" && slices.Contains([]string{"rate", "increase"}, m[1])
		switch kind := kinds[name]; {
		case bucket != (kind == "histogram"):
			t.Errorf("%s: %s is a %s", e, m[2], kind)
		case kind == "gauge" && over, kind != "gauge" && !over:
			t.Errorf("%s: %s is a %s, asked as %q%s", e, m[2], kind, m[1], m[4])
		}
	}
}

// checkAlerts: every alert has a name of its own, a severity that README.md knows, and a summary; its texts use labels
// that its expression leaves.
func checkAlerts(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	by, used := regexp.MustCompile(`by \(([^)]*)\)`), regexp.MustCompile(`\$labels\.([a-z_]+)`)
	for _, rule := range strings.Split(string(text), "- alert: ")[1:] {
		name, _, _ := strings.Cut(rule, "\n")
		if names[name] || !strings.HasPrefix(name, "Tributary") {
			t.Errorf("alert %q", name)
		}
		names[name] = true
		if !regexp.MustCompile(`(?m)^        labels: \{severity: (page|ticket)\}$`).MatchString(rule) {
			t.Errorf("%s has no severity", name)
		}
		if !regexp.MustCompile(`(?m)^          summary: ".+"$`).MatchString(rule) {
			t.Errorf("%s has no summary", name)
		}
		if left := by.FindStringSubmatch(rule); left != nil {
			for _, u := range used.FindAllStringSubmatch(rule, -1) {
				if !slices.Contains(strings.Split(left[1], ", "), u[1]) {
					t.Errorf("%s tells of label %s, of which %q is left", name, u[1], left[1])
				}
			}
		}
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
