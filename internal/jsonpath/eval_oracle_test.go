package jsonpath

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/internal/jsonb"
)

var docs = []string{
	`{"a": 12}`, `{"a": {"a": 12}, "b": {"a": 13}}`, `[]`, `[1]`, `[1, "2", {}]`, `{}`, `[12, {"a": 13}, {"b": 14}, "ccc", true]`, `{"a": [1, 2, 3, 4, 5], "x": 2}`,
	`{"a": {"b": [1, {"c": -2.5}, null, "s"], "d": {"a": true}}, "g": [{"x": 2}, {"y": 3}, 7]}`, `[[1, 2], [3, [4]], {"a": [5]}]`, `null`, `true`, `"abc"`, `-1.50`, `"2017-03-10"`,
	`["2017-03-10", "2017-03-11T12:34:56+03:10", "12:34:56", "12:34:56+03", "2017-03-10 12:34:56", "x", "2017-03-10 12:34:56.789+5"]`,
	`["1.5", "nan", "inf", " 7 ", "1e400", 1e400, "abc", "b", "aBC\n"]`, `{"": 1, "a b": {"x": [{"y": {"z": 1}}, {"y": {"z": "zz", "w": {}}}], "longer": 123456.789}, "n": 1e-70}`,
	`[{"a": 1, "b": [1]}, {"a": 2, "b": []}, {"a": "x"}]`, `{"price": 10, "items": [{"name": "abc", "qty": 2, "tags": ["x", "y"]}, {"name": "abd", "qty": 0}]}`,
}

const varsText = `{"x": 2, "var": "ab", "arr": [1, 2, {"k": {"a": 1}}], "obj": {"a": {"b": 1}, "list": [{}, {"q": 1}]}, "d": "2017-03-10"}`

// pathOf is a random path: a chain of accessors, an operation, or a predicate.
func pathOf(r *rand.Rand, depth int, inFilter, inIndex bool) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	primary := func() string {
		s := []string{"$", "$", "$", "$x", "$var", "$arr", "$obj", "1", "2.5", `"abc"`, "null", "true", "-1", "0"}
		if inFilter {
			s = append(s, "@", "@", "@", "@", "@")
		}
		if inIndex {
			s = append(s, "last", "last", "0", "1", "last - 1")
		}
		return pick(s...)
	}
	if depth == 0 {
		return primary()
	}
	sub := func() string { return pathOf(r, depth-1, inFilter, inIndex) }
	var b strings.Builder
	switch r.IntN(8) {
	case 0:
		return "(" + sub() + pick(" + ", " - ", " * ", " / ", " % ") + sub() + ")"
	case 1:
		return pick("-", "+") + sub()
	case 2:
		b.WriteString("(" + predicateOf(r, depth-1, inFilter, inIndex) + ")")
		b.WriteString(".type()")
	case 3:
		b.WriteString("(" + sub() + ")")
	default:
		b.WriteString(primary())
	}
	for range r.IntN(4) {
		switch r.IntN(14) {
		case 0:
			b.WriteString("[*]")
		case 1:
			b.WriteString("[" + pathOf(r, depth-1, inFilter, true) + "]")
		case 2:
			b.WriteString("[" + pick("0", "1", "last", "-1") + " to " + pathOf(r, depth-1, inFilter, true) + "]")
		case 3:
			b.WriteString(".*")
		case 4:
			b.WriteString(pick(".**", ".**{1}", ".**{last}", ".**{1 to 2}", ".**{0 to 1}", ".**{2 to last}"))
		case 5, 6:
			b.WriteString("?(" + predicateOf(r, depth-1, true, inIndex) + ")")
		case 7:
			b.WriteString(pick(".type()", ".size()", ".abs()", ".floor()", ".ceiling()", ".double()", ".keyvalue()", ".keyvalue()", ".datetime()", ".keyvalue().value"))
		default:
			b.WriteString(pick(".a", ".b", ".x", ".g", ".items", ".name", ".qty", `."a b"`, ".list", ".y", ".k", ".longer", ".d"))
		}
	}
	return b.String()
}

