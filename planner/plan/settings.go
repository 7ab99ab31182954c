package plan

import (
	"strconv"
	"strings"
	"time"
)

// Frozen are the session settings that Settings are made of, with what they are where nobody has said
// anything. A derived relation keeps those of its creator.
var Frozen = []struct{ Name, Value string }{
	{"TimeZone", "UTC"}, {"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"},
	{"extra_float_digits", "1"}, {"bytea_output", "hex"}, {"search_path", `"$user", public`},
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

// SettingsOf makes Settings of the values of Frozen, which were checked when they were set.
func SettingsOf(value func(name string) string) Settings {
	loc, _ := time.LoadLocation(value("TimeZone"))
	digits, _ := strconv.Atoi(value("extra_float_digits"))
	return Settings{
		TimeZone: value("TimeZone"), Location: loc, DateStyle: value("DateStyle"), IntervalStyle: value("IntervalStyle"),
		ExtraFloatDigits: digits, ByteaOutput: value("bytea_output"), SearchPath: searchPath(value("search_path")),
	}
}

// searchPath is search_path as schemas; "$user" names none here.
func searchPath(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if unquoted, ok := strings.CutPrefix(part, `"`); ok {
			part = strings.ReplaceAll(strings.TrimSuffix(unquoted, `"`), `""`, `"`)
		} else {
			part = strings.ToLower(part)
		}
		if part != "" && part != "$user" {
			out = append(out, part)
		}
	}
	return out
}
