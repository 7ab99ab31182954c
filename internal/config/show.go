package config

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/internal/redact"
)

// Value is a setting with its value, as SHOW ALL and the settings table of the SQL side print it.
type Value struct {
	*Definition
	Text   string // secrets in it are masked
	Source string // "default", a flag, a variable, or a line of a file
}

// Default returns the settings of a server that was told nothing.
func Default() *Settings {
	s := &Settings{sources: map[string]string{}}
	s.definitions()
	s.derive()
	return s
}

// Given reports whether a setting was given, by a flag, a variable or a file.
func (s *Settings) Given(name string) bool { return s.sources[name] != "" }

// Definitions returns what there is to set, in the order it is documented.
func Definitions() []*Definition { return new(Settings).definitions() }

// Values returns all settings in the order they are documented.
func (s *Settings) Values() []Value {
	kept := *s
	defs := kept.definitionsOver()
	out := make([]Value, 0, len(defs))
	for _, d := range defs {
		source := s.sources[d.Name]
		if source == "" {
			source = "default"
		}
		text := d.show()
		if d.Kind == String {
			text = redact.URL(text)
		}
		out = append(out, Value{Definition: d, Text: text, Source: source})
	}
	return out
}

// definitionsOver are the definitions bound to s as it is: making them alone writes defaults.
func (s *Settings) definitionsOver() []*Definition {
	kept := *s
	defs := s.definitions()
	*s = kept
	return defs
}

// Show returns a setting's value as SHOW prints it, secrets masked; names are the same in any case.
func (s *Settings) Show(name string) (string, bool) {
	for _, v := range s.Values() {
		if strings.EqualFold(v.Name, name) {
			return v.Text, true
		}
	}
	return "", false
}

// Markdown returns docs/settings.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Settings

Generated from internal/config; do not edit. ` + "`go test ./internal/config -update`" + ` writes it.

Each setting is a flag (` + "`--data-dir`" + `), an environment variable (` + "`TRIBUTARY_DATA_DIR`" + `), a line of the
file that ` + "`--config`" + ` names (` + "`data_dir = './x'`" + `, postgresql.conf syntax), and can be read with
` + "`SHOW data_dir`" + `. A flag wins over the variable, the variable over the file, the file over the default.
Sizes take B, kB, MB, GB, TB (each 1024 of the one before; a bare number is bytes); times take us, ms, s, min,
h, d (a bare number is milliseconds). ` + "`tributary help settings`" + ` prints the same.
`)
	heading := ""
	for _, d := range Definitions() {
		if d.Group != heading {
			heading = d.Group
			fmt.Fprintf(&b, "\n## %s\n\n| setting | type | default | range | meaning |\n|---|---|---|---|---|\n", heading)
		}
		def, limits := code(d.Default), ""
		switch {
		case d.Min != "" && d.Max != "":
			limits = d.Min + " to " + d.Max
		case len(d.Choices) > 0:
			for i, c := range d.Choices {
				if i > 0 {
					limits += ", "
				}
				limits += code(c)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", code(d.Name), d.Kind, def, limits, d.Doc)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
