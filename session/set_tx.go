package session

import (
	"maps"
	"slices"
	"strings"
)

// txSettings undoes settings at a transaction's end: all that were set when it rolls back, those of
// SET LOCAL when it commits.
type txSettings struct {
	values []string // at BEGIN
	custom map[string]string
	local  map[string]string // by name in lower case: the value under SET LOCAL's
}

func (s *Session) saveSettings() txSettings {
	return txSettings{values: slices.Clone(s.set.values), custom: maps.Clone(s.set.custom), local: map[string]string{}}
}

// keepSettings is called before a setting changes: a transaction that rolls back, in a block or
// not, takes the change with it.
func (s *Session) keepSettings() {
	if s.tx.saved.values == nil {
		s.tx.saved = s.saveSettings()
	}
}

// noteSet is called before a SET.
func (s *Session) noteSet(name string, local bool) {
	low := strings.ToLower(name)
	s.keepSettings()
	if !local {
		delete(s.tx.saved.local, low)
	} else if _, noted := s.tx.saved.local[low]; !noted {
		if _, value, err := s.set.show(low); err == nil {
			s.tx.saved.local[low] = value
		}
	}
}

// undoSettings ends the transaction for the settings.
func (s *Session) undoSettings(rolledBack bool) {
	if s.tx.saved.values == nil {
		return
	}
	for i := range settingList {
		want, changed := s.tx.saved.local[strings.ToLower(settingList[i].name)]
		if rolledBack {
			want, changed = s.tx.saved.values[i], true
		}
		if changed && want != s.set.values[i] {
			s.report(s.set.put(i, want))
		}
	}
	if rolledBack {
		s.set.custom = s.tx.saved.custom
		return
	}
	for name, value := range s.tx.saved.local {
		if strings.Contains(name, ".") {
			s.set.custom[name] = value
		}
	}
}
