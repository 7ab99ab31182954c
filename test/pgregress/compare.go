package pgregress

import (
	"fmt"
	"slices"
	"strings"
)

// verdict is how an answer compares.
type verdict int

const (
	equal      verdict = iota
	sayDiffers         // the same SQLSTATE with another text
	refused            // an error here where PostgreSQL has an answer
	accepted           // an answer here where PostgreSQL has an error
	differs            // another answer, or another SQLSTATE
)

// compare tells how the answer here compares with PostgreSQL's, and in what.
func compare(there, here outcome) (verdict, string) {
	switch {
	case there.state == "" && here.state != "":
		return refused, fmt.Sprintf("%s: %s", here.state, here.message)
	case there.state != "" && here.state == "":
		return accepted, fmt.Sprintf("no error, where PostgreSQL has %s: %s", there.state, there.message)
	case there.state != here.state:
		return differs, fmt.Sprintf("%s: %s, where PostgreSQL has %s: %s", here.state, here.message, there.state, there.message)
	case there.state != "" && there.message != here.message:
		return sayDiffers, fmt.Sprintf("%q, where PostgreSQL says %q", here.message, there.message)
	case len(there.results) != len(here.results):
		return differs, fmt.Sprintf("%d results, where PostgreSQL has %d", len(here.results), len(there.results))
	}
	for i := range there.results {
		if d := difference(there.results[i], here.results[i]); d != "" {
			return differs, d
		}
	}
	return equal, ""
}

func difference(there, here result) string {
	switch {
	case !slices.Equal(there.columns, here.columns):
		return fmt.Sprintf("columns %q, where PostgreSQL has %q", here.columns, there.columns)
	case there.tag != here.tag:
		return fmt.Sprintf("%s, where PostgreSQL has %s", here.tag, there.tag)
	}
	a, b := slices.Sorted(slices.Values(there.rows)), slices.Sorted(slices.Values(here.rows))
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("row %q, where PostgreSQL has %q", clip(b[i]), clip(a[i]))
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d rows, where PostgreSQL has %d", len(b), len(a))
	}
	return ""
}

func clip(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
