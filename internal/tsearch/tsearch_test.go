package tsearch

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func idle() *sqlerr.Error { return nil }

func vector(t *testing.T, text string) []byte {
	t.Helper()
	v, err := AppendVector(nil, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func query(t *testing.T, text string) []byte {
	t.Helper()
	q, err := AppendQueryParsed(nil, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

func TestVectorText(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		" b:2 a:1,1A 'c d':3 ":         `'a':1A 'b':2 'c d':3`,
		`'a''b' c\ d`:                  `'a''b' 'c d'`,
		"a:20000":                      "'a':16383",
		strings.Repeat("a:1,2 ", 1000): "'a':1,2",
	} {
		if got := string(AppendVectorText(nil, vector(t, in))); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for in, code := range map[string]sqlerr.Code{
		"a:": sqlerr.SyntaxError, "a:0": sqlerr.SyntaxError, "'a": sqlerr.SyntaxError, "a:1AB": sqlerr.SyntaxError, `a\`: sqlerr.SyntaxError, "''": sqlerr.SyntaxError,
		strings.Repeat("a", 2047): sqlerr.ProgramLimitExceeded,
	} {
		if _, err := AppendVector(nil, []byte(in)); sqlerr.CodeOf(err) != code {
			t.Errorf("%.20q: %v, want %s", in, err, code)
		}
	}
}

// TestBounds: what is too large for PostgreSQL is too large here.
func TestBounds(t *testing.T) {
	var long bytes.Buffer
	for i := range 600_000 {
		long.WriteString("w")
		long.Write(appendInt(nil, i))
		long.WriteByte(' ')
	}
	if _, err := AppendVector(nil, long.Bytes()); sqlerr.CodeOf(err) != sqlerr.ProgramLimitExceeded {
		t.Errorf("a vector of %d bytes: %v", long.Len(), err)
	}
	if _, err := AppendQueryParsed(nil, []byte(strings.Repeat("(", 100_000)+"a"+strings.Repeat(")", 100_000))); sqlerr.CodeOf(err) != sqlerr.StatementTooComplex {
		t.Errorf("brackets in brackets: %v", err)
	}
	if _, err := AppendQueryParsed(nil, []byte(strings.Repeat("a&", 100_000)+"a")); sqlerr.CodeOf(err) != sqlerr.StatementTooComplex {
		t.Errorf("a deep tree: %v", err)
	}
	d := NewDocument(configs[0], idle)
	if err := d.Add(strings.Repeat("word ", 100_000)); err != nil {
		t.Fatal(err)
	}
	v, err := d.Vector()
	if err != nil {
		t.Fatal(err)
	}
	if w := Words(v); len(w) != 1 || len(w[0].Pos) != maxPositions {
		t.Errorf("a word 100000 times: %d words, %d positions", len(w), len(w[0].Pos))
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		v, q string
		want bool
	}{
		{"a:1 b:2", "a <-> b", true},
		{"a:1 b:2", "a<->b", true},
		{"a:1 b:3", "a <-> b", false},
		{"a b", "a <-> b", false},
		{"a b", "a:B & b", true},
		{"a:1 b:2", "a:A", false},
		{"", "!a", true},
		{"", "", false},
		{"ab:1", "a:*", true},
		{"a:1 b:2 c:3", "a <-> (b | x) <-> c", true},
		{"a:1 b:2", "!a <-> b", false},
		{"x:1 b:2", "!a <-> b", true},
	} {
		if got := Match(vector(t, c.v), query(t, c.q)); got != c.want {
			t.Errorf("%s @@ %s: %v", c.v, c.q, got)
		}
	}
}

func TestStops(t *testing.T) {
	english, err := ConfigOf(13164)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"1 <-> (a <-> 2)": `'1' <2> '2'`, "the": "", "!(a & !b) & c": "!!'b' & 'c'", "'the big cats':A": "'big':A <-> 'cat':A",
	} {
		q, err := MakeQuery(english, in, Operators, idle)
		if got := string(AppendQueryText(nil, q)); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
	}
}

// TestLanguages: a language without a stemmer is refused, none is taken for another.
func TestLanguages(t *testing.T) {
	here := 0
	for _, c := range configs {
		_, err := ConfigOf(c.OID)
		if err == nil {
			here++
		} else if sqlerr.CodeOf(err) != sqlerr.FeatureNotSupported {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if here != 19 || len(configs) != 29 {
		t.Errorf("%d of %d configurations", here, len(configs))
	}
}

func FuzzVector(f *testing.F) {
	for _, s := range []string{"a:1A b:2", "'x y':3,4", `\\a`, "a b c"} {
		f.Add([]byte(s))
		if v, err := AppendVector(nil, []byte(s)); err == nil {
			f.Add(v)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := DecodeVector(src)
		if err == nil {
			if again, err := DecodeVector(v); err != nil || !bytes.Equal(again, v) {
				t.Fatalf("%q: %q, then %q, %v", src, v, again, err)
			}
		}
		if v, err = AppendVector(nil, src); err != nil || bytes.IndexByte(src, 0) >= 0 {
			return
		}
		text := AppendVectorText(nil, v)
		again, err := AppendVector(nil, text)
		if err != nil || CompareVectors(v, again) != 0 {
			t.Fatalf("%q is %q, which is not the same: %v", src, text, err)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"a & b | !c", "(a <-> b) <2> c:*AB", "'x''y'", "!!a"} {
		f.Add([]byte(s))
		if q, err := AppendQueryParsed(nil, []byte(s)); err == nil {
			f.Add(q)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if q, err := DecodeQuery(src); err == nil {
			if again, err := DecodeQuery(q); err != nil || !bytes.Equal(again, q) {
				t.Fatalf("%q: %q, then %q, %v", src, q, again, err)
			}
			Match([]byte{0, 0, 0, 0}, q)
		}
		q, err := AppendQueryParsed(nil, src)
		if err != nil || bytes.IndexByte(src, 0) >= 0 {
			return
		}
		text := AppendQueryText(nil, q)
		again, err := AppendQueryParsed(nil, text)
		if err != nil || !bytes.Equal(q, again) {
			t.Fatalf("%q is %q, which is not the same: %v", src, text, err)
		}
		if _, err := MakeQuery(configs[0], string(src), Web, idle); err != nil && sqlerr.CodeOf(err) != sqlerr.ProgramLimitExceeded && sqlerr.CodeOf(err) != sqlerr.StatementTooComplex {
			t.Fatalf("%q as a web search: %v", src, err)
		}
	})
}
