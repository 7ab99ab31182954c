// Package jsonpath is PostgreSQL's type jsonpath: SQL/JSON paths, read, printed and run over jsonb.
//
//	text ──Parse──► Path: a tree of nodes ──AppendText──► canonical text (what columns hold)
//	                  │
//	jsonb, vars ──────┴─ Exists, Match, Query ──► items: parts of the jsonb, or made of them
//	                         │
//	                         └─ Env: Breathe, Charge bound the work; zone and time for the *_tz forms
//
// Vocabulary: an item is a value that a path goes through: a jsonb value, or a date or time that .datetime()
// made. A chain is a node and the accessors after it. Lax mode (the default) takes an array for its elements
// and an item for an array of one where the other is asked for, and passes over what is missing; strict mode
// refuses. A predicate is true, false or unknown, and no error inside it gets out.
//
// Formats: columns, state and checkpoints hold the canonical text; a jsonb is read as internal/jsonb stores it,
// its parts are slices of it. A Path is read-only and safe for concurrent use; no goroutines, no locks.
//
// Non-obvious:
//   - An error that a path may suppress (silent, predicates) is the status failed; a Go error ends the whole
//     evaluation: an unknown variable, a comparison that needs a time zone, the end of the statement.
//   - A nil list of results asks only whether there is one, and ends at the first.
//   - The "id" of .keyvalue() is made of offsets in PostgreSQL's stored form of the jsonb, which is computed
//     when asked for (layout.go).
//   - The text is PostgreSQL's, but for brackets around an operator with accessors behind it: PostgreSQL
//     prints (1 + 2).abs() == 3 as a text that means something else.
//   - Depth is bounded (54001) when a path is read and when it is run.
package jsonpath
