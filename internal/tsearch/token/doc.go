// Package token cuts a text into the tokens of PostgreSQL's default text search parser.
//
//	text ──Parser.Next──► token: a type (asciiword, email, url, uint, tag, …) and a piece of the text
//
// The parser is a table: for each state the tests of the next character in order, each with what to do (states.go). A test may put
// the place and state aside (push) and try a longer token; where that fails the parser goes back (pop) and takes the next test. A
// hyphenated word is one token, then its parts; a URL is one token, then its host and its path.
//
// A Parser is for one goroutine. The tests know Unicode as glibc's C.UTF-8 does.
//
// Non-obvious: an e-mail address or a URL is found by a parser of the rest of the text, which is asked for a host or a path.
package token
