// Package decode turns the value of a record into a row of a stream's columns.
//
//	record value ──► Decoder (json, csv, raw) ──► one row in builders
//	                          └──────────────► Fault: reason, column, message → error relation
//
// A Decoder is made for a stream's columns and the subset that is wanted. Every column is
// read, wanted or not, so that whether a record is a row or a fault does not depend on who
// asks: unwanted values go to scratch builders.
//
// Rules of JSON (one object per value): a field belongs to the column of its exact name, else
// to the first one equal ignoring case; of several fields of one column the last wins; missing
// and null are NULL; unknown fields are ignored. A string goes through the type's PostgreSQL
// text input with TimeZone UTC; a number into numeric keeps its digits, into integers only if
// integral, into timestamps it is epoch milliseconds; what is no string goes into text as its
// JSON text; everything goes into jsonb. csv is one line of COPY csv. raw is the value itself.
//
// A Decoder belongs to one goroutine, starts none and holds no locks. It must not see the value
// change during a call; rows it appends own their bytes.
//
// Non-obvious: the scanner checks the whole value (UTF-8, grammar, nesting) before any value
// is converted, so a fault leaves the builders as they were; field order is remembered from
// one record to the next, which makes finding a column one comparison; \u0000 and unpaired
// surrogates are faults only where a column takes them.
package decode
