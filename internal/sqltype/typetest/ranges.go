package typetest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// spans is a range, or a multirange of some.
func spans(r *rand.Rand, t *sqltype.RangeType, multi bool) string {
	if !multi {
		return span(r, t)
	}
	parts := make([]string, r.IntN(4))
	for i := range parts {
		parts[i] = span(r, t)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// span is a range whose bounds are in order: numbers that grow.
func span(r *rand.Rand, t *sqltype.RangeType) string {
	at := r.IntN(40)
	bound := func() string {
		at += r.IntN(5)
		switch t.Elem {
		case sqltype.Date:
			return fmt.Sprintf("2024-%02d-%02d", 1+at/28, 1+at%28)
		case sqltype.Timestamp:
			return fmt.Sprintf("2024-%02d-%02d 10:30:00", 1+at/28, 1+at%28)
		case sqltype.Timestamptz:
			return fmt.Sprintf("2024-%02d-%02d 10:30:00+00", 1+at/28, 1+at%28)
		case sqltype.Numeric:
			return fmt.Sprintf("%d%s", at, pick(r, "", ".0", ".00"))
		}
		return fmt.Sprint(at)
	}
	if r.IntN(8) == 0 {
		return "empty"
	}
	lower, upper := bound(), bound()
	return pick(r, "[", "(") + pick(r, lower, lower, lower, "") + "," + pick(r, upper, upper, upper, "") + pick(r, "]", ")")
}
