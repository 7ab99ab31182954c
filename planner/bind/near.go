package bind

import (
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/suggest"
)

// maxFuzzyDistance is how many letters PostgreSQL takes a column's name to be wrong by.
const maxFuzzyDistance = 3

// nearColumns are the columns nearest to a name that does not exist: one, or two as near
// (PostgreSQL's FuzzyAttrMatchState).
type nearColumns struct {
	distance      int
	first, second string // table.column
}

// nearColumn is PostgreSQL's hint for a column that table, or with an empty table any of FROM,
// does not have; empty without one.
func (b *binder) nearColumn(table, name string) string {
	near := nearColumns{distance: maxFuzzyDistance + 1}
	for lv := b.lv; lv != nil; lv = lv.parent {
		for _, it := range lv.scope.items {
			if it.name != "" {
				near.item(it, table, name)
			}
		}
	}
	switch {
	case near.second != "":
		return fmt.Sprintf("Perhaps you meant to reference the column \"%s\" or the column \"%s\".", near.first, near.second)
	case near.first != "":
		return fmt.Sprintf("Perhaps you meant to reference the column \"%s\".", near.first)
	}
	return ""
}

// item compares the columns of one name of FROM: a table's name that is wrong as well counts on
// top of the column's.
func (n *nearColumns) item(it *item, table, name string) {
	penalty := 0
	if table != "" {
		penalty = suggest.Distance(table, it.name, maxFuzzyDistance+1)
	}
	for i := range it.columns {
		c := &it.columns[i]
		if penalty > n.distance || c.name == "" || c.name[0] == '?' { // ?column?, or one of ours that has no name
			continue
		}
		d := suggest.Distance(c.name, name, n.distance+1-penalty)
		if d <= len(name)/2 {
			n.take(d+penalty, it.name+"."+c.name)
		}
	}
}

func (n *nearColumns) take(distance int, column string) {
	switch {
	case distance > n.distance:
	case distance < n.distance:
		n.distance, n.first, n.second = distance, column, ""
	case n.second != "": // too many as near: only a nearer one is a hint
		n.distance, n.first, n.second = distance-1, "", ""
	case n.first != "":
		n.second = column
	case n.distance <= maxFuzzyDistance:
		n.first = column
	}
}

// nearName is the column of the scope that was likely meant, without its table.
func (s *scope) nearName(name string) string {
	return suggest.Nearest(name, func(yield func(string) bool) {
		for _, it := range s.items {
			for i := range it.columns {
				if c := it.columns[i].name; it.byColumn && c != hiddenField && c != watermarkField && !yield(c) {
					return
				}
			}
		}
	})
}

// noFunction is the error of a call that nothing answers: PostgreSQL's functions that are not here
// are told apart from those that nobody has. call is how the message names it.
func noFunction(name, call string, pos int32) error {
	name = shownFunction(name)
	known := len(builtin.FuncsByName(name)) > 0 || isHop(name)
	if !known && builtin.IsOtherFunction(name) {
		return sqlerr.New(sqlerr.FeatureNotSupported, "function %s is not supported yet", call).At(pos).
			WithHint("PostgreSQL has it; docs/sql/functions.md lists what is here.")
	}
	e := sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", call).At(pos).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
	if near := nearFunction(name); !known && near != "" {
		e.Hint = ""
		return e.Meant(near)
	}
	return e
}

func nearFunction(name string) string {
	return suggest.Nearest(name, func(yield func(string) bool) {
		for name := range builtin.FuncNames() {
			if !yield(name) {
				return
			}
		}
		for _, own := range []string{"hop", "hop_start", "hop_end"} {
			if !yield(own) {
				return
			}
		}
	})
}

// sqlTypes are the types' names in SQL that pg_type does not have.
var sqlTypes = []string{"integer", "int", "bigint", "smallint", "real", "decimal", "boolean", "character", "timestamp", "time"}

func nearType(name string) string {
	return suggest.Nearest(name, func(yield func(string) bool) {
		for name := range builtin.TypeNames() {
			if !yield(name) {
				return
			}
		}
		slices.Values(sqlTypes)(yield)
	})
}
