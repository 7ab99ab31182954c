package catalog

import "slices"

// Setting is a parameter that sessions begin with (ALTER ROLE … SET, ALTER DATABASE … SET).
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Here: it was said of this database, IN DATABASE, and is stronger than what was said of any.
	Here bool `json:"here,omitempty"`
}

// WithSetting is a list with a parameter set.
func WithSetting(list []Setting, to Setting) []Setting {
	at := slices.IndexFunc(list, func(s Setting) bool { return s.Name == to.Name && s.Here == to.Here })
	if at < 0 {
		return append(slices.Clone(list), to)
	}
	list = slices.Clone(list)
	list[at] = to
	return list
}

// WithoutSettings is a list without a parameter, "" = without any.
func WithoutSettings(list []Setting, name string, here bool) []Setting {
	return slices.DeleteFunc(slices.Clone(list), func(s Setting) bool { return s.Here == here && (name == "" || s.Name == name) })
}

// SettingsOf are what a session of a role begins with, the weaker ones first.
func (s *Snapshot) SettingsOf(role OID) (out []Setting) {
	var all, own []Setting
	if d, ok := s.Database(); ok {
		all = d.RoleSettings
	}
	if r, ok := s.RoleOf(role); ok {
		own = r.Role.Settings
	}
	for _, list := range [][]Setting{all, own} {
		for _, here := range []bool{false, true} {
			for _, set := range list {
				if set.Here == here {
					out = append(out, set)
				}
			}
		}
	}
	return out
}
