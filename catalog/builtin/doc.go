// Package builtin is the registry of what PostgreSQL defines for everybody: types, operators,
// functions, aggregates and casts, as rows of its own catalogs.
//
//	pg_proc, pg_operator, … ── gen.go ─► *_gen.go ─┐
//	own.go (tumble, …) ─────────────────────────────┴─► look-ups by name, OID and type pair
//	                                                     │                       │
//	                                                planner/bind            exec/expr
//	                                          (overload resolution)    (kernels by Func.Symbol)
//
// Vocabulary: a row is kept when every type it speaks of is in [Type]; whether the engine can
// run it is no matter here, so that adding a kernel never changes which function a call means.
// A Symbol is PostgreSQL's name of the code behind a function (pg_proc.prosrc); functions of
// one Symbol share one kernel.
//
// Everything is read-only after first use and safe for concurrent use; returned rows are
// shared and must not be written.
//
// Non-obvious:
//   - The rows are PostgreSQL's own data; its licence is in NOTICE.
//   - pg_cast has rows from a type to itself: they apply a type modifier.
//   - A varchar has no operators: it is binary coercible to text, and [BtreeOf] says so.
//   - Own functions have OIDs 8000 to 8999, which PostgreSQL leaves to others.
//
// Regenerate with `go generate ./catalog/builtin` beside a server of PostgreSQL 15 (gen.go).
package builtin

//go:generate go run gen.go
