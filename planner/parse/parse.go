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

// Parse reads the statements of a text, none for an empty one. Errors are *sqlerr.Error with
// Location set; no text, however hostile, ends the process. Statements may be kept; the tree
// inside is shared and must not be written.
//
// All positions in the trees are byte offsets in sql.
func Parse(sql string) ([]Statement, error) {
	if err := check(sql); err != nil {
		return nil, err
	}
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

// check is what must hold before any call into C.
func check(sql string) error {
	if strings.IndexByte(sql, 0) >= 0 {
		return sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00")
	}
	if !utf8.ValidString(sql) {
		for i, r := range sql {
			if r == utf8.RuneError && !strings.HasPrefix(sql[i:], "\uFFFD") {
				return sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x%02x", sql[i])
			}
		}
	}
	return checkSize(sql)
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
