// Package parse turns a statement text into statements: PostgreSQL's grammar through pg_query,
// and the streaming forms that it lacks.
//
//	text ──► guard ──► pg_query ──────────────► convert ──► []Statement
//	                      │ syntax error                        ▲
//	                      ▼                                     │
//	         split into statements, overwrite the ──► pg_query ─┤
//	         streaming forms in place                           │
//	                      └── CREATE TOPIC, …: read by hand ────┘
//
// # Words
//
// A body is what a statement is ([Body]); a form is a piece of streaming syntax taken out of
// the text before PostgreSQL's grammar sees it; a segment is the tokens of one statement.
//
// # How callers use it
//
//	stmts, err := parse.Parse(text)      // err: *sqlerr.Error with Location (bytes from 1)
//	switch b := stmts[i].Body.(type) {
//	case *parse.Select: q, err := bind.Query(b.Query, …)
//	case *parse.Subscribe: …
//
// [Position] turns an error's Location into the character position that clients are told.
// Trees of pg_query stay inside the bodies; only planner/bind looks into them.
//
// # Not obvious
//
//   - A text that PostgreSQL takes is never rewritten, so no PostgreSQL statement changes its
//     meaning. In a text of several statements that fails as a whole, a statement that
//     PostgreSQL takes by itself is left alone as well.
//   - Rewriting never changes the text's length: every position of the tree is a position of
//     the original text. pg_query's errors count characters from 1, its nodes bytes from 0.
//   - pg_query recurses in C without a limit and would take the process along: the guard bounds
//     the depth of the tree before any call into C. Its lexer must never see fewer tokens than
//     PostgreSQL's.
//   - A NUL would end the text early in C; it is refused, as are bytes that are no UTF-8.
//
// The package has no state, starts no goroutines and may be called from any.
package parse
