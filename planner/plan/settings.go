package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/internal/tsearch"
)

// Frozen are the session settings that Settings are made of, with what they are where nobody has said
// anything. A derived relation keeps those of its creator.
var Frozen = []struct{ Name, Value string }{
	{"TimeZone", "UTC"}, {"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"},
	{"extra_float_digits", "1"}, {"bytea_output", "hex"}, {"search_path", `"$user", public`},
	{"default_text_search_config", "pg_catalog.english"},
}

// FrozenSettings are the settings that a relation keeps.
func FrozenSettings(kept map[string]string) Settings {
	return SettingsOf(func(name string) string {
		if v, ok := kept[name]; ok {
			return v
		}
		for _, f := range Frozen {
			if f.Name == name {
				return f.Value
			}
		}
		return ""
	})
}

// SettingsOf makes Settings of the values of Frozen, which were checked when they were set, and of
// session_authorization.
func SettingsOf(value func(name string) string) Settings {
	_, loc, _ := datetime.ZoneOfSetting(value("TimeZone"))
	config, _ := tsearch.ConfigNamed(strings.TrimPrefix(value("default_text_search_config"), "pg_catalog."))
	digits, _ := strconv.Atoi(value("extra_float_digits"))
	return Settings{
		TimeZone: value("TimeZone"), Location: loc, DateStyle: value("DateStyle"), IntervalStyle: value("IntervalStyle"),
		ExtraFloatDigits: digits, ByteaOutput: value("bytea_output"), SearchPath: searchPath(value("search_path"), value("session_authorization")),
		TextSearchConfig: config,
	}
}

// searchPath is search_path as schemas; "$user" is the one that is called as the user. Those of the system are searched by
// themselves, and a user of their name has none.
func searchPath(text, user string) []string {
	names, _ := ident.List(text) // checked when it was set
	out := []string{}
	for _, name := range names {
		if name == "$user" {
			if name = user; catalog.SystemSchema(user) {
				continue
			}
		}
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
