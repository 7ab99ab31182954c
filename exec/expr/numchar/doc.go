// Package numchar is to_char of numbers.
//
//	format ──Parse──► Format: elements and what they ask for
//	digits ──────────► Format.Append ──► text
//
// Vocabulary: a digit position is a 9 or a 0 of the format; fill mode (FM) leaves out blanks and
// trailing zeros. A number with more digits before the point than positions shows as #.
//
// Pure; a Format is read only and safe for concurrent use.
//
// Non-obvious: the locale is C, so D is a point, G a comma and L a blank. EEEE, V, RN, B and C
// are refused with 0A000.
package numchar
