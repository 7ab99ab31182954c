// Package suggest finds the name that somebody meant who wrote another.
//
//	"ordrs" + the names there are ─► edit distance, bounded ─► "orders", or nothing
//
// [Nearest] is for names of any kind; [Distance] is its measure, and PostgreSQL's for columns
// (varstr_levenshtein with all costs 1). Comparing stops as soon as the bound is passed, and
// names longer than an identifier are near to none: ten thousand names cost about a millisecond.
//
// No state, no goroutines. A leaf: it imports nothing of this module.
package suggest