func predicateOf(r *rand.Rand, depth int, inFilter, inIndex bool) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	sub := func() string { return pathOf(r, max(depth-1, 0), inFilter, inIndex) }
	switch r.IntN(10) {
	case 0:
		return predicateOf(r, max(depth-1, 0), inFilter, inIndex) + pick(" && ", " || ") + predicateOf(r, max(depth-1, 0), inFilter, inIndex)
	case 1:
		if depth > 0 {
			return "!(" + predicateOf(r, depth-1, inFilter, inIndex) + ")"
		}
	case 2:
		if depth > 0 {
			return "(" + predicateOf(r, depth-1, inFilter, inIndex) + ") is unknown"
		}
	case 3:
		return "exists(" + sub() + ")"
	case 4:
		return sub() + " starts with " + pick(`"ab"`, "$var", "$x")
	case 5:
		return sub() + ` like_regex "` + pick("^a", "B", "a.c", "2", "c$") + `"` + pick("", ` flag "i"`, ` flag "q"`, ` flag "s"`, ` flag "m"`)
	}
	return sub() + pick(" == ", " != ", " < ", " > ", " <= ", " >= ", " <> ") + sub()
}

var fixedPaths = []string{
	"lax $.a.b", "strict $.a.b", "$[*].a", "strict $[*].a", "$.*", "strict $.*", "$[last]", "$[last ? (@.type() == \"number\")]", "$[10000000000000000]", "strict $[10000000000000000]", "$[1.2]", "$[*] ? (@ > $x)", "$.keyvalue()", "$.**.keyvalue()",
	"strict $.keyvalue()", "$[*].keyvalue()", "$arr[*].keyvalue()", "$obj.keyvalue()", "$obj.keyvalue().value.keyvalue()", "$obj.list[*].keyvalue()", "$.keyvalue().value.keyvalue().value.keyvalue()", "$.nothing", "$nothing", "1 / 0", "$.a / 0", "1 % 0",
	"$[*].datetime()", "$[*].datetime().type()", "$[*] ? (@.datetime() == $d.datetime())", "$[*] ? (@.datetime() < \"12:35:00\".datetime())", "$.datetime()", "$.datetime(\"yyyy-mm-dd\")", "$.datetime(\"yyyy-mm-dd\").type()", "$.datetime(\"a\")",
	"$[*].datetime(\"HH24:MI:SS\")", "$[*].datetime(\"dd\")", "$[*].datetime(\"TZH\")", "$[*].datetime(\"yyyy TZH\")", `"10-03-2017 12:34".datetime("dd-mm-yyyy HH24:MI")`, `"10-03-2017 12:34 +05:20".datetime("dd-mm-yyyy HH24:MI TZH:TZM")`,
	`"12:34:56.789".datetime("HH24:MI:SS.FF1")`, `"12:34:56.789".datetime("HH24:MI:SS.FF2").type()`, `"12:34:56.789".datetime("HH24:MI:SS.MS")`, `"2017T12".datetime("yyyy\"T\"HH24")`, `"2017t12".datetime("yyyy\"T\"HH24")`, `"17:30 -05".datetime("HH24:MI TZH")`,
	`"2017-13-01".datetime()`, `"2017-02-30".datetime("yyyy-mm-dd")`, `"25:00:00".datetime()`, `"12:34:56 +16".datetime("HH24:MI:SS TZH")`, `"10".datetime("")`, `"99999-01-01 00:00".datetime("YYYYY-MM-DD HH24:MI")`, `"1".datetime("J")`, `"2017 IV".datetime("yyyy RM")`, `"01 Jan 2017".datetime("dd Mon yyyy")`,
	`"2017-03-10".datetime() < "2017-03-10 00:00:01".datetime()`, `"2017-03-10".datetime() < "2017-03-10 00:00:01+00".datetime()`, `"2017-03-10 02:00:00".datetime() == "2017-03-10 02:00:00+01".datetime()`, `"12:34:56".datetime() == "12:34:56+01".datetime()`,
	`"12:34:56+02".datetime() == "11:34:56+01".datetime()`, `"12:34:56+02".datetime() > "11:34:56+01".datetime()`, `"12:34:56".datetime() == "2017-03-10".datetime()`, "$.double()", "$[*].double()", "strict $[*].double()", `"1e1000".double()`, `1e1000.double()`, `(1e1000).double()`, `"0x1p3".double()`,
	"$.abs()", "$.size()", "strict $.size()", "$.floor().type()", "-$", "+$", "-$[*]", "$ + 1", "$[*] + 1", "exists($.a)", "$ == 1", "$ is unknown", "($ == 1) is unknown", "$.a == null", "null == null", "null != 1", "1 == \"1\"", "null < 1", "true < false", "\"a\" < \"b\"", "$ ? (@ == @)", "[1]", "$.**", "strict $.**", "$.**{2 to 3}", "strict $.**.a", "lax $.**.a", "$.**{last}",
	"$[0 to last]", "$[0,0,1]", "$[-1 to 1]", "strict $[-1 to 1]", "$[1 to 0]", "strict $[1 to 0]", "$[0].a", "$.a[0]", "strict $.a[0]", `$[*] ? (@ like_regex "^ab.*c" flag "s")`, `$[*] ? (@ like_regex "a.c" flag "qi")`, "$.items[*] ? (@.tags[*] == \"x\").name", "$.items ? (@.qty > 1)", "$.items[*].qty * 2", "$.price * $.items[0].qty", "$.items.size()", "strict $.items.name",
}

