package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/cores"
	"github.com/tributary-db/tributary/server"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "tributary",
		Short: "Serve SQL and Kafka over one log",
		Long: `Starts the server on its data directory. Every setting is a flag, a TRIBUTARY_* variable and a line of the
--config file; 'tributary help settings' has all that is to know of them.`,
		Example: `  tributary                                            on ./tributary-data, for this machine
  tributary --data-dir /var/lib/tributary --config /etc/tributary.conf
  tributary --object-store 's3://bucket/prefix?region=eu-central-1' --data-dir /var/lib/tributary
  tributary --auth scram-sha-256 --password-file pw --tls-cert server.crt --tls-key server.key \
      --pg-listen 0.0.0.0:7432 --kafka-listen 0.0.0.0:9092 --kafka-advertised db.example:9092
  TRIBUTARY_LOG_LEVEL=debug tributary
  tributary demo                                       an auction site that fills itself`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       server.Version,
	}
	loader := config.NewLoader(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, warnings, err := loader.Load(os.Environ())
		if err != nil {
			return err
		}
		return serve(c.Context(), cfg, warnings, c.OutOrStdout(), nil)
	}
	return c
}

// serve runs the server until a signal, then drains it. started, if not nil, is called once the
// server answers.
func serve(ctx context.Context, cfg *config.Settings, warnings []string, out io.Writer, started func(context.Context, *server.Server) error) error {
	if ctx == nil {
		ctx = context.Background()
	}
	syscall.Umask(0o077) // whatever is made from here on is the owner's alone
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := newLogger(cfg, os.Stderr)
	for _, w := range warnings {
		logger.Warn(w)
	}
	cores.MakeRoom()
	s, err := server.Start(ctx, cfg, logger)
	if err != nil {
		return err
	}
	banner(out, cfg, s)
	if started != nil {
		if err = started(ctx, s); err != nil && ctx.Err() != nil {
			err = nil // it was told to stop, which is no failure
		}
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case <-s.Lost():
			err = s.LostTo()
		}
	}
	stop() // a second signal ends the process at once
	logger.Info("stopping")
	if stopErr := stopWithin(s.Stop, cfg.ShutdownTimeout, server.CloseTimeout); stopErr != nil && err == nil {
		err = stopErr
	}
	return err
}

// errStuck: something could not be cut off. What was acknowledged is durable all the same.
var errStuck = errors.New("the server did not stop in time and was left as it was; the next start recovers")

// stopWithin stops the server: clients get drain, then all the rest gets more. Whatever a request
// does, the process ends then.
func stopWithin(stop func(context.Context) error, drain, more time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-clock.Real{}.After(drain + more):
		return errStuck
	}
}

func newLogger(cfg *config.Settings, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // an enum: checked when it was loaded
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// banner prints the lines to copy, and who may come in.
func banner(out io.Writer, cfg *config.Settings, s *server.Server) {
	pg, scheme := hostPort(s.PGAddr), "http"
	if cfg.HasTLS() {
		scheme = "https"
	}
	fmt.Fprintf(out, `Tributary %s, data in %s

  SQL      psql -h %s -p %s -U tributary tributary
  Kafka    kcat -b %s -L%s
  HTTP     curl %s://%s/healthz

First query:
  psql -h %s -p %s -U tributary tributary -c "SELECT version()"

`, server.Version, cfg.DataDir, pg[0], pg[1], s.KafkaAddr, kcatOptions(cfg), scheme, s.HTTPAddr, pg[0], pg[1])
	if cfg.Auth == "trust" {
		fmt.Fprint(out, "Anyone on this machine may connect without a password (auth = trust, loopback only).\n")
	} else {
		fmt.Fprint(out, "SQL, Kafka and HTTP ask for the password of the role tributary (auth = scram-sha-256).\n")
	}
	switch reached := cfg.Reached(); {
	case cfg.HasTLS():
		fmt.Fprintf(out, "TLS: SQL %s, Kafka %s, HTTP %s.\n", cfg.PGTLS, cfg.KafkaTLS, cfg.HTTPTLS)
	case len(reached) > 0:
		fmt.Fprintf(out, "What goes over %s can be read on the way: there is no tls_cert.\n", strings.Join(reached, " and "))
	}
	fmt.Fprint(out, "Ready.\n")
}

// kcatOptions are what kcat needs to log in; it asks for nothing by itself.
func kcatOptions(cfg *config.Settings) string {
	protocol := "SASL_PLAINTEXT"
	switch {
	case cfg.Auth == "trust" && !cfg.HasTLS():
		return ""
	case cfg.Auth == "trust":
		return " -X security.protocol=SSL"
	case cfg.HasTLS():
		protocol = "SASL_SSL"
	}
	return " -X security.protocol=" + protocol + " -X sasl.mechanisms=SCRAM-SHA-256 -X sasl.username=tributary -X sasl.password=…"
}
