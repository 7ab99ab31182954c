package kernel

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
)

// suffixes are the ends of the six comparisons' symbols; an empty one is not registered.
type suffixes [6]string

var (
	shortNames = suffixes{"eq", "ne", "lt", "le", "gt", "ge"}
	longNames  = suffixes{"_eq", "_ne", "_lt", "_le", "_gt", "_ge"}
)

func init() {
	compareNumbers[uint8]("bool", shortNames)
	compareNumbers[int16]("int2", shortNames)
	compareNumbers[int32]("int4", shortNames)
	compareNumbers[int64]("int8", shortNames)
	compareNumbers[float32]("float4", shortNames)
	compareNumbers[float64]("float8", shortNames)
	compareNumbers[int32]("date", longNames)
	compareNumbers[int64]("time", longNames)
	compareNumbers[int64]("timestamp", longNames)
	compareBy("oid", shortNames, func(a, b int32) int { return cmp.Compare(uint32(a), uint32(b)) })
	compareBy("int24", shortNames, func(a int16, b int32) int { return cmp.Compare(int32(a), b) })
	compareBy("int42", shortNames, func(a int32, b int16) int { return cmp.Compare(a, int32(b)) })
	compareBy("int28", shortNames, func(a int16, b int64) int { return cmp.Compare(int64(a), b) })
	compareBy("int82", shortNames, func(a int64, b int16) int { return cmp.Compare(a, int64(b)) })
	compareBy("int48", shortNames, func(a int32, b int64) int { return cmp.Compare(int64(a), b) })
	compareBy("int84", shortNames, func(a int64, b int32) int { return cmp.Compare(a, int64(b)) })
	compareBy("float48", shortNames, func(a float32, b float64) int { return compareFloats(float64(a), b) })
	compareBy("float84", shortNames, func(a float64, b float32) int { return compareFloats(a, float64(b)) })
	compareBy("uuid", longNames, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	compareBy("char", shortNames, strings.Compare)
	compareBy("name", shortNames, strings.Compare)
	compareBy("bpchar", shortNames, compareBpchar)
	compareBy("text", suffixes{2: "_lt", 3: "_le", 4: "_gt", 5: "_ge"}, strings.Compare)
	for _, p := range []string{"text_pattern", "bpchar_pattern"} {
		by := strings.Compare
		if p == "bpchar_pattern" {
			by = compareBpchar
		}
		compareBy(p, suffixes{2: "_lt", 3: "_le", 4: "_gt", 5: "_ge"}, by)
	}
	for _, s := range shortNames { // nameeqtext, texteqname: the suffix stands in the middle.
		bySymbol["name"+s+"text"] = bySymbol["name"+s]
		bySymbol["text"+s+"name"] = bySymbol["name"+s]
	}
	kernels(map[string]Kernel{
		"texteq": bytesEqual(0), "textne": bytesEqual(1),
		"byteaeq": bytesEqual(0), "byteane": bytesEqual(1),
		"btboolcmp": fn2(func(a, b bool) int32 { return int32(b2u(a)) - int32(b2u(b)) }), "btint2cmp": threeWay(cmpOrdered[int16]),
		"btint4cmp": threeWay(cmpOrdered[int32]), "btint8cmp": threeWay(cmpOrdered[int64]),
		"btint24cmp":  fn2(func(a int16, b int32) int32 { return int32(cmp.Compare(int32(a), b)) }),
		"btint42cmp":  fn2(func(a int32, b int16) int32 { return int32(cmp.Compare(a, int32(b))) }),
		"btint28cmp":  fn2(func(a int16, b int64) int32 { return int32(cmp.Compare(int64(a), b)) }),
		"btint82cmp":  fn2(func(a int64, b int16) int32 { return int32(cmp.Compare(a, int64(b))) }),
		"btint48cmp":  fn2(func(a int32, b int64) int32 { return int32(cmp.Compare(int64(a), b)) }),
		"btint84cmp":  fn2(func(a int64, b int32) int32 { return int32(cmp.Compare(a, int64(b))) }),
		"btfloat4cmp": fn2(func(a, b float32) int32 { return int32(compareFloats(a, b)) }),
		"btfloat8cmp": fn2(func(a, b float64) int32 { return int32(compareFloats(a, b)) }),
		"btfloat48cmp": fn2(func(a float32, b float64) int32 {
			return int32(compareFloats(float64(a), b))
		}),
		"btfloat84cmp": fn2(func(a float64, b float32) int32 {
			return int32(compareFloats(a, float64(b)))
		}),
		"btoidcmp":             fn2(func(a, b int32) int32 { return int32(cmp.Compare(uint32(a), uint32(b))) }),
		"btcharcmp":            threeWay(strings.Compare),
		"btnamecmp":            threeWay(strings.Compare),
		"bttextcmp":            threeWay(strings.Compare),
		"btnametextcmp":        threeWay(strings.Compare),
		"bttextnamecmp":        threeWay(strings.Compare),
		"bttext_pattern_cmp":   threeWay(strings.Compare),
		"btbpchar_pattern_cmp": threeWay(compareBpchar),
		"bpcharcmp":            threeWay(compareBpchar),
		"byteacmp":             threeWay(bytes.Compare),
		"uuid_cmp":             fn2(func(a, b [16]byte) int32 { return int32(bytes.Compare(a[:], b[:])) }),
		"date_cmp":             threeWay(cmpOrdered[int32]),
		"time_cmp":             threeWay(cmpOrdered[int64]),
		"timestamp_cmp":        threeWay(cmpOrdered[int64]),
		"text_larger":          fn2(func(a, b string) string { return max(a, b) }),
		"text_smaller":         fn2(func(a, b string) string { return min(a, b) }),
		"bpchar_larger":        fn2(func(a, b string) string { return pick(compareBpchar(a, b) >= 0, a, b) }),
		"bpchar_smaller":       fn2(func(a, b string) string { return pick(compareBpchar(a, b) <= 0, a, b) }),
		"date_larger":          fn2(func(a, b int32) int32 { return max(a, b) }),
		"date_smaller":         fn2(func(a, b int32) int32 { return min(a, b) }),
		"time_larger":          fn2(func(a, b int64) int64 { return max(a, b) }),
		"time_smaller":         fn2(func(a, b int64) int64 { return min(a, b) }),
		"timestamp_larger":     fn2(func(a, b int64) int64 { return max(a, b) }),
		"timestamp_smaller":    fn2(func(a, b int64) int64 { return min(a, b) }),
		"oidlarger":            fn2(func(a, b int32) int32 { return int32(max(uint32(a), uint32(b))) }),
		"oidsmaller":           fn2(func(a, b int32) int32 { return int32(min(uint32(a), uint32(b))) }),
		"float4larger":         fn2(func(a, b float32) float32 { return pick(compareFloats(a, b) > 0, a, b) }),
		"float4smaller":        fn2(func(a, b float32) float32 { return pick(compareFloats(a, b) < 0, a, b) }),
		"float8larger":         fn2(func(a, b float64) float64 { return pick(compareFloats(a, b) > 0, a, b) }),
		"float8smaller":        fn2(func(a, b float64) float64 { return pick(compareFloats(a, b) < 0, a, b) }),
		"booland_statefunc":    fn2(func(a, b bool) bool { return a && b }),
		"boolor_statefunc":     fn2(func(a, b bool) bool { return a || b }),
	})
	compareBy("bytea", suffixes{2: "lt", 3: "le", 4: "gt", 5: "ge"}, bytes.Compare)
}

// compareNumbers registers t's comparisons as vector loops.
func compareNumbers[T fixedNumber](t string, names suffixes) {
	kernels(map[string]Kernel{
		t + names[0]: eqKernel[T](0),
		t + names[1]: eqKernel[T](1),
		t + names[2]: lessKernel[T](false),
		t + names[3]: lessEqualKernel[T](false),
		t + names[4]: lessKernel[T](true),
		t + names[5]: lessEqualKernel[T](true),
	})
}

// compareBy registers the named ones of the six comparisons over a three-way function.
func compareBy[A, B any](t string, names suffixes, by func(a A, b B) int) {
	forms := [6]Kernel{
		fn2(func(a A, b B) bool { return by(a, b) == 0 }),
		fn2(func(a A, b B) bool { return by(a, b) != 0 }),
		fn2(func(a A, b B) bool { return by(a, b) < 0 }),
		fn2(func(a A, b B) bool { return by(a, b) <= 0 }),
		fn2(func(a A, b B) bool { return by(a, b) > 0 }),
		fn2(func(a A, b B) bool { return by(a, b) >= 0 }),
	}
	for i, name := range names {
		if name != "" {
			kernels(map[string]Kernel{t + name: forms[i]})
		}
	}
}

// threeWay is a btree support function: below zero, zero, above zero as PostgreSQL's own, -1, 0, 1.
func threeWay[A, B any](by func(a A, b B) int) Kernel {
	return fn2(func(a A, b B) int32 { return int32(by(a, b)) })
}

func cmpOrdered[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

func compareFloats[T float32 | float64](a, b T) int {
	switch {
	case eq(a, b):
		return 0
	case lt(a, b):
		return -1
	}
	return 1
}

// compareBpchar ignores trailing blanks.
func compareBpchar(a, b string) int {
	return strings.Compare(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// bytesEqual is equality of bytes and text: a vector form, being on the short list.
func bytesEqual(flip uint8) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		x, y := c.Args[0], c.Args[1]
		if x.Const {
			x, y = y, x
		}
		if !y.Const || x.Const {
			for _, i := range c.Sel {
				out[i] = b2u(bytes.Equal(x.Bytes(i), y.Bytes(i))) ^ flip
			}
			return
		}
		offs, vars, want := delta.Offsets(x), x.Var, y.Bytes(0)
		for _, i := range c.Sel {
			from, to := offs[i], offs[i+1]
			out[i] = b2u(int(to-from) == len(want) && string(vars[from:to]) == string(want)) ^ flip
		}
	}
}
