package suggest

import (
	"cmp"
	"iter"
	"strings"
)

// maxLength is the longest name that is compared, in characters: PostgreSQL's identifiers are not
// longer.
const maxLength = 63

// Nearest returns the candidate that name was most likely meant to be: at most a third of its
// letters are wrong, at most three, and one is right. In doubt it is the one of about the same
// length, then one that begins alike, then the first in the alphabet. Case does not count. Empty: nothing is near.
func Nearest(name string, candidates iter.Seq[string]) string {
	wrong := strings.ToLower(name)
	letters := len([]rune(wrong))
	limit := min((letters+2)/3, 3, letters-1)
	if limit <= 0 {
		return ""
	}
	best, at := "", limit+1
	for c := range candidates {
		if c == name {
			continue
		}
		d := Distance(wrong, strings.ToLower(c), min(at, limit))
		if d < at || d == at && d <= limit && before(name, c, best) {
			best, at = c, d
		}
	}
	return best
}

// before decides between two candidates that are as near.
func before(name, a, b string) bool {
	away := func(s string) int { return max(len(s)-len(name), len(name)-len(s)) }
	return cmp.Or(away(a)-away(b), common(name, b)-common(name, a), strings.Compare(a, b)) < 0
}

// common is how many bytes two names begin with alike.
func common(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// Distance is how many letters must be added, taken away or changed to make a of b; limit+1 when
// they are more than limit.
func Distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit || len(x) > maxLength || len(y) > maxLength {
		return limit + 1
	}
	var rows [2][maxLength + 1]int
	for j := range len(y) + 1 {
		rows[0][j] = j
	}
	for i := range x {
		before, now := &rows[i%2], &rows[(i+1)%2]
		now[0] = i + 1
		least := now[0]
		for j := range y {
			change := before[j]
			if x[i] != y[j] {
				change++
			}
			now[j+1] = min(change, before[j+1]+1, now[j]+1)
			least = min(least, now[j+1])
		}
		if least > limit {
			return limit + 1
		}
	}
	return min(rows[len(x)%2][len(y)], limit+1)
}
