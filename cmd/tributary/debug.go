package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/segment"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// newDebug is `tributary debug`: what lies in the files of a server.
func newDebug() *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "debug", Short: "Print what lies in files of the server"})
	c.AddCommand(newDebugSegment(), newDebugLog(), newDebugCheckpoint())
	return c
}

func newDebugSegment() *cobra.Command {
	var o segment.DumpOptions
	c := &cobra.Command{
		Use:           "segment FILE",
		Short:         "Print a segment: header, index, runs, and records if asked",
		Example:       "  tributary debug segment tributary-data/objects/seg/…",
		Long:          "Prints a segment file (format STRM). Of a damaged one it prints what can be trusted, then what is wrong, and exits with 1.",
		Args:          cobra.ExactArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.Flags().BoolVar(&o.RecordBatches, "record-batches", false, "print the header of each record batch; verifies every byte")
	c.Flags().BoolVar(&o.Records, "records", false, "print each record")
	c.Flags().IntVar(&o.MaxValueBytes, "max-value-bytes", 120, "bytes of a key or value that are printed")
	c.RunE = func(c *cobra.Command, args []string) error {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return printed(c.OutOrStdout(), func(w io.Writer) error { return segment.Dump(w, f, info.Size(), o) })
	}
	return c
}

func newDebugCheckpoint() *cobra.Command {
	c := &cobra.Command{
		Use:     "checkpoint FILE",
		Short:   "Print a checkpoint: objects, tables, members, and what their state is made of",
		Example: "  tributary debug checkpoint tributary-data/objects/state/ckpt/…",
		Long: "Prints the root of a checkpoint (format TRCK), which is at the end of its newest object, and the lists of the relations in it, " +
			"also of those that lie in older objects in the same directory. Of a damaged one it prints what can be trusted, and exits with 1.",
		Args:          cobra.ExactArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		return printed(c.OutOrStdout(), func(w io.Writer) error { return debugCheckpoint(w, args[0]) })
	}
	return c
}

func debugCheckpoint(w io.Writer, path string) (err error) {
	var open []*os.File
	defer func() {
		for _, f := range open {
			err = errors.Join(err, f.Close())
		}
	}()
	file := func(path string) (*os.File, error) {
		f, err := os.Open(path)
		if err == nil {
			open = append(open, f)
		}
		return f, err
	}
	f, err := file(path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	others := map[piece.Object]io.ReaderAt{}
	return checkpoint.Dump(w, f, info.Size(), func(o piece.Object) (io.ReaderAt, error) {
		if f := others[o]; f != nil {
			return f, nil
		}
		f, err := file(filepath.Join(filepath.Dir(path), o.String()))
		if err != nil {
			return nil, err
		}
		others[o] = f
		return f, nil
	})
}

func newDebugLog() *cobra.Command {
	var from uint64
	var count int
	c := &cobra.Command{
		Use:           "log",
		Short:         "Print commit records of a stopped server's log",
		Example:       "  tributary debug log --data-dir ./tributary-data --from 1200",
		Long:          "Prints the commit records of the log in a data directory, one line each and one per change. The server must be stopped: it owns the directory.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	loader := config.NewLoader(c.Flags())
	c.Flags().VisitAll(func(f *pflag.Flag) {
		f.Hidden = f.Name != "data-dir" && f.Name != "meta" && f.Name != "config"
	})
	c.Flags().Uint64Var(&from, "from", 0, "first commit to print; 0 = the oldest there is")
	c.Flags().IntVar(&count, "count", 1000, "number of commits to print")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, _, err := loader.Load(os.Environ())
		if err != nil {
			return err
		}
		return debugLog(c.Context(), c.OutOrStdout(), cfg.Meta, log.CommitSeq(from), count)
	}
	return c
}

func debugLog(ctx context.Context, out io.Writer, where string, from log.CommitSeq, count int) (err error) {
	path, ok := strings.CutPrefix(where, "pebble://")
	if !ok {
		return fmt.Errorf("meta %q: only pebble://DIRECTORY can be printed", where)
	}
	// Opening makes a store where none is; a typing error must not.
	if _, err := os.Stat(path); err != nil {
		return err
	}
	store, err := meta.OpenPebble(path, meta.PebbleOptions{})
	if errors.Is(err, meta.ErrLocked) {
		return fmt.Errorf("metadata directory %s is in use by another process", path)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return printed(out, func(w io.Writer) error { return log.DumpLog(ctx, w, store, from, count) })
}

// printed runs dump on a buffered out. A reader that went away ends it without an error.
func printed(out io.Writer, dump func(io.Writer) error) error {
	w := bufio.NewWriter(out)
	err := errors.Join(dump(w), w.Flush())
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}
