package session

import (
	"strings"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/suggest"
)

// nearSetting is the setting, of the session or of the server, that was likely meant by a name that
// none has; empty: none is near.
func nearSetting(name string) string {
	return suggest.Nearest(name, func(yield func(string) bool) {
		for i := range settingList {
			if !yield(settingList[i].name) {
				return
			}
		}
		for _, d := range config.Definitions() {
			if !yield(d.Name) {
				return
			}
		}
	})
}

// isServerSetting reports whether the server has a setting of that name, which only a start sets.
func isServerSetting(name string) bool {
	for _, d := range config.Definitions() {
		if strings.EqualFold(d.Name, name) {
			return true
		}
	}
	return false
}

// nearTopic is the topic that was likely meant by a name that none has.
func (s *Session) nearTopic(name string) string {
	return suggest.Nearest(name, func(yield func(string) bool) {
		for _, t := range s.db.Log.Topics() {
			if !yield(t.Name) {
				return
			}
		}
	})
}
