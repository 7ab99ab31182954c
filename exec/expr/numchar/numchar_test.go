package numchar

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// The layout itself is compared with PostgreSQL in exec/expr; these stand for a machine without.
func TestAppend(t *testing.T) {
	for _, c := range []struct {
		format, digits string
		negative       bool
		want           string
	}{
		{"999", "42", false, "  42"}, {"999", "42", true, " -42"}, {"FM999", "42", true, "-42"}, {"000", "42", false, " 042"},
		{"9,999", "1234", false, " 1,234"}, {"99", "123", false, " ##"}, {"9.9", "0.5", false, "  .5"}, {"0.9", "0.5", false, " 0.5"},
		{"999PR", "42", true, " <42>"}, {"S999", "42", false, " +42"}, {"999S", "42", true, " 42-"}, {"99th", "42", false, " 42nd"},
		{"FM9.990", "1.500", false, "1.500"}, {"FM9.999", "1.500", false, "1.5"},
	} {
		f, err := Parse(c.format, goOn)
		if err != nil {
			t.Fatal(err)
		}
		if have := appended(f, c.digits, c.negative); have != c.want {
			t.Errorf("%s of %s: %q, want %q", c.format, c.digits, have, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for format, code := range map[string]sqlerr.Code{
		"9.9.9": sqlerr.SyntaxError, "SMI": sqlerr.SyntaxError, "S9S": sqlerr.SyntaxError, "PR9": sqlerr.SyntaxError, "9EEEE": sqlerr.FeatureNotSupported, "RN": sqlerr.FeatureNotSupported,
	} {
		if _, err := Parse(format, goOn); err == nil || err.Code != code {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("FM9,990.99S\"x\"", uint16(1234), true)
	f.Fuzz(func(t *testing.T, text string, n uint16, negative bool) {
		if len(text) > 100 {
			return
		}
		p, err := Parse(text, goOn)
		if err != nil {
			return
		}
		digits := strings.Repeat("7", int(n%9)+1)
		if p.Post > 0 {
			digits += "." + strings.Repeat("3", p.Post)
		}
		appended(p, digits, negative)
	})
}

func goOn() *sqlerr.Error { return nil }

func appended(f *Format, digits string, negative bool) string {
	out, _ := f.Append(nil, digits, negative, f.Post, goOn)
	return string(out)
}
