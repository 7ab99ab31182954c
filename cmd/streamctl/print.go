package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// column of a table: its name in JSON; the heading is its upper case.
type column = string

// rows are what a command lists.
type rows struct {
	columns []column
	values  [][]any
}

func (r *rows) add(values ...any) { r.values = append(r.values, values) }

// print writes the rows as a table, or as JSON: one array of objects.
func (a *app) print(w io.Writer, r rows) error {
	if a.json() {
		out := make([]ordered, len(r.values))
		for i, v := range r.values {
			out[i] = ordered{r.columns, v}
		}
		return writeJSON(w, out)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	headings := make([]string, len(r.columns))
	for i, c := range r.columns {
		headings[i] = strings.ToUpper(strings.ReplaceAll(c, "_", "-"))
	}
	fmt.Fprintln(t, strings.Join(headings, "\t"))
	for _, values := range r.values {
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = cell(v)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// cell is a value as people read it. What would break the table's lines is escaped.
func cell(v any) string {
	if v == nil {
		return "-"
	}
	text := fmt.Sprint(v)
	if strings.ContainsAny(text, "\t\n\r\v\f\x1b") {
		text = strings.Trim(fmt.Sprintf("%q", text), `"`)
	}
	return text
}

// said reports what a command did: a line for people, an object for programs.
func (a *app) said(w io.Writer, line string, columns []column, values ...any) error {
	if a.json() {
		return writeJSON(w, ordered{columns, values})
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// ordered is a JSON object whose members stand in the order of the columns.
type ordered struct {
	columns []column
	values  []any
}

func (o ordered) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, c := range o.columns {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
