package topicconfig

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Check tells what is wrong with a topic's configurations as a whole, in Kafka's words; "" if
// nothing.
func Check(configs map[string]string) string {
	for name, value := range configs {
		if wrong := CheckOne(name, value); wrong != "" {
			return wrong
		}
	}
	if low, high := number(configs, minCompactionLag), number(configs, maxCompactionLag); low > high {
		return fmt.Sprintf("conflict topic config setting %s (%d) > %s (%d)", minCompactionLag, low, maxCompactionLag, high)
	}
	return ""
}

// CheckOne tells what is wrong with one of them, "" if nothing.
func CheckOne(name, value string) string {
	d := Find(name)
	switch {
	case d == nil:
		return fmt.Sprintf("unknown topic config name: %s", name)
	case !d.Valid(value):
		return fmt.Sprintf("invalid value %s for configuration %s", value, name)
	}
	return ""
}

// Values are what the log acts on.
type Values struct {
	Delete, Compact bool          // the cleanup policy
	Retention       time.Duration // Forever = without end
	RetentionBytes  int64         // of a partition; below 0 any number
	LogAppendTime   bool
	MaxMessageBytes int64
	// Of log compaction: how long a record stays at least and at most before it may be compacted, how
	// long a tombstone stays then, and the share of bytes that makes it due.
	LeastLag, MostLag, DeleteRetention time.Duration
	DirtyRatio                         float64
	// Timestamps may be that far ahead of the clock, and behind it; Forever = any.
	Ahead, Behind time.Duration
}

// Forever is a time without end.
const Forever = time.Duration(math.MaxInt64)

// Of reads the configurations of a topic. What Check would refuse counts as not set.
func Of(configs map[string]string) Values {
	policy := Items(Value(configs, CleanupPolicy))
	return Values{
		Delete: slices.Contains(policy, "delete"), Compact: slices.Contains(policy, "compact"),
		Retention: millis(number(configs, RetentionMillis)), RetentionBytes: number(configs, RetentionBytes),
		LogAppendTime:   Value(configs, TimestampType) == "LogAppendTime",
		MaxMessageBytes: number(configs, MaxMessageBytes),
		LeastLag:        millis(number(configs, minCompactionLag)), MostLag: millis(number(configs, maxCompactionLag)),
		DeleteRetention: millis(number(configs, deleteRetention)), DirtyRatio: share(configs, dirtyRatio),
		Ahead: millis(number(configs, TimestampAfter)), Behind: millis(number(configs, TimestampBefore)),
	}
}

// Value of one configuration: what is set, or else its default.
func Value(configs map[string]string, name string) string {
	d := Find(name)
	if v, ok := configs[name]; ok && d.Valid(v) {
		return v
	}
	return d.Default
}

func number(configs map[string]string, name string) int64 {
	n, _ := strconv.ParseInt(Value(configs, name), 10, 64) // defaults and valid values are numbers
	return n
}

func share(configs map[string]string, name string) float64 {
	f, _ := strconv.ParseFloat(Value(configs, name), 64) // as number
	return f
}

func millis(n int64) time.Duration {
	if n < 0 || n > int64(Forever/time.Millisecond) {
		return Forever
	}
	return time.Duration(n) * time.Millisecond
}

// OptionName is a configuration as SQL may also write it, with underscores.
func OptionName(name string) string { return strings.ReplaceAll(name, ".", "_") }

// FromOption finds a configuration by its name or by the one of its option; nil if there is none.
func FromOption(option string) *Def { return Find(strings.ReplaceAll(option, "_", ".")) }
