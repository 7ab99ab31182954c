package jsonpath

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Item is a value that a path goes through. It borrows from the jsonb and the path that it came of.
type Item struct {
	raw    []byte // canonical jsonb text
	moment *datetime.Moment
}

// itemSize is about what an item takes in a list.
const itemSize = 32

// itemKind is what an item is; the values are the first bytes of its text, but for momentItem.
type itemKind byte

const (
	nullItem   itemKind = 'n'
	boolItem   itemKind = 't'
	stringItem itemKind = '"'
	arrayItem  itemKind = '['
	objectItem itemKind = '{'
	numberItem itemKind = '0'
	momentItem itemKind = 'm'
)

var (
	nullText  = Item{raw: []byte("null")}
	trueText  = Item{raw: []byte("true")}
	falseText = Item{raw: []byte("false")}
)

func (it Item) kind() itemKind {
	if it.moment != nil {
		return momentItem
	}
	switch c := itemKind(it.raw[0]); c {
	case nullItem, boolItem, stringItem, arrayItem, objectItem:
		return c
	case 'f':
		return boolItem
	}
	return numberItem
}

// AppendTo appends the item as jsonb.
func (it Item) AppendTo(dst []byte) []byte {
	if it.moment == nil {
		return append(dst, it.raw...)
	}
	return append(it.moment.AppendISO(append(dst, '"')), '"')
}

// Size is about how long AppendTo's text is.
func (it Item) Size() int { return max(len(it.raw), itemSize) }

func (it Item) number() (decimal.Dec, bool) {
	if it.kind() != numberItem {
		return decimal.Dec{}, false
	}
	d, err := decimal.Parse(it.raw)
	return d, err == nil
}

// str is what a string stands for.
func (it Item) str() ([]byte, bool) {
	if it.kind() != stringItem {
		return nil, false
	}
	return jsonb.Unquote(it.raw), true
}

func numberOf(d decimal.Dec) Item { return Item{raw: d.AppendText(nil)} }

func stringOf(s string) Item { return Item{raw: jsonb.AppendString(nil, []byte(s))} }

func boolOf(v bool) Item {
	if v {
		return trueText
	}
	return falseText
}

// typeName is what .type() gives.
func (it Item) typeName() string {
	switch it.kind() {
	case nullItem:
		return "null"
	case boolItem:
		return "boolean"
	case stringItem:
		return "string"
	case arrayItem:
		return "array"
	case objectItem:
		return "object"
	case numberItem:
		return "number"
	}
	return it.moment.TypeName()
}

// count is the number of elements of an array, -1 for what is none.
func (it Item) count() int {
	if it.kind() != arrayItem {
		return -1
	}
	n := 0
	for i := jsonb.Elements(it.raw); ; n++ {
		if _, _, ok := i.Next(); !ok {
			return n
		}
	}
}

// field is an object's value of a key.
func (it Item) field(key string) (Item, bool) {
	for i := jsonb.Elements(it.raw); ; {
		k, v, ok := i.Next()
		if !ok {
			return Item{}, false
		}
		if len(k) >= len(key)+2 && string(jsonb.Unquote(k)) == key {
			return Item{raw: v}, true
		}
	}
}

// compare orders two items of one kind that have an order; unknown for others.
func (e *evaluation) compare(op kind, a, b Item) (truth, error) {
	ka, kb := a.kind(), b.kind()
	if ka != kb {
		if ka == nullItem || kb == nullItem {
			return truthOf(op == kindNotEqual), nil
		}
		return unknown, nil
	}
	cmp := 0
	switch ka {
	case nullItem:
	case boolItem:
		cmp = bytes.Compare(a.raw, b.raw) // false is below true
	case numberItem:
		x, _ := a.number()
		y, _ := b.number()
		cmp = decimal.Cmp(x, y)
	case stringItem:
		x, _ := a.str()
		y, _ := b.str()
		cmp = bytes.Compare(x, y)
	case momentItem:
		c, comparable, err := e.compareMoments(a.moment, b.moment)
		if err != nil || !comparable {
			return unknown, err
		}
		cmp = c
	default:
		return unknown, nil
	}
	return truthOf(op.holds(cmp)), nil
}

// holds reports whether a comparison is true of two values in that order.
func (op kind) holds(cmp int) bool {
	switch op {
	case kindEqual:
		return cmp == 0
	case kindNotEqual:
		return cmp != 0
	case kindLess:
		return cmp < 0
	case kindGreater:
		return cmp > 0
	case kindLessOrEqual:
		return cmp <= 0
	}
	return cmp >= 0
}
