package parse

import (
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Statement is one statement of a text.
type Statement struct {
	Body Body
	// Start and End are its span in the text, in bytes, without semicolon and blanks around.
	Start, End int
	// Tag names the statement as its command tag begins: "CREATE STREAM", "SELECT".
	Tag string
}

// Limits bound what a text may take. The zero value is what the server's own texts get.
type Limits struct {
	Bytes int // the longest text, 0 = MaxTextBytes
	// Charge is asked for memory before a tree is made (negative: that much was not kept);
	// nil = nobody counts.
	Charge func(bytes int64) error
}

// Parse reads the statements of a text of the server's own.
func Parse(sql string) ([]Statement, error) { return Limits{}.Parse(sql) }

// Parse reads the statements of a text, none for an empty one. Errors are *sqlerr.Error with
// Location set; no text, however hostile, ends the process. Statements may be kept; the tree
// inside is shared and must not be written. What was charged is kept when it succeeds.
//
// It cannot be stopped: a text takes up to a microsecond for each of its bytes, most of it in C.
//
// All positions in the trees are byte offsets in sql.
func (l Limits) Parse(sql string) ([]Statement, error) {
	tokens, err := l.check(sql)
	if err != nil {
		return nil, err
	}
	if l.Charge == nil {
		return parseText(sql)
	}
	atWork, kept := int64(tokens)*tokenBytesAtWork+int64(len(sql))*textBytesAtWork, int64(tokens)*tokenBytesKept
	if err := l.Charge(atWork); err != nil {
		return nil, err
	}
	stmts, err := parseText(sql)
	if err != nil {
		kept = 0
	}
	_ = l.Charge(kept - atWork) // giving back never fails
	return stmts, err
}

func parseText(sql string) ([]Statement, error) {
	tree, err := parseTree(sql)
	if err == nil {
		return convertAll(sql, tree, nil)
	}
	text, forms, ferr := rewrite(sql)
	switch {
	case ferr != nil:
		return nil, dialectHint(sql, ferr)
	case len(forms) == 0:
		return nil, dialectHint(sql, err)
	}
	tree, err = parseTree(text)
	if err != nil {
		return nil, dialectHint(sql, originalToken(err, sql))
	}
	return convertAll(sql, tree, forms)
}

// check is what must hold before any call into C. It gives the number of tokens.
func (l Limits) check(sql string) (tokens int, err error) {
	most := l.Bytes
	if most == 0 {
		most = MaxTextBytes
	}
	if len(sql) > most {
		return 0, sqlerr.New(sqlerr.ProgramLimitExceeded, "statement text of %d bytes exceeds the maximum of %d bytes", len(sql), most).
			WithHint("COPY takes rows of any number; parameters keep large values out of the text. The maximum is max_statement_bytes.")
	}
	if strings.IndexByte(sql, 0) >= 0 {
		return 0, sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00")
	}
	if !utf8.ValidString(sql) {
		for i, r := range sql {
			if r == utf8.RuneError && !strings.HasPrefix(sql[i:], "\uFFFD") {
				return 0, sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x%02x", sql[i])
			}
		}
	}
	return walk(sql)
}

// parseTree calls pg_query.
//
// REQUIRES: check passed on the text or on one that holds it.
func parseTree(sql string) (*pg.ParseResult, error) {
	tree, err := pg.Parse(sql)
	if err != nil {
		return nil, convertError(err, sql)
	}
	return tree, nil
}

// convertAll gives the statements of a tree in text order, those read by hand between them.
func convertAll(sql string, tree *pg.ParseResult, forms []form) ([]Statement, error) {
	out := make([]Statement, 0, len(tree.Stmts)+len(forms))
	for _, raw := range tree.Stmts {
		start, end := span(sql, raw)
		for len(forms) > 0 && forms[0].start < end && forms[0].kind == formByHand {
			out, forms = append(out, byHandStatement(&forms[0])), forms[1:]
		}
		var f *form
		if len(forms) > 0 && forms[0].start < end {
			f, forms = &forms[0], forms[1:]
			start, end = f.start, f.end
		}
		c := converter{sql: sql, form: f, start: start, end: end}
		if f != nil {
			if err := c.place(raw.Stmt, f.asOfs); err != nil {
				return nil, err
			}
		}
		body, err := c.statement(raw.Stmt)
		if err != nil {
			return nil, err
		}
		out = append(out, Statement{Body: body, Start: start, End: end, Tag: tagOf(body)})
	}
	for i := range forms {
		out = append(out, byHandStatement(&forms[i]))
	}
	return out, nil
}

func byHandStatement(f *form) Statement {
	return Statement{Body: f.body, Start: f.start, End: f.end, Tag: tagOf(f.body)}
}

// span is the text of a raw statement without blanks and comments before it.
func span(sql string, raw *pg.RawStmt) (start, end int) {
	start, end = int(raw.StmtLocation), len(sql)
	if raw.StmtLen > 0 {
		end = start + int(raw.StmtLen)
	}
	lx := lexer{src: sql[:end], pos: start}
	first := lx.next()
	start = int(first.start)
	return start, start + len(strings.TrimRight(sql[start:end], " \t\n\r\f\v"))
}
