// Package codec reads and writes the values of a column in PostgreSQL's text and binary forms.
//
//	text   ──AppendText────► delta.Builder      delta.Column ──FormatText────► text
//	binary ──AppendBinary──►                                 ──FormatBinary──► binary
//	literal, cast ──ApplyMod──► varchar(n), numeric(p,s), timestamp(p), ...
//
// It stands beside sqltype and above delta, which imports sqltype for its OIDs: so there is no
// cycle. What the forms are is decided one level below, in decimal, datetime and jsonb.
//
// Errors are sqlerr.Error with PostgreSQL 15's text and SQLSTATE; after one nothing has been
// appended. Pure functions; an Env is read only and may be shared.
//
// Non-obvious: text of every type is checked to be UTF-8 without NUL (22021). extra_float_digits
// of 1 or more is the shortest text that reads back; PostgreSQL's shortest form never relies on
// round-to-even, so it may differ from Go's in rare cases above 2^49 (float.go). A typmod is
// applied on the way in, as type input functions do: varchar(n) refuses longer text unless only
// blanks are cut.
package codec