// TestEvaluationAgainstPostgreSQL runs fixed and random paths over fixed documents, in every form.
func TestEvaluationAgainstPostgreSQL(t *testing.T) {
	conn, zone := connect(t), berlin(t)
	r := rand.New(rand.NewPCG(7, 4072))
	paths := append([]string(nil), fixedPaths...)
	for range 600 {
		p := pathOf(r, 1+r.IntN(3), false, false)
		if r.IntN(3) == 0 {
			p = "strict " + p
		}
		if r.IntN(4) == 0 {
			p = predicateOf(r, 2, false, false)
		}
		paths = append(paths, p)
	}
	for i, path := range paths {
		tested := docs
		if i >= len(fixedPaths) {
			tested = []string{docs[r.IntN(len(docs))], docs[r.IntN(len(docs))], docs[8], docs[19]}
		}
		for _, doc := range tested {
			evaluateBoth(t, conn, zone, path, doc)
		}
	}
}

func evaluateBoth(t *testing.T, conn *pgx.Conn, zone *time.Location, path, doc string) {
	p, err := Parse([]byte(path))
	if err != nil {
		if want := answer(ask(conn, "SELECT $1::text::jsonpath::text", path)); want != answer("", err) {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
		return
	}
	js, err := jsonb.Normalize(nil, []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	vars, err := jsonb.Normalize(nil, []byte(varsText))
	if err != nil {
		t.Fatal(err)
	}
	for _, silent := range []bool{false, true} {
		for _, tz := range []string{"", "_tz"} {
			env := &Env{Vars: vars, Silent: silent}
			if tz != "" {
				env.Zone, env.HasNow = zone, true
				env.Now = time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Microseconds() //lint:clock the oracle has no other
			}
			items, err := p.Query(js, env)
			var list []byte
			for _, it := range items {
				list = append(it.AppendTo(list), '\n')
			}
			check := func(fn, got string) {
				sql := "SELECT " + fn + tz + "($1::text::jsonb, $2::text::jsonpath, $3::text::jsonb, $4::bool)::text"
				if fn == "jsonb_path_query" {
					sql = "SELECT string_agg(x::text || E'\\n', '' ORDER BY n) FROM " + fn + tz + "($1::text::jsonb, $2::text::jsonpath, $3::text::jsonb, $4::bool) WITH ORDINALITY AS q(x, n)"
				}
				if want := answer(ask(conn, sql, doc, path, varsText, silent)); want != got {
					t.Errorf("%s%s(%s, %s, silent %v)\n got %s\nwant %s", fn, tz, doc, path, silent, got, want)
				}
			}
			text := string(list)
			if text == "" {
				text = "NULL"
			}
			check("jsonb_path_query", answer(text, err))
			v, null, err := p.Exists(js, env)
			check("jsonb_path_exists", answer(boolText(v, null), err))
			v, null, err = p.Match(js, env)
			check("jsonb_path_match", answer(boolText(v, null), err))
		}
	}
}

func boolText(v, null bool) string {
	switch {
	case null:
		return "NULL"
	case v:
		return "true"
	}
	return "false"
}
