package kafka

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// kcat runs the program, which speaks through librdkafka.
func (b *broker) kcat(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("kcat")
	if err != nil {
		t.Skip("kcat is not installed")
	}
	cmd := exec.CommandContext(testContext(t), path, append([]string{"-b", b.addr}, args...)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kcat %v: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

func TestKcat(t *testing.T) {
	b := startReal(t, nil)
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			var in strings.Builder
			for i := range 200 {
				fmt.Fprintf(&in, "k%d:value %d\n", i, i)
			}
			b.kcat(t, in.String(), "-P", "-t", "kcat-"+codec, "-K:", "-z", codec)
			got := b.kcat(t, "", "-C", "-t", "kcat-"+codec, "-e", "-q", "-K:", "-o", "beginning")
			if got != in.String() {
				t.Errorf("read back %d bytes, wrote %d", len(got), in.Len())
			}
		})
	}
	t.Run("list", func(t *testing.T) {
		if got := b.kcat(t, "", "-L", "-t", "kcat-none"); !strings.Contains(got, `topic "kcat-none" with 1 partitions`) {
			t.Error(got)
		}
	})
	t.Run("query", func(t *testing.T) {
		if got := b.kcat(t, "", "-Q", "-t", "kcat-none:0:-1"); !strings.Contains(got, "offset 200") {
			t.Error(got)
		}
	})
	t.Run("idempotent", func(t *testing.T) {
		b.kcat(t, "one\ntwo\n", "-P", "-t", "kcat-idem", "-X", "enable.idempotence=true")
		if got := b.kcat(t, "", "-C", "-t", "kcat-idem", "-e", "-q"); got != "one\ntwo\n" {
			t.Errorf("%q", got)
		}
	})
	t.Run("group", func(t *testing.T) {
		got := b.kcat(t, "", "-G", "kcat-group", "-e", "-q", "-X", "auto.offset.reset=earliest", "kcat-none")
		if strings.Count(got, "\n") != 200 {
			t.Errorf("%d lines", strings.Count(got, "\n"))
		}
	})
}
