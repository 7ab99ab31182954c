package op

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func rowNumber(p *partition, _ *frame, _ []delta.Column, b *delta.Builder) {
	for row := range p.n {
		delta.Append(b, int64(row)+1)
	}
}

func rank(p *partition, _ *frame, _ []delta.Column, b *delta.Builder) {
	for _, g := range p.group {
		delta.Append(b, int64(p.starts[g])+1)
	}
}

func denseRank(p *partition, _ *frame, _ []delta.Column, b *delta.Builder) {
	for _, g := range p.group {
		delta.Append(b, int64(g)+1)
	}
}

func percentRank(p *partition, _ *frame, _ []delta.Column, b *delta.Builder) {
	for _, g := range p.group {
		share := 0.0
		if p.n > 1 {
			share = float64(p.starts[g]) / float64(p.n-1)
		}
		delta.Append(b, share)
	}
}

func cumeDist(p *partition, _ *frame, _ []delta.Column, b *delta.Builder) {
	for _, g := range p.group {
		delta.Append(b, float64(p.starts[g+1])/float64(p.n))
	}
}

// ntile divides the rows into as many buckets as the first row with an argument says, the larger ones
// first; rows before that one have none.
func ntile(p *partition, _ *frame, args []delta.Column, b *delta.Builder) {
	buckets, size, large, at, in := int64(0), int64(0), int64(0), int64(1), int64(0)
	counts := delta.Values[int32](&args[0])
	for row := range int32(p.n) {
		if buckets == 0 {
			if args[0].Null(row) {
				b.AppendNull()
				continue
			}
			n := int64(counts[args[0].At(row)])
			if n <= 0 {
				p.fail(row, sqlerr.New(sqlerr.InvalidArgumentForNtile, "argument of ntile must be greater than zero"))
				b.AppendNull()
				continue
			}
			buckets, size, large = n, int64(p.n)/n, int64(p.n)%n
			if size == 0 {
				size, large = 1, 0
			} else if large > 0 {
				size++
			}
		}
		if in++; in > size {
			if at++; large > 0 && at == large+1 {
				size--
			}
			in = 1
		}
		delta.Append(b, int32(at))
	}
}
