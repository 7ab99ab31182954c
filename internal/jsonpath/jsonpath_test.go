package jsonpath_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/jsonpath"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func query(t *testing.T, path, doc string, env *jsonpath.Env) (string, error) {
	t.Helper()
	p, err := jsonpath.Parse([]byte(path))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	items, err := p.Query([]byte(doc), env)
	var out []byte
	for _, it := range items {
		out = append(it.AppendTo(out), ' ')
	}
	return strings.TrimSpace(string(out)), err
}

// TestBrackets: an operator with an accessor behind it keeps the brackets that PostgreSQL's text loses.
func TestBrackets(t *testing.T) {
	for in, want := range map[string]string{
		"(2*3).type() + 1":                  "((2 * 3).type() + 1)",
		"(exists($)).type()":                "(exists ($)).type()",
		"(($ == 1) is unknown).type()":      "(($ == 1) is unknown).type()",
		"$[(1 + 2).abs() to 3]":             "$[(1 + 2).abs() to 3]",
		"!(($ like_regex \"a\").type()==1)": "!(($ like_regex \"a\").type() == 1)",
	} {
		got, err := jsonpath.Normalize(nil, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
		if again, err := jsonpath.Normalize(nil, got); err != nil || string(again) != string(got) {
			t.Errorf("%s is read as %s, %v", got, again, err)
		}
	}
}

// TestDepth: what is too deep is 54001, when it is read and when it is run.
func TestDepth(t *testing.T) {
	for _, deep := range []string{
		strings.Repeat("(", 100_000) + "$" + strings.Repeat(")", 100_000), strings.Repeat("-", 100_000) + "$", "$" + strings.Repeat(".a", 100_000), "$" + strings.Repeat("+1", 100_000),
		"$ ? (@ == 1" + strings.Repeat(" && @ == 1", 100_000) + ")", strings.Repeat("$[", 100_000), strings.Repeat("!(", 100_000), "$" + strings.Repeat(" ? (exists(@", 100_000), strings.Repeat("!(!(1 == 1) && ", 100_000),
	} {
		if _, err := jsonpath.Parse([]byte(deep)); sqlerr.CodeOf(err) != sqlerr.StatementTooComplex {
			t.Errorf("%.20s…: %v", deep, err)
		}
	}
	doc := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	path := "strict $.**" + strings.Repeat(" ? (exists(@.**", 12) + strings.Repeat("))", 12)
	steps := 0
	env := &jsonpath.Env{Breathe: func() *sqlerr.Error {
		if steps++; steps > 100_000 {
			return sqlerr.New(sqlerr.QueryCanceled, "stopped")
		}
		return nil
	}}
	if _, err := query(t, path, doc, env); sqlerr.CodeOf(err) != sqlerr.StatementTooComplex && sqlerr.CodeOf(err) != sqlerr.QueryCanceled {
		t.Errorf("%v after %d steps", err, steps)
	}
}

// TestBounds: an evaluation ends when it is told to, and when there is no memory for what it finds.
func TestBounds(t *testing.T) {
	doc := "[" + strings.Repeat("[1, 2, 3], ", 1000) + "4]"
	full := sqlerr.New(sqlerr.OutOfMemory, "full")
	taken := 0
	_, err := query(t, "$.** ? (@ >= 1 || @.type() == \"array\").** ? (exists($.**))", doc, &jsonpath.Env{Charge: func(n int) *sqlerr.Error {
		if taken += n; taken > 1<<20 {
			return full
		}
		return nil
	}})
	if !errors.Is(err, full) {
		t.Errorf("%v after %d bytes", err, taken)
	}
	stop, left := sqlerr.New(sqlerr.QueryCanceled, "stopped"), 10_000
	_, err = query(t, "$[*] ? (exists($.** ? (exists($.**{2}))))", doc, &jsonpath.Env{Silent: true, Breathe: func() *sqlerr.Error {
		if left--; left < 0 {
			return stop
		}
		return nil
	}})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// TestKeyValueOfMany: offsets in a jsonb are computed once for all objects of it.
func TestKeyValueOfMany(t *testing.T) {
	doc := "[" + strings.Repeat(`{"a": 1}, `, 20_000) + "0]"
	got, err := query(t, "$[*] ? (@.type() == \"object\").keyvalue().id", doc, &jsonpath.Env{})
	ids := strings.Fields(got)
	if err != nil || len(ids) != 20_000 || ids[0] != "80008" {
		t.Errorf("%d ids, %.30s, %v", len(ids), got, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"$", "strict $.a[*] ? (@.b > 1 && exists(@.c)).type()", `$.** ? (@ like_regex "^a" flag "i")`, `$"x y".keyvalue().**{2 to last}`, "-(1 + $.a[last - 1, 0 to 2]).abs() % 2", `("\u0041\x41" starts with $v) is unknown`, "$.datetime(\"yyyy\")"} {
		f.Add(s, `{"a": [1, {"b": 2.50, "c": null}], "v": "x"}`)
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		if strings.Contains(text, "\x00") || !utf8.ValidString(text) || !utf8.ValidString(doc) {
			return
		}
		p, err := jsonpath.Parse([]byte(text))
		if err != nil {
			if sqlerr.CodeOf(err) == sqlerr.InternalError {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		printed := p.AppendText(nil)
		again, err := jsonpath.Normalize(nil, printed)
		if err != nil || string(again) != string(printed) {
			t.Fatalf("%q: %q is read as %q, %v", text, printed, again, err)
		}
		js, err := jsonb.Normalize(nil, []byte(doc))
		if err != nil {
			return
		}
		steps := 0
		env := &jsonpath.Env{Vars: []byte(`{"v": "x"}`), Breathe: func() *sqlerr.Error {
			if steps++; steps > 100_000 {
				return sqlerr.New(sqlerr.QueryCanceled, "stopped")
			}
			return nil
		}}
		items, err := p.Query(js, env)
		for _, it := range items {
			out := it.AppendTo(nil)
			if same, nerr := jsonb.Normalize(nil, out); nerr != nil || string(same) != string(out) {
				t.Fatalf("%q of %s gives %s, which is no jsonb: %v", text, js, out, nerr)
			}
		}
		if err != nil && sqlerr.CodeOf(err) == sqlerr.InternalError {
			t.Fatalf("%q of %s: %v", text, js, err)
		}
	})
}
