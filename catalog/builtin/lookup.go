package builtin

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/sqltype"
)

type castKey struct{ source, target sqltype.OID }

type index struct {
	funcs      []Func
	funcByOID  map[uint32]*Func
	funcByName map[string][]*Func
	opByOID    map[uint32]*Operator
	opByName   map[string][]*Operator
	casts      map[castKey]*Cast
	castsFrom  map[sqltype.OID][]*Cast
	types      map[sqltype.OID]*Type
	typeByName map[string]*Type
}

var registry = sync.OnceValue(buildIndex)

func buildIndex() *index {
	x := &index{
		funcs:      slices.Concat(funcRows, ownFuncs(), sequenceFuncs(), recordSets()),
		funcByOID:  make(map[uint32]*Func),
		funcByName: make(map[string][]*Func),
		opByOID:    make(map[uint32]*Operator),
		opByName:   make(map[string][]*Operator),
		casts:      make(map[castKey]*Cast),
		castsFrom:  make(map[sqltype.OID][]*Cast),
		types:      make(map[sqltype.OID]*Type),
		typeByName: make(map[string]*Type),
	}
	for i := range x.funcs {
		f := &x.funcs[i]
		if f.Kind == KindAggregate {
			describeAggregate(f)
		}
		x.funcByOID[f.OID] = f
		x.funcByName[f.Name] = append(x.funcByName[f.Name], f)
	}
	for _, f := range syntaxFuncs() {
		x.funcByOID[f.OID] = &f
	}
	for i := range operatorRows {
		o := &operatorRows[i]
		x.opByOID[o.OID] = o
		x.opByName[o.Name] = append(x.opByName[o.Name], o)
	}
	for i := range castRows {
		c := &castRows[i]
		x.casts[castKey{c.Source, c.Target}] = c
		x.castsFrom[c.Source] = append(x.castsFrom[c.Source], c)
	}
	for i := range typeRows {
		t := &typeRows[i]
		x.types[t.OID] = t
		x.typeByName[t.Name] = t
	}
	return x
}

// Funcs returns every function, aggregate and window function, by ascending OID.
func Funcs() []Func { return registry().funcs }

// FuncsByName returns the functions of a (lower-case) name, aggregates included, in the order
// of their OIDs; nil when there is none.
func FuncsByName(name string) []*Func { return registry().funcByName[name] }

// FuncNames are the names of all functions, in no order.
func FuncNames() iter.Seq[string] { return maps.Keys(registry().funcByName) }

// IsOtherFunction reports whether PostgreSQL has functions of that name, but none of them is here.
func IsOtherFunction(name string) bool {
	_, found := slices.BinarySearch(otherFuncs, name)
	return found
}

// FuncByOID returns a function, nil when there is none.
func FuncByOID(oid uint32) *Func { return registry().funcByOID[oid] }

// Aggregates returns the aggregates of a name.
func Aggregates(name string) []*Func {
	var found []*Func
	for _, f := range FuncsByName(name) {
		if f.Kind == KindAggregate {
			found = append(found, f)
		}
	}
	return found
}

// OperatorsByName returns the operators of a name, prefix ones included.
func OperatorsByName(name string) []*Operator { return registry().opByName[name] }

// IsOtherOperator reports whether PostgreSQL has operators of that name, but none for the types
// that are here.
func IsOtherOperator(name string) bool {
	_, found := slices.BinarySearch(otherOperators, name)
	return found && len(OperatorsByName(name)) == 0
}

// Operators returns every operator, by ascending OID.
func Operators() []Operator { return operatorRows }

// TypeNames are pg_type's names of the types that values can have, in no order.
func TypeNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name, t := range registry().typeByName {
			if t.Kind != 'p' && !yield(name) {
				return
			}
		}
	}
}

// CastFor returns the cast between two types, nil when pg_cast has none (casts between a type
// and the string types through text input and output have no row). With source = target it is
// the function that applies a type modifier.
func CastFor(source, target sqltype.OID) *Cast { return registry().casts[castKey{source, target}] }

// CastsFrom returns the casts of a source type.
func CastsFrom(source sqltype.OID) []*Cast { return registry().castsFrom[source] }

// TypeByOID returns what resolution needs to know of a type, nil for a type not kept.
func TypeByOID(oid sqltype.OID) *Type {
	if oid < sqltype.FirstDefined {
		return registry().types[oid]
	}
	i, ok := sqltype.InfoOf(oid)
	if !ok {
		return nil
	}
	t := &Type{OID: oid, Name: i.Name, Kind: 'b', Category: byte(i.Category), Array: i.Array, Elem: i.Elem}
	switch {
	case sqltype.IsEnum(oid):
		t.Kind = 'e'
	case sqltype.IsComposite(oid):
		t.Kind = 'c'
	case sqltype.IsDomain(oid):
		t.Kind = 'd'
	}
	return t
}

// TypeByName finds a type by its pg_type.typname ("int4", not "integer").
func TypeByName(name string) *Type { return registry().typeByName[name] }
