// Package regex runs PostgreSQL's regular expressions on Go's engine.
//
//	ARE pattern + flags ──Compile──► translated to RE2 syntax ──► Regexp: Match, Find, Each
//	                          └─ what RE2 cannot do: 0A000
//
// Vocabulary: ARE is PostgreSQL's advanced regular expression, the only flavour here besides
// literal patterns (flag q).
//
// Pure; a Regexp is safe for concurrent use.
//
// Non-obvious:
//   - Matching is linear in the text: back references and look-around, which would not be,
//     are refused.
//   - A match is the leftmost and, unless every quantifier is non-greedy, the longest one. A
//     pattern that mixes greedy and non-greedy quantifiers can be tested, not searched: which
//     text matches would differ from PostgreSQL.
//   - Dot and negated brackets match a newline, ^ and $ only the ends, unless flag n says otherwise.
package regex
