package jsonpath

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func connect(t *testing.T) *pgx.Conn {
	conn := pgoracle.Connect(t, pgoracle.DSN(t))
	if _, err := conn.Exec(context.Background(), "SET TimeZone = 'Europe/Berlin'"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// answer is a value, or an error with all that clients see of it.
func answer(value string, err error) string {
	var own *sqlerr.Error
	var theirs *pgconn.PgError
	switch {
	case errors.As(err, &own):
		return strings.Join([]string{"ERROR", string(own.Code), own.Message, own.Detail, own.Hint}, "|")
	case errors.As(err, &theirs):
		return strings.Join([]string{"ERROR", theirs.Code, theirs.Message, theirs.Detail, theirs.Hint}, "|")
	case err != nil:
		return err.Error()
	}
	return value
}

var seedTexts = []string{
	"", " ", "$", "strict $", "lax $", "STRICT $", "strict", "$.a", "$.a.v", "$.a.*", "$.*[*]", "$.a[*]", "$.a[*][*]", "$[*]", "$[0]", "$[*][0]", "$[*].a", "$[*][0].a.b",
	"$.a.**.b", "$.a.**{2}.b", "$.a.**{2 to 2}.b", "$.a.**{2 to 5}.b", "$.a.**{0 to 5}.b", "$.a.**{5 to last}.b", "$.a.**{last}.b", "$.a.**{last to 5}.b", "$+1", "$-1", "$--+1", "$.a/+-1",
	"1 * 2 + 4 % -3 != false", `"\b\f\r\n\t\v\"\'\\"`, `"\x50\u0067\u{53}\u{051}\u{00004C}"`, `$.foo\x50\u0067\u{53}\u{051}\u{00004C}\"bar`, "$.g ? ($.a == 1)", "$.g ? (@ == 1)", "$.g ? (@.a == 1)",
	"$.g ? (@.a == 1 || @.a == 4)", "$.g ? (@.a == 1 && @.a == 4)", "$.g ? (@.a == 1 || @.a == 4 && @.b == 7)", "$.g ? (@.a == 1 || !(@.a == 4) && @.b == 7)",
	"$.g ? (@.a == 1 || !(@.x >= 123 || @.a == 4) && @.b == 7)", "$.g ? (@.x >= @[*]?(@.a > \"abc\"))", "$.g ? ((@.x >= 123 || @.a == 4) is unknown)", "$.g ? (exists (@.x))",
	"$.g ? (exists (@.x ? (@ == 14)))", "$.g ? ((@.x >= 123 || @.a == 4) && exists (@.x ? (@ == 14)))", "$.g ? (+@.x >= +-(+@.a + 2))", "$a", "$a.b", "$a[*]", `$.g ? (@.zip == $zip)`,
	"$.a[1,2, 3 to 16]", "$.a[$a + 1, ($b[*]) to -($[0] * 2)]", "$.a[$.a.size() - 3]", "last", `"last"`, "$.last", "$ ? (last > 0)", "$[last]", "$[$[0] ? (last > 0)]", "null.type()", "1.type()",
	"(1).type()", "1.2.type()", `"aaa".type()`, "true.type()", "$.double().floor().ceiling().abs()", "$.keyvalue().key", "$.datetime()", `$.datetime("datetime template")`,
	`$ ? (@ starts with "abc")`, `$ ? (@ starts with $var)`, `$ ? (@ like_regex "(invalid pattern")`, `$ ? (@ like_regex "pattern" flag "isimq")`, `$ ? (@ like_regex "pattern" flag "xq")`,
	`$ ? (@ like_regex "pattern" flag "x")`, `$ ? (@ like_regex "pattern" flag "a")`, `$ ? (@ like_regex "pattern" flag "é")`, "$ < 1", "($ < 1) || $.a.b <= $x", "@ + 1", "($).a.b", "($.a.b).c.d", "($.a.b + -$.x.y).c.d",
	"(-+$.a.b).c.d", "1 + ($.a.b + 2).c.d", "1 + ($.a.b > 2).c.d", "($)", "(($))", "((($ + 1)).a + ((2)).b ? ((((@ > 1)) || (exists(@.c)))))", "$ ? (@.a < 1)", "$ ? (@.a < -1)", "$ ? (@.a < +1)",
	"$ ? (@.a < .1)", "$ ? (@.a < -.1e1)", "$ ? (@.a < 10.1e+1)", "0", "00", "0.0", "0.000", "0.000e1", "0.000e2", "0.000e3", "0.0010", "0.0010e-1", "0.0010e+1", "1.", ".1", "1a", "1e", "1.e", "1.2a", "1.2e", "1.2.e",
	"(1.2).e", "1e3", "1.e3", "1.e3.e", "1.e3.e4", "1.2e3", "1.2e3a", "1.2.e3", "(1.2).e3", "1..e", "1..e3", "(1.).e", "(1.).e3", "12ab", "01", "012", "0x1", "$.a b", "$.a.", "$.**{", "$.**{a}", "$.**{1 2}", "$[*", "$[1", "$ ?",
	"$ ? (@.a starts", "$ ? (@.a starts foo)", "$ ? (@.a starts with 1)", "$ ? (@.a like_regex 1)", `$ ? (@.a like_regex "a" flag 1)`, "$ ? ((@.a == 1) is x)", "$ ? (exists @.a)", "$.datetime(1)", `$.datetime("a" 1)`,
	"$.type(1)", "$.type(", "! $", "!", "$ == 1 == 2", "($ == 1", "($", "(1 2)", "($ == 1 2)", "$ ? (1)", `"a" "b"`, `$"a" "b"`, `$"a b"`, "foo", "$.a/*c*/", "$.a /*c*/.b", "$.a/*c*/.b", "/*c*/", "/*c*/ $", `"abc`, `"\u00"`, `"\u0000"`,
	`"\x0"`, `"\ud800"`, `"\udc00"`, `"\ud83d\ude00"`, `"\ud83d\u{de00}"`, `"\ud83d\ud83d"`, `"\ud83dx"`, "/* a", "$.**{4294967296}", "$.**{2147483648}", "$ ? (@ == 1 && 2)", "$ ? (@ == 1) is unknown", "$ & $", "$ = 1", "$[1 to 2 3]", "$[1,]",
	"$[]", "$.1", "$.a.1", "$.#", "1e1000000", `"\`, `$.a\`, "\"\\\n\"", `$.\u0041bs()`, `$.\u0061bs()`, "$.abs ()", "$.to.null.TRUE.is.exists", "TRUE", "Null", "true", "LAST", "$[LAST]", "$ ? (@ LIKE_REGEX \"a\" FLAG \"i\")", "exists($)", "EXISTS ($) && !exists($.a)",
	"!(exists($))", "!($ == 1)", "!(1)", "-exists($)", "1 + !($ == 1)", "$[exists($)]", "exists(exists($))", "exists(($ == 1).type())", "(($ == 1) is unknown)", "!($ == 1) is unknown", "(!($ == 1)).type() == \"boolean\"", "$.a ? (@ > 1) ? (@ < 5)",
	"- - 1", "-(1)", "-(-1)", "+(1).abs()", "-1.5e3", "$.a <> 2", "2 < 3 && 3 < 4 || 4 == 4", "(2 < 3 || 3 < 4) && 4 == 4", "$ ? (!(@ == 1) || !(@ == 2))", "1 - 2 - 3", "1 - (2 - 3)", "2 * (3 + 4)", "(2 * 3) + 4", "-(2 + 3)", "-(2 * 3)", "$.\"a b\".\"\"", "$.é", "$é", "\v$", "$\f", "$\n.a", "'a'", "$.'a'",
	"$.a~b", "$;", "$.a[*].b ? (@ == \"x\").c[0 to last].size()", "$ ? (@.a.b.c is unknown)", "()", "(())", "$ ||", "|| $", "$ && $", "$.a ? ()", "$.a ? @", "{", "}", "]", ",", ":", "#", "%", "$ % 2", "5 % 2", "$.**.**", "$..a", "$.***", "$.** {1}", "$.**{1}{2}", "$.**{1 to }", "$.**{ to 1}",
	"1.t", "1.type", "$.1a", "$. a", "$ . a . b", "$[ 0 , 1 to 2 ]", "$.a.type ( )", "$.keyvalue", "$.datetime", "$.datetime( )", "$.size().type()", `$.a ? (@ like_regex "^a" && @ != "abc")`, `"a" like_regex "A" flag "i"`, `"a" starts with "a"`, `("a" starts with "a") is unknown`, `(1 like_regex "a") is unknown && true == true`,
}

// mutate changes a text a little.
func mutate(r *rand.Rand, s string) string {
	bits := []string{"(", ")", "[", "]", "{", "}", ".", "*", "?", "@", "$", "$x", "1", "0", "2.5", `"a"`, " ", "a", "==", "<", "&&", "||", "!", "exists", "is unknown", "to", "last", ",", "+", "-", "/", "%", ".type()", ".abs()", "like_regex \"a\"", "starts with", "\\", "\"", "/*c*/", "e1", "**", "strict ", "_", "é", "\\u0041", "\\x41", ".size()"}
	for range 1 + r.IntN(3) {
		at := r.IntN(len(s) + 1)
		switch r.IntN(3) {
		case 0:
			end := min(len(s), at+1+r.IntN(3))
			s = strings.ToValidUTF8(s[:at]+s[end:], "")
		default:
			s = strings.ToValidUTF8(s[:at], "") + bits[r.IntN(len(bits))] + strings.ToValidUTF8(s[at:], "")
		}
	}
	return s
}

// TestTextsAgainstPostgreSQL: what is read, what is printed, and what is refused how.
func TestTextsAgainstPostgreSQL(t *testing.T) {
	conn := connect(t)
	r := rand.New(rand.NewPCG(1, 4072))
	texts := append([]string(nil), seedTexts...)
	for range 4000 {
		texts = append(texts, mutate(r, seedTexts[r.IntN(len(seedTexts))]))
	}
	checked := 0
	for _, text := range texts {
		want := answer(ask(conn, "SELECT $1::text::jsonpath::text", text))
		got, err := Normalize(nil, []byte(text))
		if g := answer(string(got), err); g != want && !sameMeaning(conn, text, want, g) {
			t.Errorf("%q\n got %s\nwant %s", text, g, want)
		}
		checked++
		if err == nil {
			again, err := Normalize(nil, got)
			if err != nil || string(again) != string(got) {
				t.Errorf("%q: %q is read as %q, %v", text, got, again, err)
			}
		}
	}
	t.Logf("%d texts", checked)
}

// sameMeaning: PostgreSQL leaves out brackets that its text needs; with them it must read ours as what it prints.
func sameMeaning(conn *pgx.Conn, text, want, got string) bool {
	if strings.HasPrefix(want, "ERROR") || strings.HasPrefix(got, "ERROR") {
		return false
	}
	return answer(ask(conn, "SELECT $1::text::jsonpath::text", got)) == want
}

func ask(conn *pgx.Conn, sql string, args ...any) (string, error) {
	var v *string
	err := conn.QueryRow(context.Background(), sql, args...).Scan(&v)
	if v == nil {
		return "NULL", err
	}
	return *v, err
}

func berlin(t *testing.T) *time.Location {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	return loc
}
