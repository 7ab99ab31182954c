package parse

import (
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"
	"pgregory.net/rapid"
)

// compareTokens checks the lexer's invariant on one text: it finds every token that
// PostgreSQL's scanner finds. Reports false when PostgreSQL's scanner refuses the text.
func compareTokens(t interface{ Fatalf(string, ...any) }, sql string) bool {
	want, err := pg.Scan(sql)
	if err != nil {
		return false
	}
	starts := map[int32]bool{}
	lx := lexer{src: sql}
	for tok := lx.next(); tok.kind != tokEOF; tok = lx.next() {
		starts[tok.start] = true
	}
	for _, w := range want.Tokens {
		if w.Token == pg.Token_SQL_COMMENT || w.Token == pg.Token_C_COMMENT {
			continue
		}
		if !starts[w.Start] {
			t.Fatalf("%q: PostgreSQL has a token at %d (%s), the lexer has not", sql, w.Start, w.Token)
		}
	}
	return true
}

func TestLexerSeesEveryToken(t *testing.T) {
	texts := []string{
		"SELECT 1+-1, a@-b, 1.5e+3, .5, 1., 1..2, 0x1F, 1_000, $1, a$1$b",
		`SELECT E'a\'b', U&'x' UESCAPE '!', U&"y", B'01', X'ff', N'n', "a""b", 'a''b'`,
		"SELECT $$a$$, $t$ $$ $t$, $1::int, a::text, b:=c, d=>e, f<>g, h!=i",
		"/* a /* b */ c */ SELECT -- x\n 1 - -1 -1--\n+2",
		"SELECT é, a.é, 'é' /**/ 'x' 'y'\n'z'",
		"SELECT a <-> b, a || b, +++1, a %+ b, a *+- b, a/*x*/+b",
	}
	for _, sql := range texts {
		if !compareTokens(t, sql) {
			t.Errorf("%q: PostgreSQL's scanner refuses it", sql)
		}
	}
}

func TestLexerRandom(t *testing.T) {
	pieces := []string{"a", "1", ".", "'", `"`, "$", "$$", "e'", "E", "\\", "-", "--", "/*", "*/", "+", "@", "\n", " ", "U&", "x'", "é", ":", "=", "(", ")", "[", ",", ";", "e", "_", "0x", "%", "<", "?"}
	rapid.Check(t, func(r *rapid.T) {
		sql := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(r, "pieces"), "")
		compareTokens(r, sql)
	})
}
