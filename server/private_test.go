package server_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// settings are those of a server of its own in dir, on free ports.
func settings(dir string) *config.Settings {
	cfg := config.Default()
	cfg.DataDir = dir
	cfg.ObjectStore = "file://" + dir + "/objects"
	cfg.Meta = "pebble://" + dir + "/meta"
	cfg.PGListen, cfg.KafkaListen, cfg.HTTPListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

// refused starts a server that must not start, and returns what it says.
func refused(t *testing.T, cfg *config.Settings) string {
	t.Helper()
	s, err := server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		_ = s.Stop(context.Background()) // it should not run at all
		t.Fatal("it started")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
	return err.Error()
}

// TestPrivateFiles: nothing starts on files that others may read, write or have put in the way,
// and the refusal says what to do.
func TestPrivateFiles(t *testing.T) {
	private := func(t *testing.T) string {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	write := func(t *testing.T, path, text string, mode os.FileMode) string {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, mode := range []os.FileMode{0o777, 0o770, 0o750, 0o711, 0o704} {
		dir := private(t)
		write(t, filepath.Join(dir, "x"), "", 0o600)
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if got := refused(t, settings(dir)); !strings.Contains(got, "chmod 0700 "+dir) {
			t.Errorf("mode %o: %s", mode, got)
		}
	}
	t.Run("LOCK is a link", func(t *testing.T) {
		for _, link := range []func(from, to string) error{os.Symlink, os.Link} {
			dir := private(t)
			victim := write(t, filepath.Join(t.TempDir(), "victim"), "precious", 0o600)
			if err := link(victim, filepath.Join(dir, "LOCK")); err != nil {
				t.Fatal(err)
			}
			if got := refused(t, settings(dir)); !strings.Contains(got, "LOCK is a") {
				t.Error(got)
			}
			if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
				t.Errorf("the file behind the link is %q, %v", b, err)
			}
		}
	})
	t.Run("password file", func(t *testing.T) {
		cfg := settings(private(t))
		cfg.PasswordFile = write(t, filepath.Join(t.TempDir(), "password"), "secret\n", 0o644)
		if got := refused(t, cfg); !strings.Contains(got, "chmod 0600 "+cfg.PasswordFile) {
			t.Error(got)
		}
	})
	t.Run("an empty directory is made private", func(t *testing.T) {
		dir := private(t)
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		stop(t, start(t, t.Context(), settings(dir)))
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	})
}
