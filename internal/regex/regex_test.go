package regex

import (
	"reflect"
	"strings"
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
		{`(a)\1`, ""}, {"a(?=b)", ""}, {"(?<!a)b", ""}, {`\yx`, ""}, {"[[:<:]]x", ""}, {`(a)\12`, ""},
		{`\1(a)`, sqlerr.InvalidRegularExpression}, {`(a\1)`, sqlerr.InvalidRegularExpression}, {`(a)(?=\1)`, sqlerr.InvalidRegularExpression}, {"(?=a)*", sqlerr.InvalidRegularExpression},
		{"(?=a", sqlerr.InvalidRegularExpression}, {"(?x)a b", sqlerr.FeatureNotSupported},
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
	if ok, err := re.Match("xab", goOn); !ok || err != nil {
		t.Error("no match")
	}
	if at, err := re.Find("xaabb", goOn); err != nil || !reflect.DeepEqual(at, []int{1, 2}) {
		t.Errorf("found %v, %v", at, err)
	}
}

// TestDissected: what matches by PostgreSQL's rules, with groups.
func TestDissected(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		at         []int
	}{
		{`(a+)\1`, "baaaaa", []int{1, 5, 1, 3}}, {`^([bc])\1*$`, "bbb", []int{0, 3, 0, 1}}, {`^([bc])\1*$`, "bbc", nil}, {`(?i)(ab)\1`, "xabAB", []int{1, 5, 1, 3}},
		{`a(?=b)b*`, "aab", []int{1, 3}}, {`a(?!b)`, "abaa", []int{2, 3}}, {`(?<=a)b`, "bab", []int{2, 3}}, {`(?<!a)b`, "abb", []int{2, 3}}, {`\mfoo\M`, "xfoo foo", []int{5, 8}},
		{`^(.+?)(x*)$`, "axx", []int{0, 3, 0, 1, 1, 3}}, {`(a*?)(a*)`, "aa", []int{0, 0, 0, 0, 0, 0}}, {`(\1|a)`, "a", nil}, {`(a)(\1|b)c`, "aac", []int{0, 3, 0, 1, 1, 2}},
		{`^(?:(x)|y)+\1$`, "xyx", nil}, {`(^a)\1`, "aa", []int{0, 2, 0, 1}},
	} {
		re, err := Compile(c.pattern, false)
		if err != nil {
			if c.at != nil {
				t.Errorf("%s: %v", c.pattern, err)
			}
			continue
		}
		at, err := re.Find(c.s, goOn)
		if err != nil || !reflect.DeepEqual(at, c.at) {
			t.Errorf("%s in %s: %v, %v, want %v", c.pattern, c.s, at, err, c.at)
		}
	}
}

// TestDissectedIsBounded: a search that would take too long is stopped, and what would take too much memory is refused.
func TestDissectedIsBounded(t *testing.T) {
	re, err := Compile(`^((a*)*b?)*\2\1c`, false)
	if err != nil {
		t.Fatal(err)
	}
	stop, left := sqlerr.New(sqlerr.QueryCanceled, "stop"), 1000
	_, err = re.Find(strings.Repeat("a", 60), func() *sqlerr.Error {
		if left--; left < 0 {
			return stop
		}
		return nil
	})
	if err != nil && err != stop {
		t.Error(err)
	}
	if _, err := re.Find(strings.Repeat("ab", 100_000), goOn); err == nil || err.Code != sqlerr.FeatureNotSupported {
		t.Errorf("%v", err)
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
		_, _ = re.Match(s, goOn)
		var all [][]int
		err = re.Each(s, goOn, func(at []int) *sqlerr.Error { all = append(all, at); return nil })
		done := 0
		for _, at := range all {
			if at[0] < done || at[1] < at[0] || at[1] > len(s) || err != nil {
				t.Fatalf("matches %v of %q in %q", all, pattern, s)
			}
			done = at[1]
		}
	})
}

func goOn() *sqlerr.Error { return nil }

// TestSearchInPartsFindsTheSame: what is too long for one step is read rune by rune, and what is
// behind a match is searched anew.
func TestSearchInPartsFindsTheSame(t *testing.T) {
	for _, pattern := range []string{"ab+", "(a|ab)(c|bcd)?", "b*", "x", "é(.)", "(?:a.)+?", "[^a]{2,7}"} {
		re, err := Compile(pattern, false)
		if err != nil {
			t.Fatal(err)
		}
		small := strings.Repeat("xabbbcdéaxababa", 7)
		list := func(s string, program int) (out [][]int) {
			re.program = program
			if err := re.Each(s, goOn, func(at []int) *sqlerr.Error { out = append(out, at); return nil }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		want := list(small, 1)
		if got := list(small, directWork); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}

func TestSearchStops(t *testing.T) {
	re, err := Compile("(a|b)*c", false)
	if err != nil {
		t.Fatal(err)
	}
	stop := sqlerr.New(sqlerr.QueryCanceled, "stop")
	calls := 0
	_, err = re.Match(strings.Repeat("ab", 10<<20), func() *sqlerr.Error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Fatalf("%v after %d calls", err, calls)
	}
	if _, err := Compile(strings.Repeat("a", maxPattern+1), false); err == nil {
		t.Fatal("a pattern without bound")
	}
	if _, err := Compile("("+strings.Repeat("a", 1000)+"){250}", false); err == nil {
		t.Fatal("a program without bound")
	}
}
