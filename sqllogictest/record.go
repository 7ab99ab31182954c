package sqllogictest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrSyntax says that a file is not in the dialect.
var ErrSyntax = errors.New("sqllogictest syntax")

// Names that skipif and onlyif know servers by. Tributary goes by both: what is meant for
// PostgreSQL is meant for it too, and what PostgreSQL lacks is onlyif tributary.
const (
	PostgreSQL = "postgresql"
	Tributary  = "tributary"
)

// Sort is how results are ordered before they are compared.
type Sort string

const (
	NoSort    Sort = "nosort"
	RowSort   Sort = "rowsort"
	ValueSort Sort = "valuesort"
)

// Record is one statement or query of a file.
type Record struct {
	Line  int // of the first line, conditions included, from 1
	SQL   string
	Retry int

	// Of a statement: Error with Code (may be empty) or success with Tag (may be empty).
	Statement bool
	Error     bool
	Code      string
	Tag       string

	// Of a query.
	Types string // "" = not yet known: written by Rewrite
	Sort  Sort
	Label string
	Rows  bool     // Want is rows joined by " | ", not values
	Want  []string // expected values or rows, unless Hash
	Hash  string   // MD5 of the values
	Count int      // number of values hashed

	excluded          bool // by a condition
	head, result, end int  // lines (from 0): the header, the "----" or -1, the line after the last
}

// Parse cuts a file into the records that apply to a server of these names, up to halt.
func Parse(src string, engines ...string) ([]*Record, error) {
	all, err := parseAll(src, engines)
	return slices.DeleteFunc(all, func(r *Record) bool { return r.excluded }), err
}

func parseAll(src string, engines []string) ([]*Record, error) {
	p := parser{lines: strings.Split(strings.ReplaceAll(src, "\r", ""), "\n"), engines: engines}
	return p.parse()
}

type parser struct {
	lines   []string
	engines []string
	at      int
	rows    bool
	skip    bool // a condition in front of the next record excludes it
	first   int  // line of the first condition in front, from 1, 0 = none
	retry   int
	records []*Record
}

func (p *parser) parse() ([]*Record, error) {
	for p.at < len(p.lines) {
		words := strings.Fields(p.lines[p.at])
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			p.at++
			continue
		}
		halt, err := p.directive(words)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrSyntax, p.at+1, err)
		}
		if halt {
			break
		}
	}
	return p.records, nil
}

// directive reads what begins on the current line.
//
//lint:dispatch
func (p *parser) directive(words []string) (halt bool, err error) {
	arg := ""
	if len(words) > 1 {
		arg = words[1]
	}
	switch words[0] {
	case "skipif", "onlyif":
		p.skip = p.skip || slices.Contains(p.engines, arg) == (words[0] == "skipif")
		if p.first == 0 {
			p.first = p.at + 1
		}
	case "hash-threshold":
	case "retry":
		if p.retry, err = strconv.Atoi(arg); err != nil {
			return false, fmt.Errorf("retry needs a number: %w", err)
		}
	case "mode":
		if arg != "rows" && arg != "values" {
			return false, fmt.Errorf("unknown mode %q", arg)
		}
		p.rows = arg == "rows"
	case "halt":
		if !p.skip {
			return true, nil
		}
		p.skip, p.first = false, 0
	case "statement", "query":
		return false, p.record(words)
	default:
		return false, fmt.Errorf("unknown directive %q", words[0])
	}
	p.at++
	return false, nil
}

func (p *parser) record(words []string) error {
	r := &Record{Line: p.at + 1, Retry: p.retry, Statement: words[0] == "statement", Sort: NoSort, Rows: p.rows, head: p.at, result: -1}
	if p.first > 0 {
		r.Line = p.first
	}
	skip := p.skip
	p.skip, p.first, p.retry = false, 0, 0
	var err error
	if r.Statement {
		err = r.statementHead(words[1:])
	} else {
		err = r.queryHead(words[1:])
	}
	if err != nil {
		return err
	}
	p.at++
	start := p.at
	for p.at < len(p.lines) && p.lines[p.at] != "----" && strings.TrimSpace(p.lines[p.at]) != "" {
		p.at++
	}
	r.SQL = strings.Join(p.lines[start:p.at], "\n")
	if p.at < len(p.lines) && p.lines[p.at] == "----" {
		r.result = p.at
		p.at++
		from := p.at
		for p.at < len(p.lines) && p.lines[p.at] != "" {
			p.at++
		}
		r.expect(p.lines[from:p.at])
	}
	r.end = p.at
	if r.SQL == "" {
		return fmt.Errorf("a record without SQL")
	}
	r.excluded = skip
	p.records = append(p.records, r)
	return nil
}

func (r *Record) statementHead(words []string) error {
	if len(words) > 0 {
		switch words[0] {
		case "ok":
			r.Tag = strings.Join(words[1:], " ")
			return nil
		case "error":
			r.Error = true
			if len(words) > 1 {
				r.Code = words[1]
			}
			return nil
		}
	}
	return fmt.Errorf("statement must be ok or error")
}

func (r *Record) queryHead(words []string) error {
	if len(words) == 0 {
		return nil
	}
	r.Types = words[0]
	if strings.Trim(r.Types, "ITR") != "" {
		return fmt.Errorf("query types %q are not of I, T, R", r.Types)
	}
	if len(words) > 1 {
		r.Sort = Sort(words[1])
		if r.Sort != NoSort && r.Sort != RowSort && r.Sort != ValueSort {
			return fmt.Errorf("unknown sort mode %q", words[1])
		}
	}
	if len(words) > 2 {
		r.Label = words[2]
	}
	return nil
}

// expect takes the lines of the expected result.
func (r *Record) expect(lines []string) {
	r.Want = lines
	if len(lines) != 1 {
		return
	}
	var count int
	var hash string
	if n, _ := fmt.Sscanf(lines[0], "%d values hashing to %32s", &count, &hash); n == 2 {
		r.Want, r.Count, r.Hash = nil, count, hash
	}
}
