// Package rewrite makes a bound plan one that runs well, by rules that keep its meaning.
//
//	bind ─► plan.Query ─► fold ─► sort ─► push (filters down, joins keyed and ordered) ─► rank ─►
//	        join_lookup ─► lookup ─► ordered ─► prune (columns) ─► tidy ─► plan.Query ─► exec
//
// Before that, at the end of binding, Unnest makes joins of queries in expressions and of LATERAL:
//
//	unnest     which node gets which join        scalar     a query as a value
//	relate     a query that stands by itself     pull       by its conditions going up
//	dependent  or by the domain of its arguments notnull    columns that are never NULL
//
// Rules, one file each:
//
//	fold     computes constant parts with the injected plan.Folder, drops what AND and OR
//	         never reach, filters that are always true, and what is below LIMIT 0 (one-shot plans)
//	sort     Sort + Limit is TopN; what runs for ever is not sorted
//	push     conditions move towards the scans
//	join     a cross join with equalities between its sides becomes a keyed join; of more than
//	         two inputs those that an equality connects are joined first, else in the order of
//	         the text. An outer join is one input among them; a left one becomes a right one, and
//	         one whose NULLs a condition above rejects an inner one (strict)
//	factor   what the arms of an OR over several inputs have in common is a condition by itself
//	order    with Statistics: the order of a join's inputs that costs least, and which side is built;
//	         estimate and selectivity tell the rows of nodes (one-shot plans)
//	rank     window functions of which a condition wants the first rows only see no others
//	join_lookup  rows of a side of a join are looked up by a key, where that costs less than to read it (one-shot plans)
//	lookup   conditions on a primary key or an index read its rows only (one-shot plans): index_keys are the keys there
//	         are, access how conditions are asked by them, access_range ranges, lists and patterns
//	ordered  rows that are sorted by a key are read in its order (one-shot plans)
//	prune    scans read the columns that are needed
//	tidy     projections that change nothing go, two in a row become one
//	interval how far event times of a join's pairs lie apart, where late records are left out
//	temporal conditions on now() let rows in and out as time passes (plans that run for ever)
//
// # Not obvious
//
//   - A condition that may fail never moves to where it sees rows that the text would have
//     removed before it. Others may go below it: that shows it fewer rows, never more. A join
//     key is the exception: it is computed for every row of its side, as PostgreSQL does.
//   - Positions: pushing through a join works on the concatenated row of all its inputs in the
//     text's order; a projection restores that order at the end, and prune and tidy remove
//     what of it is not needed.
//   - plan.Derive keeps the edge properties right after every change.
//
// No state, no goroutines.
package rewrite
