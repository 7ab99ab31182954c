// Package bitstring is the values of PostgreSQL's bit and bit varying.
//
//	text ──AppendParsed──► bits ──AppendText──► text
//	                        │ Compare, Fit, Concat, Substring, Shift, ...
//
// A bit string is bytes: the number of bits in the last byte that it does not have, then its bits, the first being the highest of the
// first byte; bits that it does not have are zero. So equal bit strings are equal bytes.
//
// Pure functions. It imports sqlerr only. Results go behind dst where they may be longer than what they are made of, so that who calls
// can make room, and charge it, before.
package bitstring
