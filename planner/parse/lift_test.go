package parse

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqltype"
)

func TestLift(t *testing.T) {
	for _, tt := range []struct{ sql, text, values string }{
		{"SELECT a FROM t WHERE id = 5", "SELECT a FROM t WHERE id = $1", "5"},
		{"select * from t where a = 'x''y' and b >= 1.5 limit 3;", "select * from t where a = $1 and b >= $2 limit 3;", "x'y|1.5"},
		{"SELECT (SELECT 1 FROM t WHERE a = 3000000000) FROM u WHERE b <> ''", "SELECT (SELECT 1 FROM t WHERE a = $1) FROM u WHERE b <> $2", "3000000000|"},
		{"SELECT 'a' FROM t WHERE id/* = 7 */ = -- x\n 8", "SELECT 'a' FROM t WHERE id/* = 7 */ = -- x\n $1", "8"},
		// What is more than its value stays.
		{"SELECT a FROM t WHERE id = 5 + 1", "", ""},
		{"SELECT a FROM t WHERE id = 5::bigint", "", ""},
		{"SELECT a FROM t WHERE id = -5", "SELECT a FROM t WHERE id = $1", "-5"},
		{"SELECT a FROM t WHERE id < - 2.50 AND b - 5 > -3", "SELECT a FROM t WHERE id < $1 AND b - 5 > $2", "-2.50|-3"},
		{"SELECT a FROM t WHERE id = -5::bigint OR id = - -5 OR id = -5 * 2 OR id = -9223372036854775808", "", ""},
		{"SELECT a FROM t WHERE d = DATE '2020-01-01'", "", ""},
		{"SELECT a FROM t WHERE b = E'x'", "", ""},
		{"SELECT a FROM t WHERE b = 'x'\n'y'", "", ""},
		{"SELECT a FROM t WHERE b = 'x", "", ""},
		{"SELECT a FROM t WHERE id = 99999999999999999999", "", ""},
		{"SELECT a FROM t WHERE id = 1e3", "", ""},
		{"SELECT a FROM t WHERE id = .5", "", ""},
		{"SELECT a = 5 FROM t", "", ""},
		{"SELECT a FROM t WHERE id = $1 AND b = 5", "", ""},
		{"SELECT a FROM t WHERE id = 5; SELECT 1", "", ""},
		{"SELECT a = 5, count(*) FROM t WHERE b = 5 GROUP BY a = 5", "", ""},
		{"SELECT a FROM t WHERE b = 5 UNION SELECT 1", "", ""},
		{"UPDATE t SET a = 1 WHERE b = 5", "UPDATE t SET a = $1 WHERE b = $2", "1|5"},
		{"UPDATE t SET a = a + 1, b = 'x', c = b - 2.5, d = -3 WHERE id = 7", "UPDATE t SET a = a + $1, b = $2, c = b - $3, d = $4 WHERE id = $5", "1|x|2.5|-3|7"},
		{"UPDATE t SET d = d + '1 day', a = 5 + 1, b = b + -5, c = (1), e = a * 2 FROM u", "", ""},
		{"UPDATE t SET (a, b) = (1, 2) WHERE c = 3 RETURNING a = 4", "UPDATE t SET (a, b) = (1, 2) WHERE c = $1 RETURNING a = 4", "3"},
		{"UPDATE t SET a = 1", "UPDATE t SET a = $1", "1"},
		{"UPDATE t SET a = 1 + b, c = 2 FROM u WHERE t.id = u.id", "UPDATE t SET a = 1 + b, c = $1 FROM u WHERE t.id = u.id", "2"},
		{"UPDATE t SET a = $1, b = 2", "", ""},
		{"delete from t where a = 'x'", "delete from t where a = $1", "x"},
		{"INSERT INTO t VALUES (1, 'x', NULL, f(2), 3 + 4, -5, DEFAULT, 1.5)", "INSERT INTO t VALUES ($1, $2, NULL, f(2), 3 + 4, $3, DEFAULT, $4)", "1|x|-5|1.5"},
		{"insert into t (a, b) values (1, 'x') on conflict (a) do update set b = 'y' where t.a = 3 returning a", "insert into t (a, b) values ($1, $2) on conflict (a) do update set b = 'y' where t.a = 3 returning a", "1|x"},
		{"INSERT INTO t VALUES (1), (2)", "", ""},
		{"INSERT INTO t (values, b) VALUES (1, 2)", "", ""},
		{"INSERT INTO t SELECT a FROM u WHERE b = 5", "", ""},
		{"INSERT INTO t VALUES ((SELECT a FROM u WHERE b = 5), 6)", "", ""},
		{"INSERT INTO t DEFAULT VALUES", "", ""},
		{"SELECT a INTO b FROM t WHERE c = 5", "", ""},
		{"WITH x AS (SELECT 1) UPDATE t SET a = 5", "", ""},
		{"SELECT a FROM t WHERE b = 5 AND c = " + strings.Repeat("1", maxLiftedText), "", ""},
		{"SELECT a FROM t WHERE b = 1" + strings.Repeat(" AND b = 1", maxLiftedValues), "", ""},
	} {
		l, ok := Lift(tt.sql)
		var values []string
		for _, v := range l.Values {
			values = append(values, string(v))
		}
		if ok != (tt.text != "") || ok && (l.Text != tt.text || strings.Join(values, "|") != tt.values) {
			t.Errorf("%.80s: %v, %q %q", tt.sql, ok, l.Text, values)
		}
		if !ok {
			continue
		}
		for _, word := range []string{"FROM", "WHERE", "limit", "and", "u "} {
			in, out := strings.LastIndex(l.Text, word), strings.LastIndex(tt.sql, word)
			if in >= 0 && l.Original(in) != out {
				t.Errorf("%s: %q lies at %d, not %d", tt.sql, word, out, l.Original(in))
			}
		}
	}
	l, _ := Lift("SELECT 1 FROM t WHERE a = 2147483647 AND b = 2147483648 AND c = 0.1 AND d = 'x' AND e = -2147483647 AND f = -2147483648")
	want := []sqltype.OID{sqltype.Int4, sqltype.Int8, sqltype.Numeric, 0, sqltype.Int4, sqltype.Int8}
	for i, typ := range l.Types {
		if typ != want[i] {
			t.Errorf("parameter %d is of type %d, want %d", i+1, typ, want[i])
		}
	}
}

