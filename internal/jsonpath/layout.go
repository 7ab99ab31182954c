package jsonpath

import (
	"encoding/binary"
	"slices"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
)

// layout tells where the arrays and objects of a jsonb lie in PostgreSQL's stored form of it: a header and a
// word for each key and value, then the keys, then the values; numbers and containers begin at words.
type layout struct {
	raw     []byte
	places  []int   // of containers in the text, ascending
	offsets []int64 // of the same in the stored form
}

// layouts keeps the layout of the last base asked about.
type layouts struct{ last layout }

const word = 4

// offset is where an object lies in its base. Parts of a text share its memory, so that what is behind them
// tells their place.
func (e *evaluation) offset(it Item) (int64, error) {
	base := e.base.raw
	at := cap(base) - cap(it.raw)
	if at <= 0 || at >= len(base) {
		return 0, nil
	}
	l := &e.layouts.last
	if len(l.raw) != len(base) || &l.raw[0] != &base[0] {
		if err := e.charge(len(base)); err != nil {
			return 0, err
		}
		*l = layout{raw: base}
		if _, err := l.container(e, base, 0); err != nil {
			return 0, err
		}
	}
	i, ok := slices.BinarySearch(l.places, at)
	if !ok {
		return 0, nil
	}
	return l.offsets[i], nil
}

func aligned(at int64) int64 { return (at + word - 1) &^ (word - 1) }

// container lays out v at an aligned offset and returns where it ends.
func (l *layout) container(e *evaluation, v []byte, at int64) (int64, error) {
	if err := e.breathe(); err != nil {
		return 0, err
	}
	l.places = append(l.places, cap(l.raw)-cap(v))
	l.offsets = append(l.offsets, at)
	words, keys := int64(1), int64(0)
	for i := jsonb.Elements(v); ; words++ {
		key, _, ok := i.Next()
		if !ok {
			break
		}
		if key != nil {
			words++
			keys += int64(len(jsonb.Unquote(key)))
		}
	}
	at += word*words + keys
	for i := jsonb.Elements(v); ; {
		_, val, ok := i.Next()
		if !ok {
			return at, nil
		}
		var err error
		if at, err = l.value(e, val, at); err != nil {
			return 0, err
		}
	}
}

func (l *layout) value(e *evaluation, v []byte, at int64) (int64, error) {
	switch (Item{raw: v}).kind() {
	case stringItem:
		return at + int64(len(jsonb.Unquote(v))), nil
	case numberItem:
		return aligned(at) + numberSize(v), nil
	case arrayItem, objectItem:
		return l.container(e, v, aligned(at))
	}
	return at, nil
}

// numberSize is the size of a numeric as it is stored: a length, a header of one or two halves of a word, digits.
func numberSize(v []byte) int64 {
	d, err := decimal.Parse(v)
	if err != nil {
		return 0
	}
	var buf [64]byte
	wire := d.AppendBinary(buf[:0])
	digits, weight, scale := binary.BigEndian.Uint16(wire), int16(binary.BigEndian.Uint16(wire[2:])), binary.BigEndian.Uint16(wire[6:])
	header := int64(word + 4)
	if scale <= 63 && weight >= -64 && weight <= 63 {
		header = word + 2
	}
	return header + 2*int64(digits)
}
