package tpch

import (
	"io"
	"slices"
)

// Scale is how many rows there are: 1 is about a gigabyte.
type Scale float64

func (s Scale) of(n int) int { return max(1, int(float64(s)*float64(n)+0.5)) }

func (s Scale) suppliers() int { return max(4, s.of(10_000)) }
func (s Scale) parts() int     { return s.of(200_000) }
func (s Scale) customers() int { return max(3, s.of(150_000)) }
func (s Scale) orders() int    { return s.of(1_500_000) }

// maker of a table's rows; a key may have several.
type maker struct {
	rows func(Scale) int
	add  func(*line, Scale, int)
}

var makers = map[string]maker{
	"region":   {func(Scale) int { return len(regions) }, region},
	"nation":   {func(Scale) int { return len(nations) }, nation},
	"supplier": {Scale.suppliers, supplier},
	"part":     {Scale.parts, part},
	"partsupp": {Scale.parts, partsupp},
	"customer": {Scale.customers, customer},
	"orders":   {Scale.orders, func(l *line, s Scale, i int) { order(l, s, i, true) }},
	"lineitem": {Scale.orders, func(l *line, s Scale, i int) { order(l, s, i, false) }},
}

// writeBytes is how much is written at once.
const writeBytes = 1 << 20

// Write makes a table's rows as lines of COPY's text format.
func Write(w io.Writer, table string, s Scale) error {
	m, l := makers[table], newLine()
	stream := uint64(slices.Index(Tables, table))
	if table == "lineitem" {
		stream-- // lines are made with their order
	}
	for i := range m.rows(s) {
		l.of(stream, uint64(i))
		m.add(l, s, i)
		if len(l.text) >= writeBytes {
			if _, err := w.Write(l.text); err != nil {
				return err
			}
			l.text = l.text[:0]
		}
	}
	_, err := w.Write(l.text)
	return err
}

func region(l *line, _ Scale, i int) {
	l.num(i)
	l.str(regions[i])
	l.comment(31, 115)
	l.end()
}

func nation(l *line, _ Scale, i int) {
	l.num(i)
	l.str(nations[i].name)
	l.num(nations[i].region)
	l.comment(31, 114)
	l.end()
}

func supplier(l *line, _ Scale, i int) {
	n := l.IntN(len(nations))
	l.num(i + 1)
	l.named("Supplier#", i+1)
	l.address()
	l.num(n)
	l.phone(n)
	l.cents(l.between(-99_999, 999_999))
	if i%2000 == 1234 { // five of a scale's
		l.text = append(l.text, "slyly Customer ironic Complaints "...)
	}
	l.comment(25, 60)
	l.end()
}

// retail is the price of a part, in cents.
func retail(part int) int { return 90_000 + part/10%20_001 + 100*(part%1000) }

func part(l *line, _ Scale, i int) {
	l.num(i + 1)
	for k := range 5 {
		if k > 0 {
			l.text = append(l.text, ' ')
		}
		l.text = append(l.text, pick(l, colors)...)
	}
	l.sep()
	m := l.between(1, 5)
	l.str("Manufacturer#" + string(rune('0'+m)))
	l.str("Brand#" + string(rune('0'+m)) + string(rune('0'+l.between(1, 5))))
	l.str(pick(l, types[0]) + " " + pick(l, types[1]) + " " + pick(l, types[2]))
	l.num(l.between(1, 50))
	l.str(pick(l, containers[0]) + " " + pick(l, containers[1]))
	l.cents(retail(i + 1))
	l.comment(5, 22)
	l.end()
}

// supplierOf is the k-th of the four suppliers of a part. They lie between a fourth and a third of all apart,
// so that no two are the same at a small scale either.
func supplierOf(s Scale, part, k int) int {
	n := s.suppliers()
	return (part+k*(n/4+(part-1)/n%max(1, n/12)))%n + 1
}

func partsupp(l *line, s Scale, i int) {
	for k := range 4 {
		l.num(i + 1)
		l.num(supplierOf(s, i+1, k))
		l.num(l.between(1, 9999))
		l.cents(l.between(100, 100_000))
		l.comment(49, 198)
		l.end()
	}
}

func customer(l *line, _ Scale, i int) {
	n := l.IntN(len(nations))
	l.num(i + 1)
	l.named("Customer#", i+1)
	l.address()
	l.num(n)
	l.phone(n)
	l.cents(l.between(-99_999, 999_999))
	l.str(pick(l, segments))
	l.comment(29, 116)
	l.end()
}
