package regex

import (
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func TestCompile(t *testing.T) {
	for _, c := range []struct {
		pattern string
		code    sqlerr.Code
	}{
		{"a(b|c)*d", ""}, {`\d{2,3}[[:space:]]\w?`, ""}, {"(?i)x", ""}, {"***=((", ""}, {"a{", ""}, {"[]a]", ""}, {"[^]-a]", ""}, {`[\d\s]`, ""},
		{`\u00fc\x41\n`, ""}, {"(?:a|)", ""},
		{"(a", sqlerr.InvalidRegularExpression}, {"a)", sqlerr.InvalidRegularExpression}, {"[a", sqlerr.InvalidRegularExpression},
		{"*", sqlerr.InvalidRegularExpression}, {"a{2,1}", sqlerr.InvalidRegularExpression}, {"a{256}", sqlerr.InvalidRegularExpression},
		{"[[:x:]]", sqlerr.InvalidRegularExpression}, {"[b-a]", sqlerr.InvalidRegularExpression}, {`\`, sqlerr.InvalidRegularExpression},
		{`\q`, sqlerr.InvalidRegularExpression}, {"(?z)a", sqlerr.InvalidRegularExpression}, {`\u12`, sqlerr.InvalidRegularExpression},
		{`(a)\1`, sqlerr.FeatureNotSupported}, {"a(?=b)", sqlerr.FeatureNotSupported}, {"(?<!a)b", sqlerr.FeatureNotSupported},
		{`\yx`, sqlerr.FeatureNotSupported}, {"[[:<:]]x", sqlerr.FeatureNotSupported}, {"(?x)a b", sqlerr.FeatureNotSupported},
	} {
		re, err := Compile(c.pattern, false)
		if c.code == "" && (err != nil || re == nil) || c.code != "" && (err == nil || err.Code != c.code) {
			t.Errorf("%s: %v, want code %q", c.pattern, err, c.code)
		}
	}
}

func TestMixedGreediness(t *testing.T) {
	re, err := Compile("a+?b*", false)
	if err != nil {
		t.Fatal(err)
	}
	if !re.Match([]byte("xab")) {
		t.Error("no match")
	}
	if _, err := re.Find("aab"); err == nil || err.Code != sqlerr.FeatureNotSupported {
		t.Errorf("searched all the same: %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("a(b|c)*[^x-z]{1,3}?", "abc")
	f.Add(`(?n)^\w+$|[[:alpha:]]`, "a\nb")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		re, err := Compile(pattern, false)
		if err != nil {
			return
		}
		re.Match([]byte(s))
		all, err := re.FindAll(s)
		done := 0
		for _, at := range all {
			if at[0] < done || at[1] < at[0] || at[1] > len(s) || err != nil {
				t.Fatalf("matches %v of %q in %q", all, pattern, s)
			}
			done = at[1]
		}
	})
}
