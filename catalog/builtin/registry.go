// Package builtin is the registry of what PostgreSQL defines for everybody: operators,
// functions, aggregates and casts, as rows of its own catalogs. The rows are generated from
// PostgreSQL's (see NOTICE) and filtered to what the engine has a kernel for.
package builtin

import "github.com/tributary-db/tributary/internal/sqltype"

// FuncKind is pg_proc.prokind.
type FuncKind byte

const (
	KindFunction  FuncKind = 'f'
	KindAggregate FuncKind = 'a'
	KindWindow    FuncKind = 'w'
)

// Func is one row of pg_proc.
type Func struct {
	OID      uint32
	Name     string
	Kind     FuncKind
	Args     []sqltype.OID
	Ret      sqltype.OID
	Variadic bool
	RetSet   bool
	Strict   bool
	Volatile byte // 'i' immutable, 's' stable, 'v' volatile
	// MayFail: the kernel can refuse a row (overflow, division by zero).
	MayFail bool
}

// Operator is one row of pg_operator; Left is 0 for a prefix operator.
type Operator struct {
	OID                 uint32
	Name                string
	Left, Right, Result sqltype.OID
	Func                uint32
	Commutator, Negator uint32
}

// Cast is one row of pg_cast.
type Cast struct {
	Source, Target sqltype.OID
	Func           uint32 // 0 unless Method is 'f'
	Context        byte   // 'i' implicit, 'a' assignment, 'e' explicit
	Method         byte   // 'f' function, 'b' binary coercible, 'i' input/output
}
