package config

import (
	"strings"
	"testing"
)

// TestNothingShowsASecret: no setting, of whatever meaning, is shown with a secret in it.
func TestNothingShowsASecret(t *testing.T) {
	values := []string{"s3://u:s3cret@b/p", "s3://b?endpoint=http://u:s3cret@h&token=s3cret", "postgres://s3cret@h/x?password=s3cret"}
	walked := 0
	for _, d := range Definitions() {
		if d.Kind != String {
			continue
		}
		walked++
		for _, value := range values {
			s := Default()
			for _, own := range s.definitionsOver() {
				if own.Name != d.Name {
					continue
				}
				if err := own.set(value); err != nil {
					t.Fatal(err)
				}
			}
			for _, v := range s.Values() {
				if strings.Contains(v.Text, "s3cret") {
					t.Errorf("%s = %q is shown as %q", d.Name, value, v.Text)
				}
			}
			if text, _ := s.Show(d.Name); strings.Contains(text, "s3cret") || !strings.Contains(text, "****") {
				t.Errorf("SHOW %s is %q", d.Name, text)
			}
		}
	}
	if walked < 5 {
		t.Fatalf("only %d settings walked", walked)
	}
}
