// Package ranges is the values of PostgreSQL's range and multirange types.
//
//	text, functions ──► Bound, Bound ──Make──► Range ──Append──► bytes
//	                                            │                  │ Decode
//	                                            ├ Contains, Overlaps, Union, Minus, …
//	                                            └ Normalize ──► Multi, ordered, apart ──AppendMulti──► bytes
//
// A range is a byte of flags, PostgreSQL's own, and its bounds that are finite: 8 bytes, or, of numbers, a length and PostgreSQL's
// binary form. A multirange is its ranges one after the other. Ranges of whole numbers and days are kept in their canonical form,
// [lower,upper), so that equal ones are equal bytes.
//
// Pure functions. It imports decimal and sqlerr only: how bounds are read and shown is sqltype's.
//
// Non-obvious: the order of bounds is that of places between values. That an upper bound of 3 which is not inclusive is before a lower
// bound of 3 that is, and both are before nothing in between, is what all functions are made of (compareBounds).
package ranges
