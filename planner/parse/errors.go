package parse

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// convertError gives pg_query's error its SQLSTATE, which the library drops, and the byte
// offset of its place, which the library counts in characters from 1.
func convertError(err error, sql string) error {
	var perr *parser.Error
	if !errors.As(err, &perr) {
		if strings.Contains(err.Error(), "recursion") {
			return stackDepth()
		}
		return sqlerr.New(sqlerr.InternalError, "cannot read the parse tree: %v", err)
	}
	out := sqlerr.New(codeOf(perr.Message), "%s", perr.Message)
	if perr.Cursorpos > 0 {
		out.At(byteOffset(sql, perr.Cursorpos-1))
	}
	return out
}

// messageCodes are the parser's errors that are no syntax errors, by what their text holds.
var messageCodes = []struct {
	text string
	code sqlerr.Code
}{
	{"memory exhausted", sqlerr.StatementTooComplex},
	{"stack depth limit", sqlerr.StatementTooComplex},
	{"invalid Unicode", sqlerr.SyntaxError},
	{"invalid escape string", sqlerr.InvalidEscapeSequence},
	{"not supported", sqlerr.FeatureNotSupported},
	{"not implemented", sqlerr.FeatureNotSupported},
	{"not yet implemented", sqlerr.FeatureNotSupported},
	{"invalid byte sequence", sqlerr.CharacterNotInRepertoire},
	{"cannot have multiple", sqlerr.SyntaxError},
	{"frame", sqlerr.WindowingError},
	{"is reserved", sqlerr.ReservedName},
}

func codeOf(message string) sqlerr.Code {
	for _, m := range messageCodes {
		if strings.Contains(message, m.text) {
			return m.code
		}
	}
	return sqlerr.SyntaxError
}

// byteOffset is where character n (from 0) of a text begins.
func byteOffset(sql string, n int) int32 {
	for i := range sql {
		if n == 0 {
			return int32(i)
		}
		n--
	}
	return int32(len(sql))
}

// Position turns the byte offset that an error speaks of into the 1-based character that
// clients are told.
func Position(sql string, byteOffset int) int {
	if byteOffset > len(sql) {
		byteOffset = len(sql)
	}
	return utf8.RuneCountInString(sql[:byteOffset]) + 1
}

// originalToken makes a syntax error in a rewritten text quote what the user wrote.
func originalToken(err error, sql string) error {
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Location == 0 || !strings.HasPrefix(e.Message, "syntax error at or near") {
		return err
	}
	lx := lexer{src: sql, pos: e.Location - 1}
	if t := lx.next(); t.kind != tokEOF && int(t.start) == e.Location-1 {
		e.Message = "syntax error at or near \"" + lx.text(t) + "\""
	}
	return e
}
