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
	OID  uint32
	Name string
	Kind FuncKind
	// Args are the declared argument types. With Variadic the last one may repeat, one or
	// more times.
	Args     []sqltype.OID
	Ret      sqltype.OID
	Variadic bool
	RetSet   bool
	Strict   bool
	Volatile byte // 'i' immutable, 's' stable, 'v' volatile
	// MayFail: the kernel or the aggregate can refuse a row (overflow, division by zero).
	// Functions not known to answer always are marked so.
	MayFail bool
	// OrderFree: an aggregate whose result no order of rows changes.
	OrderFree bool
	// Symbol names the code behind the function (pg_proc.prosrc); empty for aggregates and
	// for functions that PostgreSQL writes in SQL.
	Symbol string
	// Defaults is how many trailing arguments may be left out (see [DefaultArgs]).
	Defaults int
	// ArgNames for calls by name; nil when the arguments have none.
	ArgNames []string
	// AggKind of an aggregate: 'n' normal, 'o' ordered-set, 'h' hypothetical-set.
	AggKind byte
}

// Operator is one row of pg_operator; Left is 0 for a prefix operator.
type Operator struct {
	OID                 uint32
	Name                string
	Left, Right, Result sqltype.OID
	Func                uint32
	Commutator, Negator uint32
	CanMerge, CanHash   bool
}

// Cast is one row of pg_cast.
type Cast struct {
	Source, Target sqltype.OID
	Func           uint32 // 0 unless Method is 'f'
	Context        byte   // 'i' implicit, 'a' assignment, 'e' explicit
	Method         byte   // 'f' function, 'b' binary coercible, 'i' input/output
}

// Type is what overload resolution asks of a row of pg_type.
type Type struct {
	OID       sqltype.OID
	Name      string
	Kind      byte // 'b' base, 'c' composite, 'd' domain, 'e' enum, 'r' range, 'm' multirange, 'p' pseudo
	Category  byte // 'B' boolean, 'N' numeric, 'S' string, 'D' date/time, 'T' timespan, 'U' user, 'X' unknown, 'P' pseudo
	Preferred bool
	Array     sqltype.OID // the array type over it, 0 = none
	Elem      sqltype.OID
}
