package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tributary-db/tributary/internal/suggest"
)

// ErrSetting marks every error of a setting: the start ends with it in one line.
var ErrSetting = errors.New("bad setting")

const (
	fileFlag     = "config"
	fileVariable = "TRIBUTARY_CONFIG"
	testPrefix   = "TRIBUTARY_TEST_"
)

// Loader collects the flags and turns them, the environment and a file into Settings.
type Loader struct {
	flags *pflag.FlagSet
	file  *string
	given map[string]*string // by setting name
}

// NewLoader adds a flag for every setting, and --config, to flags.
func NewLoader(flags *pflag.FlagSet) *Loader {
	l := &Loader{flags: flags, given: map[string]*string{}}
	l.file = flags.String(fileFlag, "", "file of settings, in the syntax of postgresql.conf")
	for _, d := range new(Settings).definitions() {
		v := &flagValue{text: d.Default, kind: d.Kind}
		l.given[d.Name] = &v.text
		f := flags.VarPF(v, d.Flag(), "", usage(d))
		if d.Kind == Bool {
			f.NoOptDefVal = "on"
		}
	}
	return l
}

// flagValue keeps a flag's text; it is checked by Load, so that all errors read the same.
type flagValue struct {
	text string
	kind Kind
}

func (v *flagValue) Set(s string) error { v.text = s; return nil }
func (v *flagValue) String() string     { return v.text }
func (v *flagValue) Type() string       { return string(v.kind) }

func usage(d *Definition) string {
	s := strings.ReplaceAll(strings.TrimSuffix(d.Doc, "."), "`", "'")
	if len(d.Choices) > 0 {
		s += " (" + strings.Join(d.Choices, " | ") + ")"
	}
	return s
}

// Load makes the settings after the flags were parsed. environ is os.Environ's form. The
// warnings are for the log. Every error wraps ErrSetting.
func (l *Loader) Load(environ []string) (s *Settings, warnings []string, err error) {
	s = &Settings{sources: map[string]string{}}
	byName := map[string]*Definition{}
	for _, d := range s.definitions() {
		byName[d.Name] = d
	}
	env, warnings := variables(environ, byName)
	path := env[fileFlag].text
	if l.flags.Changed(fileFlag) {
		path = *l.file
	}
	layers := []map[string]given{nil, env, {}}
	if path != "" {
		if layers[0], err = readFile(path); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrSetting, err)
		}
	}
	for name, text := range l.given {
		if flag := byName[name].Flag(); l.flags.Changed(flag) {
			layers[2][name] = given{*text, "flag --" + flag}
		}
	}
	for _, layer := range layers {
		for name, g := range layer {
			d := byName[name]
			switch {
			case d != nil:
			case name == fileFlag && g.from == fileVariable:
				continue
			default:
				return nil, nil, fmt.Errorf("%w: %s: unknown setting %q%s", ErrSetting, g.from, name, meant(name, byName, (*Definition).name))
			}
			if err := d.set(g.text); err != nil {
				return nil, nil, fmt.Errorf("%w: %s, from %s: %w", ErrSetting, name, g.from, err)
			}
			s.sources[name] = g.from
		}
	}
	s.derive()
	if err := s.check(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSetting, err)
	}
	return s, warnings, nil
}

// given is a value's text and where it came from.
type given struct{ text, from string }

// variables picks the settings out of the environment.
func variables(environ []string, byName map[string]*Definition) (map[string]given, []string) {
	out := map[string]given{}
	var warnings []string
	for _, item := range environ {
		variable, value, _ := strings.Cut(item, "=")
		name, ok := strings.CutPrefix(variable, "TRIBUTARY_")
		if !ok || strings.HasPrefix(variable, testPrefix) {
			continue
		}
		name = strings.ToLower(name)
		if byName[name] == nil && name != fileFlag {
			warnings = append(warnings, "environment variable "+variable+" is no setting"+meant(name, byName, (*Definition).Variable))
			continue
		}
		out[name] = given{value, variable}
	}
	return out, warnings
}

// meant is the end of a message about a setting that does not exist: the one that is near, as shown
// writes it.
func meant(name string, byName map[string]*Definition, shown func(*Definition) string) string {
	near := suggest.Nearest(name, maps.Keys(byName))
	if near == "" {
		return ""
	}
	return ", did you mean " + shown(byName[near]) + "?"
}

func readFile(path string) (map[string]given, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseFile(path, string(src))
}
