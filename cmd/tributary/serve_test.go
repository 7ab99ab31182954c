package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestTakenPort: the start ends with one line that names the address.
func TestTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--pg-listen", "--kafka-listen", "--http-listen"} {
		args := []string{"--data-dir", filepath.Join(t.TempDir(), "data"),
			"--pg-listen", "127.0.0.1:0", "--kafka-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"}
		out, err := command(t, append(args, flag, taken.Addr().String())...)
		if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || strings.Contains(err.Error(), "\n") || out != "" {
			t.Errorf("%s: %v, printed %q", flag, err, out)
		}
	}
}
