package catalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// KindFunction is a function that users made. Functions have a namespace of their own, in which a name is one with the types of
// the arguments that a call gives.
const KindFunction Kind = "function"

// Function is what a relation of KindFunction is: one in SQL.
type Function struct {
	Args []FunctionArg `json:"args,omitempty"`
	// Returns is the type of what it gives, Record where Args say what that has and where the caller says it.
	Returns    sqltype.OID `json:"returns"`
	ReturnsSet bool        `json:"returns_set,omitempty"`
	// Body is its SQL; Form "atomic" and "return" are those whose names mean what they meant when it was made (Relation.Inputs).
	Body string `json:"body"`
	Form string `json:"form,omitempty"`

	Strict          bool    `json:"strict,omitempty"`
	Volatility      string  `json:"volatility"` // i, s, v
	Parallel        string  `json:"parallel"`   // s, r, u
	SecurityDefiner bool    `json:"security_definer,omitempty"`
	Leakproof       bool    `json:"leakproof,omitempty"`
	Cost            float64 `json:"cost"`
	Rows            float64 `json:"rows,omitempty"`
}

// FunctionArg is an argument: Mode is pg_proc's i, o, b (INOUT), v (VARIADIC) or t (a column of TABLE).
type FunctionArg struct {
	Name    string      `json:"name,omitempty"`
	Mode    string      `json:"mode"`
	Type    sqltype.OID `json:"type"`
	Default string      `json:"default,omitempty"` // an SQL expression
}

// Given: a call has a value for it.
func (a *FunctionArg) Given() bool { return a.Mode == "i" || a.Mode == "b" || a.Mode == "v" }

// Out: it is of what the function gives.
func (a *FunctionArg) Out() bool { return a.Mode == "o" || a.Mode == "b" || a.Mode == "t" }

// In are the arguments that a call gives.
func (f *Function) In() (in []FunctionArg) {
	return slices.DeleteFunc(slices.Clone(f.Args), func(a FunctionArg) bool { return !a.Given() })
}

// Outs are the columns of what it gives, where Args say that.
func (f *Function) Outs() (out []FunctionArg) {
	return slices.DeleteFunc(slices.Clone(f.Args), func(a FunctionArg) bool { return !a.Out() })
}

// Types are those of the arguments that a call gives.
func (f *Function) Types() []sqltype.OID {
	var out []sqltype.OID
	for i := range f.Args {
		if f.Args[i].Given() {
			out = append(out, f.Args[i].Type)
		}
	}
	return out
}

// signed is a function's name with the types of its arguments, which no other of its schema has.
func signed(name string, args []sqltype.OID) string {
	var b strings.Builder
	b.WriteString(name)
	for i, t := range args {
		b.WriteByte("(,"[min(i, 1)])
		b.WriteString(strconv.FormatUint(uint64(t), 10))
	}
	return b.String() + ")"
}

// Signature is a function as messages name it: its name with the types of its arguments.
func (r *Relation) Signature() string {
	types := r.Function.Types()
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = t.String()
	}
	return r.Name + "(" + strings.Join(words, ",") + ")"
}

// Functions are those of a name in any schema, by schema and OID.
func (s *Snapshot) Functions(name string) []*Relation {
	return s.among(s.layer.functions[name], func(r *Relation) bool { return r.Kind == KindFunction && r.Name == name })
}

// FunctionOf finds the function of a schema with exactly these arguments.
func (s *Snapshot) FunctionOf(schema, name string, args []sqltype.OID) (*Relation, bool) {
	r := s.user(qualified{schema, signed(name, args), functions})
	return r, r != nil
}
