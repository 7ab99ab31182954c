package jsonpath

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/regex"
)

// kind is what a node does.
type kind uint8

const (
	kindNull kind = iota
	kindString
	kindNumber
	kindBool
	kindVariable
	kindRoot
	kindCurrent
	kindLast

	// Accessors.
	kindKey
	kindAnyKey
	kindAnyArray
	kindIndexes
	kindAny
	kindFilter

	// Item methods.
	kindType
	kindSize
	kindAbs
	kindFloor
	kindCeiling
	kindDouble
	kindKeyValue
	kindDatetime

	// Arithmetic.
	kindAdd
	kindSub
	kindMul
	kindDiv
	kindMod
	kindPlus
	kindMinus

	// Predicates.
	kindOr
	kindAnd
	kindNot
	kindIsUnknown
	kindEqual
	kindNotEqual
	kindLess
	kindGreater
	kindLessOrEqual
	kindGreaterOrEqual
	kindStartsWith
	kindLikeRegex
	kindExists
)

// predicate reports whether the node is true, false or unknown.
func (k kind) predicate() bool { return k >= kindOr }

// names are operators and methods as they are written.
var names = map[kind]string{
	kindType: "type", kindSize: "size", kindAbs: "abs", kindFloor: "floor", kindCeiling: "ceiling",
	kindDouble: "double", kindKeyValue: "keyvalue", kindDatetime: "datetime",
	kindAdd: "+", kindSub: "-", kindMul: "*", kindDiv: "/", kindMod: "%", kindPlus: "+", kindMinus: "-",
	kindOr: "||", kindAnd: "&&", kindEqual: "==", kindNotEqual: "!=", kindLess: "<", kindGreater: ">",
	kindLessOrEqual: "<=", kindGreaterOrEqual: ">=", kindStartsWith: "starts with", kindLikeRegex: "like_regex",
}

// toLast is the bound of .**{…} that is written last.
const toLast = ^uint32(0)

// node is a part of a path; the accessors after it are its chain.
type node struct {
	kind kind
	next *node // the accessor after it, nil = none
	// left and right are operands; left is also the operand of what has one, and the template of datetime.
	left, right *node
	text        string // a key, string, variable or pattern
	num         decimal.Dec
	truth       bool
	indexes     []index
	first, last uint32 // levels of .**
	re          *regex.Regexp
	flags       regexFlags
}

// index is a subscript, or a range of them.
type index struct{ from, to *node }

// regexFlags are those of like_regex.
type regexFlags uint8

const (
	flagIgnoreCase regexFlags = 1 << iota
	flagDotAll
	flagLines
	flagSpaces
	flagLiteral
)

// flagLetters in the order in which they are printed, which is that of the bits.
const flagLetters = "ismxq"
