package jsonpath

import (
	"strconv"

	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// baseStep is what the number of a base is multiplied with in the "id" of .keyvalue().
const baseStep = 10_000_000_000

// keyValue is keyvalue(): an object for each member of one.
func (e *evaluation) keyValue(n *node, it Item, found *list) (st status, err error) {
	if it.kind() != objectItem {
		return e.fail(sqlerr.New(codeObjectNotFound, "jsonpath item method .keyvalue() can only be applied to an object"))
	}
	members := jsonb.Elements(it.raw)
	offset := int64(-1)
	for st = none; ; {
		key, val, ok := members.Next()
		if !ok {
			return st, nil
		}
		if n.next == nil && found == nil {
			return some, nil
		}
		if offset < 0 {
			if offset, err = e.offset(it); err != nil {
				return failed, err
			}
		}
		if err := e.charge(len(key) + len(val) + 64); err != nil {
			return failed, err
		}
		made := strconv.AppendInt([]byte(`{"id": `), offset+e.baseID*baseStep, 10)
		made = append(append(made, `, "key": `...), key...)
		made = append(append(append(made, `, "value": `...), val...), '}')
		base, id := e.base, e.baseID
		e.base, e.baseID = Item{raw: made}, e.nextBaseID
		e.nextBaseID++
		st, err = e.next(n, e.base, found)
		e.base, e.baseID = base, id
		if err != nil || st == failed || enough(st, found) {
			return st, err
		}
	}
}
