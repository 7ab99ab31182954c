// Package tsearch is PostgreSQL's text search: what a tsvector and a tsquery are, and what is done with them.
//
//	text ─► token.Parser ─► Config: dictionaries by type of token ─► lexemes with positions ─► Vector ─┐
//	                                                                                                  ├─ Match, Rank, RankCover
//	'fat & (rat | cat)' ─► ParseQuery ─► Node tree ─► Query ──────────────────────────────────────────┘  Headline
//
// Vocabulary: a lexeme is a word as a dictionary made it. A Vector is the lexemes of a document, ordered by their bytes and unique, each
// with its positions, a position with a weight (D to A). A query is a tree of lexemes, with weights and whether they are prefixes, under
// NOT, AND, OR and phrase operators. A dictionary makes lexemes of a token; a configuration says which dictionaries a type of token goes
// through.
//
// Forms: both types are stored as PostgreSQL sends them, see vector.go and query.go. Their values are bounded as there: a lexeme by 2046
// bytes, all of them by a megabyte, positions by 16383 and 255 a lexeme; a query's depth by maxDepth.
//
// Pure but for the stemmers, which are safe for concurrent use. It knows nothing of SQL. What may take long calls a pause function,
// which ends it by an error.
//
// Non-obvious:
//   - A vector without positions matches a phrase nowhere, and a lexeme whatever weight is asked for.
//   - Order of queries is that of PostgreSQL's hash of words (crc.go), and does not tell weights and prefixes apart.
package tsearch
