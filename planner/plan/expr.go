package plan

import (
	"net/netip"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// FuncID is a function's pg_proc OID; operators and function casts are calls of their function.
type FuncID uint32

// Expr is a typed scalar expression over one row of a node's input. The concrete types below
// are all there are.
type Expr interface {
	Type() sqltype.Type
	expr()
}

type (
	// Column is input column Index. For a join's Residual the right side's columns follow the
	// left side's.
	Column struct {
		Index int
		T     sqltype.Type
		Name  string // for EXPLAIN and messages
	}
	// Const is a literal or folded value: a constant column of one row.
	Const struct {
		T     sqltype.Type
		Value delta.Column // Const, Len 1; Valid says NULL
	}
	// Param is $Index (1-based), given at execution.
	Param struct {
		Index int
		T     sqltype.Type
	}
	// Call applies a function of the registry. Args already have the function's types.
	// T.Mod matters for length-coercion functions only.
	Call struct {
		Func FuncID
		Args []Expr
		// Spread: each element of the last argument, an array, is an argument (VARIADIC of an array, for arguments of any type).
		Spread bool
		T      sqltype.Type
		Op     string // operator name as written, for EXPLAIN; empty for functions
		Pos    int32  // byte offset in the statement text, -1 unknown; for error positions
	}
	// Relabel changes the type without touching the value (binary-coercible cast).
	Relabel struct {
		Arg Expr
		T   sqltype.Type
	}
	// CoerceIO casts through the types' text output and input.
	CoerceIO struct {
		Arg Expr
		T   sqltype.Type
		Pos int32
	}
	// ArrayCoerce casts an array element by element: Elem is the cast of column 0, an element.
	ArrayCoerce struct {
		Arg, Elem Expr
		T         sqltype.Type
	}
	// CoerceDomain is Arg, of the type that a domain is over in the end, as a value of the domain.
	CoerceDomain struct {
		Arg    Expr
		T      sqltype.Type
		Schema string // of the domain
		// NotNull: of the domain, or of one that it is over.
		NotNull bool
		Checks  []DomainCheck
	}
	// AnyAll is Left op ANY (array), or ALL: OR, or AND, of Func over the elements.
	AnyAll struct {
		Left, Array Expr
		Func        FuncID
		Op          string
		All         bool
	}
	// And, Or: three-valued, arguments evaluated left to right only where still needed.
	And struct{ Args []Expr }
	Or  struct{ Args []Expr }
	Not struct{ Arg Expr }
	// IsNull is IS [NOT] NULL.
	IsNull struct {
		Arg Expr
		Not bool
	}
	// IsBool is IS [NOT] TRUE|FALSE|UNKNOWN: Want 't', 'f' or 'u'.
	IsBool struct {
		Arg  Expr
		Want byte
		Not  bool
	}
	// DistinctFrom is IS [NOT] DISTINCT FROM; Eq is the equality function of the argument types.
	DistinctFrom struct {
		Left, Right Expr
		Eq          FuncID
		Not         bool
	}
	// Case is a searched CASE; a simple one is bound to comparisons. Else may be nil (NULL).
	Case struct {
		Whens []When
		Else  Expr
		T     sqltype.Type
	}
	// Coalesce is the first argument that is not NULL.
	Coalesce struct {
		Args []Expr
		T    sqltype.Type
	}
	// NullIf is NULL where Eq(Left, Right) is true, else Left. EqLeft is Left cast to the
	// comparison's type (often Left itself).
	NullIf struct {
		Left, EqLeft, Right Expr
		Eq                  FuncID
	}
	// InList is Arg [NOT] IN (list): OR of equalities, each with its own function.
	InList struct {
		Arg  Expr
		List []Expr
		Eq   FuncID
		Not  bool
	}
	// MinMax is GREATEST or LEAST: NULLs are ignored.
	MinMax struct {
		Greatest bool
		Args     []Expr
		T        sqltype.Type
	}
)

// When is one arm of a Case.
type When struct{ Cond, Then Expr }

// DomainCheck is a constraint of a domain: Holds, over column 0, is true or NULL for its values.
type DomainCheck struct {
	Name  string
	Holds Expr
}

func boolean() sqltype.Type { return sqltype.Of(sqltype.Bool) }

func (e *Column) Type() sqltype.Type       { return e.T }
func (e *Const) Type() sqltype.Type        { return e.T }
func (e *Param) Type() sqltype.Type        { return e.T }
func (e *Call) Type() sqltype.Type         { return e.T }
func (e *Relabel) Type() sqltype.Type      { return e.T }
func (e *CoerceIO) Type() sqltype.Type     { return e.T }
func (e *ArrayCoerce) Type() sqltype.Type  { return e.T }
func (e *CoerceDomain) Type() sqltype.Type { return e.T }
func (e *AnyAll) Type() sqltype.Type       { return boolean() }
func (e *And) Type() sqltype.Type          { return boolean() }
func (e *Or) Type() sqltype.Type           { return boolean() }
func (e *Not) Type() sqltype.Type          { return boolean() }
func (e *IsNull) Type() sqltype.Type       { return boolean() }
func (e *IsBool) Type() sqltype.Type       { return boolean() }
func (e *DistinctFrom) Type() sqltype.Type { return boolean() }
func (e *InList) Type() sqltype.Type       { return boolean() }
func (e *Case) Type() sqltype.Type         { return e.T }
func (e *Coalesce) Type() sqltype.Type     { return e.T }
func (e *NullIf) Type() sqltype.Type       { return e.Left.Type() }
func (e *MinMax) Type() sqltype.Type       { return e.T }

func (*Column) expr()       {}
func (*Const) expr()        {}
func (*Param) expr()        {}
func (*Call) expr()         {}
func (*Relabel) expr()      {}
func (*CoerceIO) expr()     {}
func (*ArrayCoerce) expr()  {}
func (*CoerceDomain) expr() {}
func (*AnyAll) expr()       {}
func (*And) expr()          {}
func (*Or) expr()           {}
func (*Not) expr()          {}
func (*IsNull) expr()       {}
func (*IsBool) expr()       {}
func (*DistinctFrom) expr() {}
func (*InList) expr()       {}
func (*Case) expr()         {}
func (*Coalesce) expr()     {}
func (*NullIf) expr()       {}
func (*MinMax) expr()       {}

// Aggregate is one aggregate call of an Aggregate node.
type Aggregate struct {
	Func     FuncID // pg_proc OID of the aggregate: count(*) 2803, sum(int4) 2108, …
	Args     []Expr // over the node's input; empty for count(*)
	Distinct bool
	// Order is that of the rows that the aggregate is given. Rows that it leaves equal come in the order of their
	// values; without one, rows come in the order of their arrival where a query runs once, and in that of their
	// values elsewhere.
	Order []SortKey
	// Direct is what stands in the parentheses of an aggregate with WITHIN GROUP, whose Args are those of its Order:
	// one value for each group, so that all columns are keys.
	Direct []Expr
	Filter Expr // nil = all rows
	T      sqltype.Type
}

// SortKey orders by one expression.
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// Folder evaluates an expression without columns and parameters at plan time. exec provides
// it, server injects it: the planner cannot import exec. The meter bounds the evaluation.
type Folder interface {
	Fold(e Expr, s Settings, m *meter.Meter) (*Const, error)
	// Callable refuses a call of what has no code here, so that it is known before anything runs.
	Callable(c *Call) error
}

// Settings are the session's values that expressions depend on; a view freezes them.
type Settings struct {
	TimeZone string
	// Location of TimeZone; UTC when nil.
	Location         *time.Location `json:"-"`
	DateStyle        string
	IntervalStyle    string
	ExtraFloatDigits int
	ByteaOutput      string
	// TextSearchConfig is the OID of default_text_search_config.
	TextSearchConfig uint32
	// Session is who asks, at run time only; nil in a plan and in what runs for ever.
	Session    *Session `json:"-"`
	SearchPath []string
}

// Session is what functions about the session itself answer.
type Session struct {
	User, SessionUser, Database, Version string
	PID                                  int32
	// Now is the start of the transaction, in microseconds since 2000-01-01.
	Now int64
	// Clock is the time now, in the same unit; nil where nobody may ask.
	Clock func() int64
	// Sequences of the database; nil where a query has none.
	Sequences Sequences
	// Catalog is what functions of the catalogs ask; nil where a query has none.
	Catalog Catalog
	// Locks are the session's advisory locks; nil where a query has none.
	Locks Locks
	// Peers are the other sessions; nil where a query has none.
	Peers Peers
	// Ends are those of the client's connection; nil where there is none.
	Ends *Ends
}

// Ends are the addresses of a client and of what it reached here; not valid where they are no addresses of a network.
type Ends struct{ Client, Server netip.AddrPort }

// Sequences are what functions of sequences ask, each named by its OID. Its errors are users'.
type Sequences interface {
	// Find is the sequence that a text names.
	Find(name string) (RelationID, error)
	// Serial is the name of the sequence that belongs to a column, "" = none.
	Serial(table, column string) (string, error)
	// Next gives the next n values, in order.
	Next(id RelationID, n int) ([]int64, error)
	// Current is the value that this session got last of the sequence, Last of any.
	Current(id RelationID) (int64, error)
	Last() (int64, error)
	// Position is the last value of the sequence, of whichever session, and whether it has been given: if not, it is the next one.
	Position(id RelationID) (last int64, given bool, err error)
	// Set makes v the last value, or with given false the next one.
	Set(id RelationID, v int64, given bool) error
}
