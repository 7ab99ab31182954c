package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/internal/cli"
)

// app is what all commands share: where the server is, who asks, and how to print.
type app struct {
	brokers, sql string
	user         string
	passwordFile string
	tls          bool
	tlsCA        string
	output       string
}

func (a *app) flags(f *pflag.FlagSet) {
	f.StringVar(&a.brokers, "brokers", env("STREAMCTL_BROKERS", "127.0.0.1:9092"), "Kafka addresses, separated by commas (STREAMCTL_BROKERS)")
	f.StringVar(&a.sql, "sql-address", env("STREAMCTL_SQL_ADDRESS", "127.0.0.1:7432"), "address of SQL (STREAMCTL_SQL_ADDRESS)")
	f.StringVar(&a.user, "user", env("STREAMCTL_USER", ""), "role to log in as; its password is in --password-file or STREAMCTL_PASSWORD (STREAMCTL_USER)")
	f.StringVar(&a.passwordFile, "password-file", env("STREAMCTL_PASSWORD_FILE", ""), "file whose first line is the password (STREAMCTL_PASSWORD_FILE)")
	f.BoolVar(&a.tls, "tls", false, "use TLS, and check the server's certificate")
	f.StringVar(&a.tlsCA, "tls-ca", "", "file of the certificates that sign the server's (implies --tls); without it the system's")
	f.StringVarP(&a.output, "output", "o", "table", "table, or json")
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func (a *app) check() error {
	if a.output != "table" && a.output != "json" {
		return cli.Usage("--output is %q: want table or json", a.output)
	}
	if a.passwordFile != "" && a.user == "" {
		return cli.Usage("--password-file without --user")
	}
	return nil
}

// json tells whether the output is for programs.
func (a *app) json() bool { return a.output == "json" }

func (a *app) password() (string, error) {
	if a.passwordFile == "" {
		return os.Getenv("STREAMCTL_PASSWORD"), nil
	}
	text, err := os.ReadFile(a.passwordFile)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// tlsConfig is nil without TLS.
func (a *app) tlsConfig() (*tls.Config, error) {
	if !a.tls && a.tlsCA == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.tlsCA != "" {
		text, err := os.ReadFile(a.tlsCA)
		if err != nil {
			return nil, err
		}
		if cfg.RootCAs = x509.NewCertPool(); !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate", a.tlsCA)
		}
	}
	return cfg, nil
}

// kafka connects; the caller closes.
func (a *app) kafka(ctx context.Context, opts ...kgo.Opt) (*kgo.Client, error) {
	base := []kgo.Opt{kgo.SeedBrokers(strings.Split(a.brokers, ",")...), kgo.ClientID("streamctl")}
	cfg, err := a.tlsConfig()
	if err != nil {
		return nil, err
	}
	if cfg != nil {
		base = append(base, kgo.DialTLSConfig(cfg))
	}
	if a.user != "" {
		password, err := a.password()
		if err != nil {
			return nil, err
		}
		base = append(base, kgo.SASL(scram.Auth{User: a.user, Pass: password}.AsSha256Mechanism()))
	}
	// why a client for it: the other asks again for long, and a wrong address is to be told at once.
	probe, err := kgo.NewClient(append(slices.Clone(base), kgo.RequestRetries(1))...)
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	if err := probe.Ping(ctx); err != nil {
		return nil, fmt.Errorf("connect to Kafka at %s: %w", a.brokers, err)
	}
	return kgo.NewClient(append(base, opts...)...)
}

// admin connects; the caller closes.
func (a *app) admin(ctx context.Context) (*kadm.Client, error) {
	cl, err := a.kafka(ctx)
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(cl), nil
}

// connect opens SQL; the caller closes.
func (a *app) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig("")
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(a.sql)
	if err != nil {
		return nil, cli.Usage("--sql-address %q: %w", a.sql, err)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return nil, cli.Usage("--sql-address %q: %w", a.sql, err)
	}
	cfg.Host, cfg.Port, cfg.Database, cfg.User = host, uint16(number), "tributary", "tributary"
	cfg.Fallbacks = nil
	if cfg.TLSConfig, err = a.tlsConfig(); err != nil {
		return nil, err
	}
	if cfg.TLSConfig != nil {
		cfg.TLSConfig.ServerName = host
	}
	cfg.RuntimeParams["application_name"] = "streamctl"
	if a.user != "" {
		cfg.User = a.user
		if cfg.Password, err = a.password(); err != nil {
			return nil, err
		}
	}
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to SQL at %s: %w", a.sql, err)
	}
	return c, nil
}

// errSome: what was wrong with some of what was asked has been printed with the rest.
var errSome = errors.New("not all of it could be done")
