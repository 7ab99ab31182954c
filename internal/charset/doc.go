// Package charset converts text between UTF-8, which the server has everywhere, and the encodings that a client may speak (client_encoding).
//
//	LATIN1, WIN1252, SJIS … bytes ──ToUTF8──► UTF-8 ──FromUTF8──► bytes
//	                                   22021, 22P05      22P05
//
// Encodings have PostgreSQL's names. The tables are those of golang.org/x/text, corrected where PostgreSQL's are others: the test asks a PostgreSQL for every
// character of every encoding. What PostgreSQL has and x/text has not (EUC_TW, MULE_INTERNAL, JOHAB, and the encodings of JIS X 0213) is known by name and cannot be converted.
//
// A Charset has no state and may be used by any goroutine.
package charset
