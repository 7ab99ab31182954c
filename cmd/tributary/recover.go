package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// newRecover is `tributary recover`.
func newRecover() *cobra.Command {
	c := &cobra.Command{
		Use:   "recover",
		Short: "Make a data directory anew from the object store alone",
		Long: `Makes the data directory of a database anew from its object store, where the server ran with durability = object: every
commit that was acknowledged, consumer groups with their offsets, roles and passwords. The directory must be empty. Checksums
of the metadata and of all records are verified, for which every object is read once; --quick leaves the records out. What is missing
or damaged is refused, with what is lost and the flag that goes on without it.

A new timeline begins: Kafka clients see a new leader epoch. A server that still writes to the object store
acknowledges nothing any more and stops.`,
		Example: `  tributary recover --object-store 's3://bucket/prefix?region=eu-central-1' --data-dir /var/lib/tributary
  tributary recover --object-store file:///mnt/objects --data-dir ./tributary-data
  tributary recover --object-store file:///mnt/objects --data-dir ./tributary-data --accept-loss 1:1042`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	loader := storageFlags(c, "data-dir", "meta", "config", "object-store", "accept-loss", "broker-id")
	quick := c.Flags().Bool("quick", false, "look at names and sizes of the objects with records, and do not read them")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, warnings, err := loader.Load(os.Environ())
		if err != nil {
			return err
		}
		logger := newLogger(cfg, os.Stderr)
		for _, w := range warnings {
			logger.Warn(w)
		}
		syscall.Umask(0o077)
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		r, err := server.Recover(ctx, cfg, logger, *quick)
		if err != nil {
			return err
		}
		return r.Report(c.OutOrStdout(), cfg)
	}
	return c
}

// storageFlags gives c the settings of the server, and shows those that it reads.
func storageFlags(c *cobra.Command, shown ...string) *config.Loader {
	loader := config.NewLoader(c.Flags())
	c.Flags().VisitAll(func(f *pflag.Flag) {
		f.Hidden = true
		for _, name := range shown {
			f.Hidden = f.Hidden && f.Name != name
		}
	})
	return loader
}
