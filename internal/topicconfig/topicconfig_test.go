package topicconfig

import (
	"strings"
	"testing"
	"time"
)

// TestDefs: every configuration takes its own default, has words, and a name that SQL can write.
func TestDefs(t *testing.T) {
	for i := range Defs {
		d := &Defs[i]
		if !d.Valid(d.Default) {
			t.Errorf("%s refuses its default %q", d.Name, d.Default)
		}
		if d.Doc == "" || !strings.HasSuffix(d.Doc, ".") {
			t.Errorf("%s: documentation %q", d.Name, d.Doc)
		}
		if FromOption(OptionName(d.Name)) != d || Find(d.Name) != d {
			t.Errorf("%s is not found", d.Name)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, value string
		ok          bool
	}{
		{"retention.ms", "-1", true}, {"retention.ms", "0", true}, {"retention.ms", "-2", false}, {"retention.ms", "1.5", false},
		{"retention.ms", "", false}, {"retention.ms", "9223372036854775808", false},
		{"segment.bytes", "14", true}, {"segment.bytes", "13", false}, {"segment.bytes", "2147483648", false},
		{"cleanup.policy", "compact,delete", true}, {"cleanup.policy", "delete, compact", true}, {"cleanup.policy", "", false},
		{"cleanup.policy", "bogus", false}, {"min.cleanable.dirty.ratio", "NaN", false}, {"min.cleanable.dirty.ratio", "1", true},
		{"remote.storage.enable", "true", false}, {"unknown.name", "1", false},
	} {
		if got := Check(map[string]string{c.name: c.value}); (got == "") != c.ok {
			t.Errorf("%s = %q: %q", c.name, c.value, got)
		}
	}
	if Check(map[string]string{"min.compaction.lag.ms": "5", "max.compaction.lag.ms": "4"}) == "" {
		t.Error("a least lag above the largest is taken")
	}
}

func TestOf(t *testing.T) {
	v := Of(nil)
	if !v.Delete || v.Compact || v.Retention != 7*24*time.Hour || v.RetentionBytes != -1 || v.MaxMessageBytes != 1_048_588 || v.Behind != Forever {
		t.Errorf("defaults: %+v", v)
	}
	v = Of(map[string]string{"retention.ms": "-1", "cleanup.policy": "compact", "retention.bytes": "7", "message.timestamp.type": "LogAppendTime"})
	if v.Delete || !v.Compact || v.Retention != Forever || v.RetentionBytes != 7 || !v.LogAppendTime {
		t.Errorf("set: %+v", v)
	}
	if v = Of(map[string]string{"retention.ms": "x"}); v.Retention != 7*24*time.Hour {
		t.Errorf("a value that is none: %v", v.Retention)
	}
}
