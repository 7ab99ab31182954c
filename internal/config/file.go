package config

import (
	"fmt"
	"strings"
)

// parseFile reads postgresql.conf's syntax: a name, an optional equals sign, a value that is
// a word or a quoted string; # begins a comment. The last line of a name counts.
func parseFile(path, src string) (map[string]given, error) {
	out := map[string]given{}
	for i, line := range strings.Split(src, "\n") {
		from := fmt.Sprintf("%s line %d", path, i+1)
		name, value, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		if name != "" {
			out[name] = given{value, from}
		}
	}
	return out, nil
}

// parseLine returns an empty name for a line that sets nothing.
func parseLine(line string) (name, value string, err error) {
	const space = " \t\r"
	line = strings.Trim(line, space)
	if line == "" || line[0] == '#' {
		return "", "", nil
	}
	end := strings.IndexAny(line, space+"=#'")
	if end < 0 {
		end = len(line)
	}
	if end == 0 {
		return "", "", fmt.Errorf("syntax error near %q", line)
	}
	name, rest := strings.ToLower(line[:end]), strings.TrimLeft(line[end:], space)
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), space)
	if rest == "" || rest[0] == '#' {
		return "", "", fmt.Errorf("setting %q has no value", name)
	}
	if rest[0] == '\'' {
		value, rest, err = unquote(rest)
	} else {
		end := strings.IndexAny(rest, space+"#")
		if end < 0 {
			end = len(rest)
		}
		value, rest = rest[:end], rest[end:]
	}
	if err != nil {
		return "", "", err
	}
	if rest = strings.TrimLeft(rest, space); rest != "" && rest[0] != '#' {
		return "", "", fmt.Errorf("syntax error near %q", rest)
	}
	return name, value, nil
}

// unquote reads a string in quotes, in which two quotes, and a backslash before one, are one.
func unquote(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'', s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '\'':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", fmt.Errorf("string without its closing quote")
}
