// Package jsonb is PostgreSQL's jsonb in its one stored form: the canonical text that
// PostgreSQL prints.
//
//	json text ──Normalize──► canonical text ──► Compare, Hash, Scan
//
// Canonical: one blank after ':' and ',', object keys once (the last wins) in order of length,
// then bytes, numbers as numeric prints them, the shortest escapes. So output is a copy, equal
// images are equal bytes, and SQL equality differs from it only in the scale of numbers.
//
// Formats: this text is what columns, state and checkpoints hold. Pure functions, no
// goroutines, no locks.
//
// The work and the output of one value are bounded (54000): an exponent of eight bytes may stand
// for 128 KiB of digits, so all of a value have a bound together, and bytes are moved maxMoves
// times on average to order keys.
//
// Non-obvious: strings cannot hold \u0000 (22P05); nesting is bounded (54001) so that no
// input exhausts the stack; the root scalar compares as an array of one element, so an empty
// root array is below null, as in PostgreSQL.
package jsonb
