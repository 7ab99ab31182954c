// Package foreignkeys holds FOREIGN KEY to PostgreSQL's answers while several sessions write.
//
//	a seed ─► statements of three sessions ─► a server of ours ─┐ same tag or SQLSTATE of each,
//	                                      └─► PostgreSQL 15 ────┘ same rows in the end
//
// A session whose statement waits is let alone until the others have ended their transactions: both servers then give it the
// same answer. Kills come between: no row may ever refer to a key that is not there.
package foreignkeys
