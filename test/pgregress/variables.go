package pgregress

import (
	"os"
	"regexp"
	"strings"
)

// variables are those of psql, of one side: what \gset puts there may differ.
type variables map[string]string

// reference is :name, :'name' or :"name" where psql sees one. A cast's :: is none, nor is an array's slice [1:n].
var reference = regexp.MustCompile(`(^|[^:\w\]])(:(?:'\w+'|"\w+"|[A-Za-z_]\w*))`)

// put replaces the variables of a text. What is not set stays, as in psql.
func (v variables) put(text string) string {
	if len(v) == 0 || !strings.Contains(text, ":") {
		return text
	}
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		at := strings.IndexByte(found, ':')
		before, name := found[:at], found[at+1:]
		bare := strings.Trim(name, `'"`)
		value, ok := v[bare]
		switch {
		case !ok:
			return found
		case name[0] == '\'':
			return before + "'" + strings.ReplaceAll(value, "'", "''") + "'"
		case name[0] == '"':
			return before + `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		}
		return before + value
	})
}

// set runs \set and \getenv; every other command does nothing.
func (v variables) set(meta, folder string) {
	words := strings.Fields(meta)
	if len(words) < 2 {
		return
	}
	switch words[0] {
	case `\getenv`:
		if len(words) > 2 && strings.HasSuffix(words[2], "SRCDIR") {
			v[words[1]] = folder
		} else {
			v[words[1]] = os.TempDir()
		}
	case `\set`:
		var value strings.Builder
		for _, w := range words[2:] {
			if name, ok := strings.CutPrefix(w, ":"); ok {
				value.WriteString(v[name])
			} else {
				value.WriteString(strings.Trim(w, "'"))
			}
		}
		v[words[1]] = value.String()
	}
}
