package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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

// TestStopWithin: a stop that never ends does not keep the process, and one that ends is waited for.
func TestStopWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ever := make(chan struct{})
		began := time.Now()
		err := stopWithin(func(context.Context) error { <-ever; return nil }, 10*time.Second, 20*time.Second)
		if took := time.Since(began); !errors.Is(err, errStuck) || took != 30*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		close(ever)
		failed := errors.New("failed")
		err = stopWithin(func(ctx context.Context) error { <-ctx.Done(); return failed }, 10*time.Second, 20*time.Second)
		if !errors.Is(err, failed) {
			t.Error(err)
		}
	})
}
