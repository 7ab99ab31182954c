package ident

import (
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for name, want := range map[string]string{
		"a": "a", "_a1": "_a1", "A": `"A"`, "1a": `"1a"`, "": `""`, `a"b`: `"a""b"`, "select": `"select"`, "name": "name", "a b": `"a b"`,
	} {
		if got := Quote(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
		if parts, ok := Split(want); name != "" && (!ok || len(parts) != 1 || parts[0] != name) {
			t.Errorf("%s is read as %q", want, parts)
		}
	}
}

func TestSplit(t *testing.T) {
	for text, want := range map[string]string{
		"a.B": "a|b", `"A".b`: "A|b", ` a . "b.c" `: "a|b.c", `"a""b"`: `a"b`, "": "", "a.": "", ".a": "", `"a`: "", `a"b`: `a"b`, `"a"b`: "", "a b": "",
	} {
		parts, ok := Split(text)
		if got := strings.Join(parts, "|"); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", text, got, ok, want)
		}
	}
}

func TestList(t *testing.T) {
	for text, want := range map[string]string{
		"": "", `""`: "|", `"$user", public`: "$user|public|", ` A ,"B c" , d`: "a|B c|d|", `"a""b"`: `a"b|`, `"",x`: "|x|", `"a,b"`: "a,b|",
		"a,,b": "no", "a,": "no", ",": "no", `"a`: "no", "a b": "no", `"a"b`: "no",
	} {
		got := ""
		names, ok := List(text)
		for _, n := range names {
			got += n + "|"
		}
		if ok != (want != "no") || ok && got != want {
			t.Errorf("%q: %q %v, want %q", text, got, ok, want)
		}
	}
}
