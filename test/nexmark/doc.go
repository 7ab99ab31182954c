// Package nexmark runs the queries of the Nexmark benchmark, q0 to q23, as SELECT and as views, beside PostgreSQL.
//
//	generator ─► events in commits of many sizes ┬► PostgreSQL                                  ─┐
//	             some of them late               ├► views made before any event, a kill between  ├► equal
//	                                             ├► views made after all                         │
//	                                             └► SELECT, and EMIT ON WINDOW CLOSE             ─┘
//
// The queries are the benchmark's, with its windows as it writes them; functions that PostgreSQL has under another name
// are PostgreSQL's, and what orders rows orders them wholly. Where the form is not PostgreSQL's (windows, FOR SYSTEM_TIME)
// the query has a second text for it. TRIBUTARY_TEST_SEED repeats a run.
package nexmark
