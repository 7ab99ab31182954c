// Package expr evaluates plan.Expr over delta.Batches.
//
//	plan.Expr ──Compile──► Program: a tree of nodes, each with buffers of its own
//	                          │
//	delta.Batch ──Eval────────┼──► delta.Column + row errors
//	            ──Filter──────┴──► selection    + row errors
//
// A node computes its column for the rows of a selection. Calls go to the kernels of package
// kernel by pg_proc row; AND, OR, CASE, COALESCE, NULLIF and IN evaluate an argument only on the
// rows that still need it, left to right, so that a row fails only where PostgreSQL would. A row
// that failed leaves the selection at once: no later node sees it.
//
// Vocabulary: selection (ascending physical rows; all rows when as long as the batch), row
// error (data, not failure: the row's answer is an error), constant column (one value for all
// rows: a call whose arguments are all constant is computed once).
//
// Goroutines and locks: none. A Program belongs to one goroutine at a time; each dataflow
// compiles its own. One that is opened again binds it to the new parameters, settings and meter
// (Rebind) and keeps what was resolved.
//
// Ownership: what Eval hands out borrows from the batch or from the program, until the next
// Eval of that program.
//
// Non-obvious:
//   - Compile refuses a function without kernel with 0A000; the binder resolves it all the same,
//     so that overload resolution never depends on which kernels exist.
//   - A selection's emptiness is decided by its length; nil never means "all" here.
//   - Rows outside the selection hold anything, also in result columns.
package expr