// FuzzLift: putting the values back gives a text with the same tokens.
func FuzzLift(f *testing.F) {
	f.Add("SELECT a FROM t WHERE id = 5 AND b = 'x''y'")
	f.Add("INSERT INTO t VALUES (-1, - 2.5, 3 - 4)")
	f.Fuzz(func(t *testing.T, sql string) {
		l, ok := Lift(sql)
		if !ok {
			return
		}
		var a, b []string
		for x := (lexer{src: sql}); ; {
			tok := x.next()
			if tok.kind == tokEOF {
				break
			}
			a = append(a, x.text(tok))
		}
		n := 0
		for x := (lexer{src: l.Text}); ; {
			tok := x.next()
			if tok.kind == tokEOF {
				break
			}
			text := x.text(tok)
			if tok.kind == tokParam {
				if at := l.Original(int(tok.start)); !strings.HasPrefix(sql[at:], a[len(b)]) {
					t.Fatalf("%q: parameter %d does not lie at %d", sql, n+1, at)
				}
				if text = string(l.Values[n]); l.Types[n] == 0 {
					text = "'" + strings.ReplaceAll(text, "'", "''") + "'"
				} else if number, ok := strings.CutPrefix(text, "-"); ok {
					b, text = append(b, "-"), number
				}
				n++
			}
			b = append(b, text)
		}
		if strings.Join(a, "\x00") != strings.Join(b, "\x00") {
			t.Fatalf("%q became %q %q", sql, l.Text, l.Values)
		}
	})
}
