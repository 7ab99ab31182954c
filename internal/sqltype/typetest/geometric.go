package typetest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// shape is the text of a geometric value.
func shape(r *rand.Rand, t sqltype.OID) string {
	switch t {
	case sqltype.Point:
		return point(r)
	case sqltype.Lseg:
		return "[" + points(r, 2) + "]"
	case sqltype.Box:
		return points(r, 2)
	case sqltype.Line:
		return fmt.Sprintf("{%d,%d,%s}", 1+r.IntN(3), r.IntN(3)-1, coordinate(r))
	case sqltype.Circle:
		return fmt.Sprintf("<%s,%d>", point(r), r.IntN(5))
	case sqltype.Path:
		p := points(r, 1+r.IntN(4))
		return pick(r, "["+p+"]", "("+p+")")
	}
	return "(" + points(r, 1+r.IntN(4)) + ")"
}

func coordinate(r *rand.Rand) string {
	return pick(r, "0", "-0", "1", "-1.5", "2", "0.1", "1e10", "3e-7", "NaN", "Infinity", fmt.Sprint(r.IntN(10)-5))
}

func point(r *rand.Rand) string { return "(" + coordinate(r) + "," + coordinate(r) + ")" }

func points(r *rand.Rand, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = point(r)
	}
	return strings.Join(list, ",")
}
