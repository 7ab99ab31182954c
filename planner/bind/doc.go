// Package bind turns parsed statements into plans: names, types, implicit casts and overloads
// exactly as PostgreSQL's analysis decides them.
//
//	parse.Query ──► body per SELECT: FROM → select list → WHERE → HAVING → ORDER BY → GROUP BY → …
//	                   │ names: catalog.Reader, scope        │ calls, operators, casts: catalog/builtin
//	                   ▼                                     ▼
//	                build: Scan ► Filter ► Hop ► GroupBy ► Filter ► Project ► Distinct ► Sort ► TopN
//	                   ▼
//	                plan.Query (not rewritten) ──► planner/rewrite ──► exec
//
// # How a session uses it
//
//	q, err := bind.Query(b.Query, snapshot, bind.Options{Settings: …, ParamTypes: …})
//	q = rewrite.Query(q, …)              // planner/rewrite
//	q.Fields, q.Params                   // RowDescription, ParameterDescription
//
// The same way: [Insert], [Update] and [Delete] give the rows to write as a plan; [CreateTable],
// [CreateStream], [CreateView], [CreateSink] and [CreateIndex] give a catalog.Relation without
// OID and topic id, whose name the caller checks and takes in one catalog transaction.
// [Continuous] binds a stored query again at start.
//
// Errors are *sqlerr.Error with PostgreSQL's text, code and Location. Parameters without a
// given type are inferred; plan.Query.Params has the result.
//
// # Vocabulary
//
// A level is one SELECT being bound; its scope has the items of FROM. A target is an output
// column, junk when only ORDER BY reads it: such fields are called [hiddenField] and stand
// behind the visible ones. A body is a bound query whose output types may still change (UNION
// and INSERT decide them).
//
// # Not obvious
//
//   - The order in which clauses are bound is PostgreSQL's: of two errors the same one shows,
//     and parameters take their types from the same place.
//   - An aggregate is an aggRef until its GroupBy is built; grouped expressions are found by
//     plan.Equal, so the three tumble functions are brought to one form first.
//   - A query in an expression is a plan.Subquery. What it refers to of the level around it is among
//     its arguments (lookup.go), so that grouping sees it as it sees any other argument. At the end
//     planner/rewrite makes joins of all of them, and of LATERAL (plan.Apply).
//   - A view's unique key is that of its rewritten plan, where joins have keys.
//   - JOIN … ON is a filter over a cross join here, of an outer join its residual; planner/rewrite
//     makes keys of it. A column that USING merges may be an expression (column.merged).
//   - Under EMIT ON WINDOW CLOSE every stream scan has a last column with the record's
//     watermark, which travels up to the GroupBy that waits ([watermarkField]).
//
// No state, no goroutines. Must not import exec or session.
package bind
