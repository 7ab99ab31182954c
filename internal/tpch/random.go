package tpch

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// line is one row being made: its text so far, and the random numbers of its key.
type line struct {
	text []byte
	*rand.Rand
	pcg *rand.PCG
}

func newLine() *line {
	pcg := rand.NewPCG(0, 0)
	return &line{Rand: rand.New(pcg), pcg: pcg}
}

// of begins the stream of a row.
func (l *line) of(table, key uint64) { l.pcg.Seed(table, key) }

func (l *line) between(from, to int) int { return from + l.IntN(to-from+1) }

func pick[T any](l *line, of []T) T { return of[l.IntN(len(of))] }

// sep is what stands between two fields.
func (l *line) sep() { l.text = append(l.text, '\t') }

func (l *line) end() { l.text = append(l.text, '\n') }

func (l *line) str(s string) {
	l.text = append(l.text, s...)
	l.sep()
}

func (l *line) num(n int) {
	l.text = strconv.AppendInt(l.text, int64(n), 10)
	l.sep()
}

// padded is a number of at least so many digits.
func (l *line) padded(n, digits int) {
	s := strconv.Itoa(n)
	for range digits - len(s) {
		l.text = append(l.text, '0')
	}
	l.text = append(l.text, s...)
}

// named is what names a row: Supplier#000000001.
func (l *line) named(kind string, key int) {
	l.text = append(l.text, kind...)
	l.padded(key, 9)
	l.sep()
}

// cents is an amount with two digits behind the point.
func (l *line) cents(n int) {
	if n < 0 {
		l.text, n = append(l.text, '-'), -n
	}
	l.text = append(strconv.AppendInt(l.text, int64(n/100), 10), '.')
	l.padded(n%100, 2)
	l.sep()
}

// firstDay is the first day of orders.
var firstDay = time.Date(1992, 1, 1, 0, 0, 0, 0, time.UTC)

func (l *line) date(day int) {
	l.text = firstDay.AddDate(0, 0, day).AppendFormat(l.text, time.DateOnly)
	l.sep()
}

func (l *line) phone(nation int) {
	l.text = strconv.AppendInt(l.text, int64(nation+10), 10)
	for _, digits := range []int{3, 3, 4} {
		l.text = append(l.text, '-')
		least := 100
		if digits == 4 {
			least = 1000
		}
		l.text = strconv.AppendInt(l.text, int64(l.between(least, least*10-1)), 10)
	}
	l.sep()
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,"

func (l *line) address() {
	for range l.between(10, 40) {
		l.text = append(l.text, letters[l.IntN(len(letters))])
	}
	l.sep()
}

// comment is words of from to to bytes, the last field of a row.
func (l *line) comment(from, to int) {
	begin, length := len(l.text), l.between(from, to)
	for len(l.text)-begin < length {
		l.text = append(append(l.text, pick(l, words)...), ' ')
	}
	l.text = l.text[:begin+length]
	if l.text[len(l.text)-1] == ' ' { // a text that ends so would be another one in char(n)
		l.text[len(l.text)-1] = '.'
	}
}
