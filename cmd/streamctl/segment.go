package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

func newSegment(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "segment", Short: "Show where records lie, and what is in an object"})
	c.AddCommand(newSegmentList(a), newSegmentDump())
	return c
}

func newSegmentList(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "list TOPIC[/PARTITION]", Short: "List the objects that have a topic's records", Args: cobra.ExactArgs(1),
		Example: "  streamctl segment list orders/0",
	}
	c.ValidArgsFunction = names(1, a.topics)
	c.RunE = func(c *cobra.Command, args []string) error {
		topic, partition, all, err := parsePartition(args[0])
		if err != nil {
			return cli.Usage("%w", err)
		}
		ctx := c.Context()
		adm, err := a.admin(ctx)
		if err != nil {
			return err
		}
		defer adm.Close()
		if _, err := findTopic(ctx, adm, topic); err != nil {
			return err
		}
		db, err := a.connect(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close(context.WithoutCancel(ctx)) }() // nothing is left to be said
		sql := "SELECT _partition AS partition, first_offset, next_offset, records, bytes, level, object FROM tributary.segments WHERE topic = $1"
		values := []any{topic}
		if !all {
			sql, values = sql+" AND _partition = $2", append(values, partition)
		}
		r, err := readRows(ctx, db, sql+" ORDER BY 1, 2", values...)
		if err != nil {
			return err
		}
		return a.print(c.OutOrStdout(), r)
	}
	return c
}

func newSegmentDump() *cobra.Command {
	var o segment.DumpOptions
	c := &cobra.Command{
		Use: "dump PATH-or-URL", Short: "Print what is in a segment", Args: cobra.ExactArgs(1),
		Long: "Prints a segment (format STRM): a file, or an object of S3. Of a damaged one it prints what can be trusted, then what is wrong, and exits with 1.",
		Example: `  streamctl segment dump tributary-data/objects/seg/…
  streamctl segment dump 's3://bucket/prefix/seg/…?region=eu-central-1' --records`,
	}
	c.Flags().BoolVar(&o.RecordBatches, "record-batches", false, "print the header of each record batch; verifies every byte")
	c.Flags().BoolVar(&o.Records, "records", false, "print each record")
	c.Flags().IntVar(&o.MaxValueBytes, "max-value-bytes", 120, "bytes of a key or value that are printed")
	c.RunE = func(c *cobra.Command, args []string) error {
		src, size, done, err := openSegment(c.Context(), args[0])
		if err != nil {
			return err
		}
		defer done()
		w := bufio.NewWriter(c.OutOrStdout())
		return errors.Join(segment.Dump(w, src, size, o), w.Flush())
	}
	return c
}

// openSegment opens a file, or an object by the URL of its bucket with its key behind.
func openSegment(ctx context.Context, name string) (src io.ReaderAt, size int64, done func(), err error) {
	if !strings.HasPrefix(name, "s3://") {
		f, err := os.Open(name)
		if err != nil {
			return nil, 0, nil, err
		}
		info, err := f.Stat()
		if err != nil {
			return nil, 0, nil, errors.Join(err, f.Close())
		}
		return f, info.Size(), func() { _ = f.Close() }, nil // it was only read
	}
	path, parameters, has := strings.Cut(strings.TrimPrefix(name, "s3://"), "?")
	bucket, key, ok := strings.Cut(path, "/")
	if !ok || key == "" {
		return nil, 0, nil, cli.Usage("%q: want s3://bucket/key", name)
	}
	url := "s3://" + bucket
	if has {
		url += "?" + parameters
	}
	store, err := objstore.Open(ctx, url)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := store.Stat(ctx, key)
	if err != nil {
		return nil, 0, nil, errors.Join(err, objstore.Close(store))
	}
	return &object{ctx, store, key}, info.Size, func() { _ = objstore.Close(store) }, nil // it was only read
}

// object reads ranges of an object.
type object struct {
	ctx   context.Context
	store objstore.Store
	key   string
}

func (o *object) ReadAt(p []byte, off int64) (int, error) {
	n, err := o.store.GetRange(o.ctx, o.key, off, p)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	if errors.Is(err, objstore.ErrRange) {
		err = io.EOF
	}
	return n, err
}
