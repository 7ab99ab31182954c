// Package regex runs PostgreSQL's regular expressions.
//
//	ARE pattern + flags ──Compile──► translated to RE2 syntax ──► Go's engine: Match, Find, Each
//	                                    │
//	                                    └─ what RE2 has no words for, or matches otherwise ──► tree: dissects the text
//
// Vocabulary: ARE is PostgreSQL's advanced regular expression, the only flavour here besides literal patterns (flag q). A special is
// a back reference, a look ahead or behind, or an edge of a word.
//
// Pure; a Regexp is safe for concurrent use.
//
// Non-obvious:
//   - Go's matching is linear in the text. A tree's is not: it remembers for each node and place where matches may end
//     (reach.go), which is bounded (0A000), and what back references make of it ends when the statement does.
//   - A match is the leftmost, and the longest or the shortest as the first quantifier says; of several ways to match it, the
//     first parts of the pattern have it their way (dissect.go). Go's engine finds the same where no quantifier is
//     non-greedy, or all are.
//   - Dot and negated brackets match a newline, ^ and $ only the ends, unless flag n says otherwise.
package regex
