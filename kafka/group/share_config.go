package group

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// ShareConfig is what holds for one share group.
type ShareConfig struct {
	Reset      string // where it begins: latest, earliest, or by_duration:PnDTnHnMnS
	Committed  bool   // it sees committed records alone
	Lock       time.Duration
	Session    time.Duration
	Heartbeat  time.Duration
	Deliveries int16
	MaxLocks   int64
}

// ConfigDef is one configuration of groups.
type ConfigDef struct {
	Name, Default, Doc string
	Number             bool
	valid              func(string) bool
}

// Names of configurations.
const (
	shareReset      = "share.auto.offset.reset"
	shareIsolation  = "share.isolation.level"
	shareLock       = "share.record.lock.duration.ms"
	shareSessionMs  = "share.session.timeout.ms"
	shareBeatMs     = "share.heartbeat.interval.ms"
	shareDeliveries = "share.delivery.count.limit"
	shareMaxLocks   = "share.partition.max.record.locks"
)

// ConfigDefs are the configurations of a group that can be changed: those of share groups. Bounds are Kafka's.
var ConfigDefs = []ConfigDef{
	{shareReset, "latest", "Where a share group begins that has no offset: latest, earliest, or by_duration: and an ISO 8601 duration before now.", false, validReset},
	{shareDeliveries, "5", "How often a record is delivered at most.", true, between(2, 10)},
	{shareBeatMs, "5000", "How often a member of a share group is to be heard of.", true, between(5000, 15_000)},
	{shareIsolation, "read_uncommitted", "Whether a share group sees records of transactions that are open or aborted.", false,
		func(v string) bool { return v == "read_committed" || v == "read_uncommitted" }},
	{shareMaxLocks, "2000", "How many records of a partition are under way between the first that is not done and the last that was delivered.", true, between(100, 10_000)},
	{shareLock, "30000", "How long a member may take for a record that it has acquired.", true, between(15_000, 60_000)},
	{shareSessionMs, "45000", "How long a member of a share group may be silent.", true, between(45_000, 60_000)},
}

func between(low, high int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && low <= n && n <= high
	}
}

func validReset(v string) bool {
	if d, ok := strings.CutPrefix(v, "by_duration:"); ok {
		_, err := isoDuration(d)
		return err == nil
	}
	return v == "latest" || v == "earliest"
}

// isoDuration reads PnDTnHnMn.nS.
func isoDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%w: %q is not an ISO 8601 duration", ErrInvalidRequest, s)
	rest, ok := strings.CutPrefix(strings.ToUpper(s), "P")
	days, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return 0, bad
	}
	var d time.Duration
	if days != "" {
		n, err := strconv.ParseInt(strings.TrimSuffix(days, "D"), 10, 32)
		if err != nil || !strings.HasSuffix(days, "D") || n < 0 || n > 36500 {
			return 0, bad
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if clock != "" {
		t, err := time.ParseDuration(strings.ToLower(clock))
		if err != nil || t < 0 || strings.ContainsAny(clock, "UN") || strings.Contains(clock, "MS") {
			return 0, bad
		}
		d += t
	}
	return d, nil
}

// ResetBefore is how long before now a group begins that does so by a duration.
func (c *ShareConfig) ResetBefore() (time.Duration, bool) {
	s, ok := strings.CutPrefix(c.Reset, "by_duration:")
	if !ok {
		return 0, false
	}
	d, err := isoDuration(s)
	return d, err == nil
}

// ShareConfig is what holds for a group now.
func (m *Machine) ShareConfig(groupID string) ShareConfig { return m.shareConfig(groupID) }

func (m *Machine) shareConfig(groupID string) ShareConfig {
	set := m.configs[groupID]
	text := func(name string) string {
		if v, ok := set[name]; ok {
			return v
		}
		for i := range ConfigDefs {
			if ConfigDefs[i].Name == name {
				return ConfigDefs[i].Default
			}
		}
		panic("group: configuration " + name)
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(text(name), 10, 64) // checked when it was set
		return n
	}
	millis := func(name string) time.Duration { return time.Duration(number(name)) * time.Millisecond }
	return ShareConfig{Reset: text(shareReset), Committed: text(shareIsolation) == "read_committed", Lock: millis(shareLock), Session: millis(shareSessionMs),
		Heartbeat: millis(shareBeatMs), Deliveries: int16(number(shareDeliveries)), MaxLocks: number(shareMaxLocks)}
}

// Configs that were set for a group; the map is the caller's.
func (m *Machine) Configs(groupID string) map[string]string { return maps.Clone(m.configs[groupID]) }

// ConfiguredGroups are the groups with configurations, by name.
func (m *Machine) ConfiguredGroups() []string { return slices.Sorted(maps.Keys(m.configs)) }

// CheckConfigs tells what is wrong with configurations of a group.
func CheckConfigs(set map[string]string) error {
	for name, value := range set {
		i := slices.IndexFunc(ConfigDefs, func(d ConfigDef) bool { return d.Name == name })
		switch {
		case i < 0:
			return fmt.Errorf("%w: unknown group config name: %s", ErrInvalidConfig, name)
		case !ConfigDefs[i].valid(value):
			return fmt.Errorf("%w: invalid value %q for configuration %s", ErrInvalidConfig, value, name)
		}
	}
	return nil
}

// SetConfigs gives a group its configurations, which CheckConfigs has found right; reply is called once they are durable.
func (m *Machine) SetConfigs(groupID string, set map[string]string, reply func(error)) {
	if m.configs[groupID] == nil && len(set) > 0 && len(m.configs) >= m.limits.MaxGroups {
		reply(ErrGroupFull)
		return
	}
	w := meta.Write{Key: append([]byte(configPrefix), groupID...)}
	if len(set) > 0 {
		w.Value = appendConfigs(nil, set)
	}
	m.store(func(_ time.Time, err error) {
		if err != nil {
			reply(ErrNotAvailable)
			return
		}
		m.setConfigs(groupID, set)
		reply(nil)
	}, w)
}

func (m *Machine) setConfigs(groupID string, set map[string]string) {
	if delete(m.configs, groupID); len(set) > 0 {
		m.configs[groupID] = set
	}
}
