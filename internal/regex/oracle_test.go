package regex

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// patternOf is a random pattern; groups counts those that are closed before.
func patternOf(r *rand.Rand, depth int, groups *int) string {
	var b strings.Builder
	for branch := range 1 + max(r.IntN(4)-2, 0) {
		if branch > 0 {
			b.WriteByte('|')
		}
		for range 1 + r.IntN(3) {
			quantified := true
			switch k := r.IntN(16); {
			case k < 3 && depth > 0:
				b.WriteString("(" + patternOf(r, depth-1, groups) + ")")
				*groups++
			case k == 3 && depth > 0:
				b.WriteString("(?:" + patternOf(r, depth-1, groups) + ")")
			case k == 4 && depth > 0:
				inner := 0
				look := strings.ReplaceAll(patternOf(r, 0, &inner), `\1`, "a")
				b.WriteString([]string{"(?=", "(?!", "(?<=", "(?<!"}[r.IntN(4)] + look + ")")
				quantified = false
			case k == 5 && *groups > 0:
				b.WriteString(`\1`)
			case k == 6:
				b.WriteString([]string{"^", "$", `\m`, `\M`, `\y`, `\Y`}[r.IntN(6)])
				quantified = false
			default:
				b.WriteString([]string{"a", "b", ".", "[ab]", "c", `\w`, "ab", "[^a]"}[r.IntN(8)])
			}
			if quantified {
				b.WriteString([]string{"", "", "", "*", "+", "?", "*?", "+?", "??", "{1,2}", "{2}", "{1,2}?", "{1,1}?", "{2,2}?", "{2}?"}[r.IntN(15)])
			}
		}
	}
	return b.String()
}

// TestMatchesAgainstPostgreSQL: all matches of random patterns, and what their groups are.
func TestMatchesAgainstPostgreSQL(t *testing.T) {
	conn := pgoracle.Connect(t, pgoracle.DSN(t))
	r := rand.New(rand.NewPCG(15, 1))
	texts := []string{"", "a", "ab", "aab", "abab", "aabbc", "abcabc", "a b", "bbb c", "cabba"}
	checked, matched := 0, 0
	for range 4000 {
		groups := 0
		pattern, s := patternOf(r, 2, &groups), texts[r.IntN(len(texts))]
		if strings.Contains(pattern, `\1`) && strings.ContainsAny(pattern, `$^mMyY`) {
			continue // of a group that is empty at some places only, PostgreSQL's answer is one of how its automaton was made simpler
		}
		var want []string
		err := conn.QueryRow(context.Background(),
			"SELECT ARRAY(SELECT array_to_string(m, ',', '~') FROM regexp_matches($1, $2, 'g') AS m)", s, pattern).Scan(&want)
		re, own := Compile(pattern, false)
		var theirs *pgconn.PgError
		if errors.As(err, &theirs) {
			if own == nil || string(own.Code) != theirs.Code || own.Message != theirs.Message {
				t.Errorf("%s: %v, want %v", pattern, own, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if own != nil {
			t.Errorf("%s: %v", pattern, own)
			continue
		}
		var got []string
		own = re.Each(s, goOn, func(at []int) *sqlerr.Error {
			parts := at[2:]
			if len(parts) == 0 {
				parts = at
			}
			var shown []string
			for i := 0; i < len(parts); i += 2 {
				if parts[i] < 0 {
					shown = append(shown, "~")
				} else {
					shown = append(shown, s[parts[i]:parts[i+1]])
				}
			}
			got = append(got, strings.Join(shown, ","))
			return nil
		})
		if own != nil || strings.Join(got, "|") != strings.Join(want, "|") || len(got) != len(want) {
			t.Errorf("%s in %q: %q, %v, want %q", pattern, s, got, own, want)
		}
		checked++
		matched += len(want)
	}
	t.Logf("%d patterns, %d matches", checked, matched)
}
