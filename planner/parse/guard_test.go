package parse

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// TestLongChains sends statements that kill a process which hands them to pg_query unguarded.
func TestLongChains(t *testing.T) {
	const n = 100_000
	deep := map[string]string{
		"plus":            "SELECT 1" + strings.Repeat("+1", n),
		"unary":           "SELECT " + strings.Repeat("- ", n) + "1",
		"not":             "SELECT " + strings.Repeat("NOT ", n) + "true",
		"cast":            "SELECT 1" + strings.Repeat("::int", n),
		"collate":         "SELECT 'a'" + strings.Repeat(` COLLATE "C"`, n),
		"join":            "SELECT 1 FROM a" + strings.Repeat(" JOIN a ON true AND true", n),
		"cross":           "SELECT 1 FROM a" + strings.Repeat(" CROSS JOIN a", n),
		"union":           "SELECT 1" + strings.Repeat(" UNION SELECT 1", n),
		"union two":       "SELECT 1, 2" + strings.Repeat(" UNION ALL SELECT 1, 2", n),
		"parentheses":     "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"brackets":        "SELECT " + strings.Repeat("ARRAY[", n) + "1" + strings.Repeat("]", n),
		"case":            "SELECT " + strings.Repeat("CASE WHEN true THEN ", n) + "1" + strings.Repeat(" END", n),
		"calls":           "SELECT " + strings.Repeat("f(1,", n) + "1" + strings.Repeat(")", n),
		"subquery":        "SELECT " + strings.Repeat("(SELECT ", n) + "1" + strings.Repeat(")", n),
		"arrow":           "SELECT a" + strings.Repeat("->'x'", n),
		"is":              "SELECT a" + strings.Repeat(" IS NULL", n),
		"between":         "SELECT a" + strings.Repeat(" BETWEEN 1 AND 2 IS TRUE", n),
		"names of words":  "SELECT a.and" + strings.Repeat("+a.and", n),
		"labels of words": "SELECT " + strings.Repeat("CASE WHEN a.end THEN ", n) + "1" + strings.Repeat(" END", n),
		"subscripts":      "SELECT a" + strings.Repeat("[1]", n),
		"derived":         "SELECT * FROM " + strings.Repeat("(SELECT * FROM ", n) + "a" + strings.Repeat(") x", n),
		"glued signs":     "SELECT 1" + strings.Repeat("+-+-", n) + "1",
	}
	for name, sql := range deep {
		_, err := Parse(sql)
		if sqlerr.CodeOf(err) != sqlerr.StatementTooComplex {
			t.Errorf("%s: got %v, want a refusal of its depth", name, err)
		}
	}
	const m = n / 10
	flat := map[string]string{
		"and":    "SELECT a = 1" + strings.Repeat(" AND a = 1", n),
		"or":     "SELECT a = 1" + strings.Repeat(" OR a = 1 AND b BETWEEN 1 AND 2", m),
		"in":     "SELECT a IN (1" + strings.Repeat(", 1", m) + ")",
		"values": "INSERT INTO t VALUES (1, 'a')" + strings.Repeat(", (1 + 2, 'a')", m),
		"many":   strings.Repeat("SELECT 1 FROM a JOIN b ON true; ", m),
		"when":   "SELECT CASE" + strings.Repeat(" WHEN a THEN 1", m) + " END",
		"list":   "SELECT 1" + strings.Repeat(", a + 1", m),
	}
	for name, sql := range flat {
		if _, err := Parse(sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestComments: what the scanner would read again and again is refused, comments as people write
// them are not.
func TestComments(t *testing.T) {
	const n = 100_000
	for name, sql := range map[string]string{
		"open":         "SELECT 1 " + strings.Repeat("/*", n),
		"nested":       "SELECT 1 " + strings.Repeat("/*", n) + strings.Repeat("*/", n),
		"side by side": "SELECT 1 /*" + strings.Repeat("/**/", n) + "*/",
	} {
		if _, err := Parse(sql); sqlerr.CodeOf(err) != sqlerr.ProgramLimitExceeded {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	banner := "/" + strings.Repeat("*", 78) + "/\n"
	for name, sql := range map[string]string{
		"banners": strings.Repeat(banner, n/10) + "SELECT 1",
		"spaced":  "SELECT 1 " + strings.Repeat("/* ", n) + strings.Repeat("*/ ", n),
		"one":     "SELECT 1 /*" + strings.Repeat("-*", n) + "/",
	} {
		if _, err := Parse(sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGuardEdge(t *testing.T) {
	// The deepest chains that the guard lets pass must be parsed, not lost.
	for name, sql := range map[string]string{
		"plus":   "SELECT 1" + strings.Repeat("+1", maxNesting/2-10),
		"unary":  "SELECT " + strings.Repeat("- ", maxNesting-10) + "1",
		"not":    "SELECT " + strings.Repeat("NOT ", maxNesting-10) + "true",
		"join":   "SELECT 1 FROM a" + strings.Repeat(",a JOIN a ON true", 10) + strings.Repeat(" CROSS JOIN a", maxNesting/4-30),
		"parens": "SELECT " + strings.Repeat("(", maxNesting-10) + "1" + strings.Repeat(")", maxNesting-10),
	} {
		_, err := Parse(sql)
		if err != nil && sqlerr.CodeOf(err) != sqlerr.StatementTooComplex {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextLimits(t *testing.T) {
	cases := map[string]sqlerr.Code{
		"SELECT '" + strings.Repeat("x", MaxTextBytes) + "'": sqlerr.ProgramLimitExceeded,
		"SELECT 1\x00":  sqlerr.CharacterNotInRepertoire,
		"SELECT '\xff'": sqlerr.CharacterNotInRepertoire,
	}
	for sql, want := range cases {
		if _, err := Parse(sql); sqlerr.CodeOf(err) != want {
			t.Errorf("%.20q: got %v, want %s", sql, err, want)
		}
	}
}
