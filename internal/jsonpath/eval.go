package jsonpath

import (
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxEvalDepth bounds the evaluation of a path, which goes down a jsonb and the path at once.
const maxEvalDepth = 30_000

// Env is what an evaluation depends on besides the jsonb.
type Env struct {
	// Vars is a jsonb object of the path's variables; nil = each of them is null, as the operators have it.
	Vars []byte
	// Silent suppresses the errors that a path may suppress.
	Silent bool
	// Zone is of values without one that are compared with values with one; nil = that is an error.
	Zone *time.Location
	// Now is the timestamptz of the statement, for times of day; HasNow is false where it may not matter.
	Now    int64
	HasNow bool
	// Breathe ends the evaluation when it returns an error, Charge when there is no memory for so many
	// bytes more; nil = there is no bound.
	Breathe func() *sqlerr.Error
	Charge  func(bytes int) *sqlerr.Error
}

// Exists reports whether the path gives an item; null says that it failed, silently.
func (p *Path) Exists(doc []byte, env *Env) (exists, null bool, err error) {
	e, err := p.start(doc, env)
	if err != nil {
		return false, false, err
	}
	if p.strict { // all of it has to be looked at for errors
		found := &list{}
		st, err := e.item(p.root, e.root, found)
		return len(found.items) > 0, st == failed, err
	}
	st, err := e.item(p.root, e.root, nil)
	return st == some, st == failed, err
}

// Match is the one truth value that the path gives; null is SQL's.
func (p *Path) Match(doc []byte, env *Env) (value, null bool, err error) {
	items, err := p.Query(doc, env)
	if err != nil {
		return false, false, err
	}
	if len(items) == 1 {
		switch items[0].kind() {
		case boolItem:
			return items[0].raw[0] == 't', false, nil
		case nullItem:
			return false, true, nil
		}
	}
	if !env.Silent {
		return false, false, sqlerr.New("22038", "single boolean result is expected")
	}
	return false, true, nil
}

// Query is all items that the path gives, or with Silent those before an error.
func (p *Path) Query(doc []byte, env *Env) ([]Item, error) {
	e, err := p.start(doc, env)
	if err != nil {
		return nil, err
	}
	found := &list{}
	_, err = e.item(p.root, e.root, found)
	return found.items, err
}

// status is how the evaluation of a node ended.
type status uint8

const (
	some   status = iota // with items
	none                 // without
	failed               // with an error that is suppressed
)

// list is items found, in their order.
type list struct{ items []Item }

// evaluation runs one path over one jsonb.
type evaluation struct {
	env           *Env
	root, current Item
	lax           bool
	loud          bool // errors that may be suppressed are not
	lenient       bool // what is missing is passed over
	innerSize     int  // elements of the array that a subscript is of
	depth         int
	// .keyvalue(): what offsets are counted from, its number, and the next number.
	base       Item
	baseID     int64
	nextBaseID int64
	layouts    layouts
}

func (p *Path) start(doc []byte, env *Env) (*evaluation, error) {
	root := Item{raw: doc}
	e := &evaluation{
		env: env, root: root, current: root, lax: !p.strict, lenient: !p.strict, loud: !env.Silent,
		innerSize: -1, nextBaseID: 1,
	}
	if env.Vars != nil {
		if env.Vars[0] != '{' {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, `"vars" argument is not an object`).
				WithDetail(`Jsonpath parameters should be encoded as key-value pairs of "vars" object.`)
		}
		e.nextBaseID = 2
	}
	return e, nil
}

// fail is an error that a path may suppress.
func (e *evaluation) fail(err error) (status, error) {
	if e.loud {
		return failed, err
	}
	return failed, nil
}

// charge takes memory.
func (e *evaluation) charge(bytes int) error {
	if e.env.Charge != nil {
		if err := e.env.Charge(bytes); err != nil {
			return err
		}
	}
	return nil
}

func (v *Env) breathe() *sqlerr.Error {
	if v.Breathe == nil {
		return nil
	}
	return v.Breathe()
}

func (e *evaluation) breathe() error {
	if err := e.env.breathe(); err != nil {
		return err
	}
	return nil
}

// add puts an item on a list.
func (e *evaluation) add(found *list, it Item) error {
	if len(found.items) == cap(found.items) {
		if err := e.charge(itemSize * max(len(found.items), 4)); err != nil {
			return err
		}
	}
	found.items = append(found.items, it)
	return nil
}

