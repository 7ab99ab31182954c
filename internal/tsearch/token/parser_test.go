package token

import (
	"fmt"
	"strings"
	"testing"
)

// tokens is a text's tokens as type:text.
func tokens(text string) string {
	var out []string
	for p := New(text); ; {
		t, piece, ok := p.Next()
		if !ok {
			return strings.Join(out, "|")
		}
		out = append(out, fmt.Sprintf("%s:%s", Types[t-1].Alias, piece))
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"345 qwe@efd.r ' ", "uint:345|blank: |asciiword:qwe|blank:@|file:efd.r|blank: ' "},
		{"http://www.com/ x", "protocol:http://|host:www.com|blank:/ |asciiword:x"},
		{"aew.werc.ewr/?ad=qwe&dw", "url:aew.werc.ewr/?ad=qwe&dw|host:aew.werc.ewr|url_path:/?ad=qwe&dw"},
		{"a@b.com 123-t@stack.net", "email:a@b.com|blank: |email:123-t@stack.net"},
		{"foo-bar-1b", "numhword:foo-bar-1b|hword_asciipart:foo|blank:-|hword_asciipart:bar|blank:-|hword_numpart:1b"},
		{"+4.0e-10 -4.2 1.2.3", "sfloat:+4.0e-10|blank: |float:-4.2|blank: |version:1.2.3"},
		{"-1.2.3", "blank:-|version:1.2.3"},
		{"<script>a<b</script>c", "tag:<script>|blank:a|blank:<b|tag:</script>|asciiword:c"},
		{"x &amp; &#xa9; <a href=\"<q>\">", "asciiword:x|blank: |entity:&amp;|blank: |entity:&#xa9;|blank: |tag:<a href=\"<q>\">"},
		{"/usr/local/fff ~/a.b ../x", "file:/usr/local/fff|blank: ~|file:/a.b|blank: ..|file:/x"},
		{"größe x1ü", "word:größe|blank: |numword:x1ü"},
		{"2026-12-01", "uint:2026|int:-12|int:-01"},
	} {
		if got := tokens(c.text); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.text, got, c.want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"a@b.c-d/e?f <x y='z'> 1.2e3 &lt; http://h:80/p", "a-b-1-c", "é\u0301 \xff", "<!-- - -- --->", "a@a@a@a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for p, n := New(text), 0; ; n++ {
			kind, piece, ok := p.Next()
			if !ok {
				return
			}
			if kind < ASCIIWord || kind > Entity || piece == "" || n > 4*len(text)+4 {
				t.Fatalf("%q: token %d is %q, a %d", text, n, piece, kind)
			}
		}
	})
}
