// Package kernel holds the code behind the functions of catalog/builtin: one kernel per
// pg_proc symbol, each over (argument columns, selection) -> (column, row errors).
//
//	Func.Symbol ──Lookup──► Kernel(c *Call)
//	                          │ c.Args    argument columns, NULLs already skipped if strict
//	                          │ c.Sel     rows to compute, ascending
//	                          ├► c.Out    result column, written by row
//	                          └► c.Fail   rows that have an error instead
//
// The usual kernel is a plain Go function in a row loop (fn1 … fn4, and the …e forms that can
// fail, the …c forms that also see the Call). Only the short list in loops.go has vector forms.
//
// Non-obvious:
//   - A strict function's wrapper in exec/expr narrows Sel to the rows without NULL and sets the
//     result's NULLs; a kernel of a function that is not strict looks at NULLs itself.
//   - A row that is not in Sel has an undefined result; kernels may leave anything there.
//   - Argument strings are views of borrowed column memory: whatever is kept is copied.
//   - Returning errNull makes the row NULL.
//   - Errors are made fresh for each row, because who reports one may write into it.
//   - Kernels are registered in init functions of the files that define them; the map is
//     read-only afterwards.
package kernel