// enough: an item was found and nobody asks for more.
func enough(st status, found *list) bool { return st == some && found == nil }

// next goes on with what is after n.
func (e *evaluation) next(n *node, it Item, found *list) (status, error) {
	if n.next != nil {
		return e.item(n.next, it, found)
	}
	if found != nil {
		if err := e.add(found, it); err != nil {
			return failed, err
		}
	}
	return some, nil
}

// item evaluates a node for an item; in lax mode an array may stand for its elements.
func (e *evaluation) item(n *node, it Item, found *list) (status, error) {
	return e.unwrapping(n, it, found, e.lax)
}

// unwrapping evaluates a node for an item, or for its elements where unwrap says so and the node asks for no array.
//
//lint:dispatch
func (e *evaluation) unwrapping(n *node, it Item, found *list, unwrap bool) (status, error) {
	if err := e.breathe(); err != nil {
		return failed, err
	}
	if e.depth++; e.depth > maxEvalDepth {
		return failed, errDepth()
	}
	defer func() { e.depth-- }()
	if n.kind.predicate() {
		return e.truthItem(n, it, found)
	}
	if unwrap && n.kind.ofElements() && it.kind() == arrayItem {
		return e.each(n, it, found, levels1, false)
	}
	switch n.kind {
	case kindNull, kindBool, kindNumber, kindString, kindVariable:
		return e.literal(n, found)
	case kindRoot:
		base, id := e.base, e.baseID
		e.base, e.baseID = e.root, 0
		st, err := e.next(n, e.root, found)
		e.base, e.baseID = base, id
		return st, err
	case kindCurrent:
		return e.next(n, e.current, found)
	case kindLast:
		return e.lastIndex(n, found)
	case kindKey:
		return e.member(n, it, found)
	case kindAnyKey:
		return e.anyMember(n, it, found)
	case kindAnyArray:
		return e.anyElement(n, it, found)
	case kindIndexes:
		return e.subscript(n, it, found)
	case kindAny:
		return e.anyLevel(n, it, found)
	case kindFilter:
		return e.filter(n, it, found)
	case kindType:
		return e.next(n, stringOf(it.typeName()), found)
	case kindSize:
		return e.size(n, it, found)
	case kindAbs, kindFloor, kindCeiling:
		return e.numeric(n, it, found)
	case kindDouble:
		return e.double(n, it, found)
	case kindDatetime:
		return e.datetime(n, it, found)
	case kindKeyValue:
		return e.keyValue(n, it, found)
	case kindPlus, kindMinus:
		return e.sign(n, it, found)
	}
	return e.arithmetic(n, it, found)
}

// ofElements: in lax mode the node takes an array for its elements.
func (k kind) ofElements() bool {
	switch k {
	case kindKey, kindAnyKey, kindFilter, kindAbs, kindFloor, kindCeiling, kindDouble, kindDatetime, kindKeyValue:
		return true
	}
	return false
}

// unwrapped evaluates an operand; in lax mode the arrays among its items are taken for their elements.
func (e *evaluation) unwrapped(n *node, it Item, found *list) (status, error) {
	if !e.lax {
		return e.item(n, it, found)
	}
	seq := &list{}
	st, err := e.item(n, it, seq)
	if err != nil || st == failed {
		return st, err
	}
	for _, x := range seq.items {
		if x.kind() == arrayItem {
			_, err = e.each(nil, x, found, levels1, false)
		} else {
			err = e.add(found, x)
		}
		if err != nil {
			return failed, err
		}
	}
	return some, nil
}

func (e *evaluation) literal(n *node, found *list) (status, error) {
	if n.next == nil && found == nil && n.kind != kindVariable {
		return some, nil
	}
	base, id := e.base, e.baseID
	defer func() { e.base, e.baseID = base, id }()
	switch n.kind {
	case kindNull:
		return e.next(n, nullText, found)
	case kindBool:
		return e.next(n, boolOf(n.truth), found)
	case kindNumber:
		return e.next(n, numberOf(n.num), found)
	case kindString:
		return e.next(n, stringOf(n.text), found)
	}
	if e.env.Vars == nil {
		return e.next(n, nullText, found)
	}
	vars := Item{raw: e.env.Vars}
	if v, ok := vars.field(n.text); ok {
		e.base, e.baseID = vars, 1
		return e.next(n, v, found)
	}
	return failed, sqlerr.New(sqlerr.UndefinedObject, "could not find jsonpath variable \"%s\"", n.text)
}
