package op

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func lag(p *partition, _ *frame, args []delta.Column, b *delta.Builder)  { shift(p, args, -1, b) }
func lead(p *partition, _ *frame, args []delta.Column, b *delta.Builder) { shift(p, args, 1, b) }

// shift gives the value of another row: arguments are the value, how far away, and what there is where
// no row is.
func shift(p *partition, args []delta.Column, direction int64, b *delta.Builder) {
	for row := range int32(p.n) {
		by := int64(1)
		if len(args) > 1 {
			if args[1].Null(row) {
				b.AppendNull()
				continue
			}
			by = int64(delta.Values[int32](&args[1])[args[1].At(row)])
		}
		switch at := int64(row) + direction*by; {
		case at >= 0 && at < int64(p.n):
			b.AppendFrom(&args[0], int32(at))
		case len(args) > 2:
			b.AppendFrom(&args[2], row)
		default:
			b.AppendNull()
		}
	}
}

func firstValue(p *partition, f *frame, args []delta.Column, b *delta.Builder) {
	for row := range int32(p.n) {
		appendNth(b, &args[0], f.segments(row), 0)
	}
}

func lastValue(p *partition, f *frame, args []delta.Column, b *delta.Builder) {
	for row := range int32(p.n) {
		segments, n := f.segments(row), int64(-1)
		for _, s := range segments {
			n += max(0, int64(s[1]-s[0]))
		}
		appendNth(b, &args[0], segments, n)
	}
}

func nthValue(p *partition, f *frame, args []delta.Column, b *delta.Builder) {
	for row := range int32(p.n) {
		if args[1].Null(row) {
			b.AppendNull()
			continue
		}
		n := int64(delta.Values[int32](&args[1])[args[1].At(row)])
		if n <= 0 {
			p.fail(row, sqlerr.New(sqlerr.InvalidArgumentForNthValue, "argument of nth_value must be greater than zero"))
			b.AppendNull()
			continue
		}
		appendNth(b, &args[0], f.segments(row), n-1)
	}
}

// appendNth appends the value of the row in place n of the segments, NULL when there is none.
func appendNth(b *delta.Builder, c *delta.Column, segments [3][2]int32, n int64) {
	for _, s := range segments {
		length := max(0, int64(s[1]-s[0]))
		if n >= 0 && n < length {
			b.AppendFrom(c, s[0]+int32(n))
			return
		}
		n -= length
	}
	b.AppendNull()
}
