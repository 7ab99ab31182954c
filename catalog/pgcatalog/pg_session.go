package pgcatalog

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog/system"
)

// settingRows is pg_settings: the run-time parameters of the session, and the server's settings, which a start takes.
func settingRows(_ *View, f system.Facts, _ system.Key, add system.Adder) error {
	if f.Asker() == nil {
		return nil
	}
	session := map[string]bool{}
	for _, s := range f.Asker().SessionSettings() {
		context, source := "user", "session"
		if s.Fixed {
			context = "internal"
		}
		if s.Value == s.Boot {
			source = "default"
		}
		var values, unit any
		if s.Unit != "" {
			unit = s.Unit
		}
		if s.Type == "enum" {
			values = s.Values
		}
		err := add(s.Name, s.Value, unit, "Client Connection Defaults", s.Doc, nil, context, s.Type, source, nil, nil, values,
			s.Boot, s.Reset, nil, nil, false)
		if err != nil {
			return err
		}
		session[s.Name] = true
	}
	for _, s := range f.Settings() {
		if session[s.Name] { // the server's is the default of it
			continue
		}
		source, kind := "configuration file", "string"
		if s.Source == "default" {
			source = "default"
		}
		if _, err := strconv.ParseInt(s.Value, 10, 64); err == nil {
			kind = "integer"
		} else if s.Value == "on" || s.Value == "off" {
			kind = "bool"
		}
		err := add(s.Name, s.Value, nil, "Server", s.Doc, nil, "postmaster", kind, source, nil, nil, nil, nil, s.Value, nil, nil, false)
		if err != nil {
			return err
		}
	}
	return nil
}

// preparedRows is pg_prepared_statements.
func preparedRows(_ *View, f system.Facts, _ system.Key, add system.Adder) error {
	if f.Asker() == nil {
		return nil
	}
	for _, p := range f.Asker().Prepared() {
		if err := add(p.Name, p.Statement, p.Since, p.Parameters, p.SQL, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// cursorRows is pg_cursors.
func cursorRows(_ *View, f system.Facts, _ system.Key, add system.Adder) error {
	if f.Asker() == nil {
		return nil
	}
	for _, c := range f.Asker().Cursors() {
		if err := add(c.Name, c.Statement, c.Holdable, c.Binary, c.Scrollable, c.Declared); err != nil {
			return err
		}
	}
	return nil
}
