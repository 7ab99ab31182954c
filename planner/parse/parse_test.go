package parse

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func TestParse(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			stmts, err := Parse(d.Input)
			if err != nil {
				return describeError(d.Input, err)
			}
			var b strings.Builder
			for _, s := range stmts {
				fmt.Fprintf(&b, "%s [%d,%d) %s\n", s.Tag, s.Start, s.End, dump(s.Body))
			}
			return b.String()
		})
	})
}

func describeError(sql string, err error) string {
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		return "not a sqlerr: " + err.Error()
	}
	out := fmt.Sprintf("ERROR %s: %s", e.Code, e.Message)
	if e.Location > 0 {
		out += fmt.Sprintf(" (position %d)", Position(sql, e.Location-1))
	}
	if e.Hint != "" {
		out += "\nHINT: " + e.Hint
	}
	return out + "\n"
}
