package ident

import "strings"

// Split reads a name of parts with dots between them: words in lower case unless they are quoted. False: it
// is none.
func Split(text string) ([]string, bool) {
	var parts []string
	rest := strings.TrimSpace(text)
	for {
		part, after, ok := first(rest)
		if !ok {
			return nil, false
		}
		parts = append(parts, part)
		rest = strings.TrimSpace(after)
		if rest == "" {
			return parts, true
		}
		if rest[0] != '.' {
			return nil, false
		}
		rest = strings.TrimSpace(rest[1:])
	}
}

// List reads names with commas between them, as search_path has them: words in lower case unless they are quoted, which may
// be empty. Nothing is a list of none. False: it is no list.
func List(text string) ([]string, bool) {
	names := []string{}
	rest := strings.TrimSpace(text)
	if rest == "" {
		return names, true
	}
	for {
		var name string
		ok := true
		if empty, found := strings.CutPrefix(rest, `""`); found && !strings.HasPrefix(empty, `"`) {
			rest = empty
		} else if strings.HasPrefix(rest, `"`) {
			name, rest, ok = first(rest)
		} else {
			end := strings.IndexAny(rest, ", \t\n\r\f\v")
			if end < 0 {
				end = len(rest)
			}
			name, rest, ok = strings.ToLower(rest[:end]), rest[end:], end > 0
		}
		if !ok {
			return nil, false
		}
		names = append(names, name)
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return names, true
		}
		if rest[0] != ',' {
			return nil, false
		}
		rest = strings.TrimSpace(rest[1:])
	}
}

// first is the first part of a name, and what is behind it.
func first(text string) (part, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ". \t\n\r\f\v")
		if end < 0 {
			end = len(text)
		}
		return strings.ToLower(text[:end]), text[end:], end > 0
	}
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
			out.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '"':
			out.WriteByte('"')
			i++
		default:
			return out.String(), text[i+1:], out.Len() > 0
		}
	}
	return "", "", false
}
