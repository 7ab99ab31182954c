package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/cli"
)

// produceOptions are the flags of produce.
type produceOptions struct {
	file, key, value string
	separator        string
	headers          []string
	compression      string
	partition        int32
	tombstones       bool
	maxLine          int
}

func newProduce(a *app) *cobra.Command {
	var o produceOptions
	c := &cobra.Command{
		Use: "produce TOPIC", Short: "Write records, one a line", Args: cobra.ExactArgs(1),
		Long: `Writes each line of standard input, or of --file, as a record, and prints how many once all are durable. The topic must
exist. A line is the value; with --key-separator it is key, separator, value.`,
		Example: `  streamctl produce orders < orders.jsonl
  echo 'k1:{"id": 1}' | streamctl produce orders --key-separator :
  streamctl produce orders --key k1 --value '{"id": 1}' --header source=shell
  streamctl produce latest --key k1 --tombstone`,
	}
	f := c.Flags()
	f.StringVar(&o.file, "file", "", "file to read instead of standard input")
	f.StringVar(&o.key, "key", "", "key of every record")
	f.StringVar(&o.value, "value", "", "one record with this value, and no input is read")
	f.StringVar(&o.separator, "key-separator", "", "what stands between key and value in a line")
	f.StringArrayVar(&o.headers, "header", nil, "a header of every record, name=value; may come more than once")
	f.StringVar(&o.compression, "compression", "lz4", "none, gzip, snappy, lz4 or zstd")
	f.Int32Var(&o.partition, "partition", -1, "the partition; -1 = by the key's hash, as Kafka does, or spread")
	f.BoolVar(&o.tombstones, "tombstone", false, "one record without a value, and no input is read")
	f.IntVar(&o.maxLine, "max-line-bytes", 16<<20, "the longest line that is read")
	c.ValidArgsFunction = names(1, a.topics)
	c.RunE = func(c *cobra.Command, args []string) error { return a.produce(c, args[0], &o) }
	return c
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

// check finds what the flags say that does not go together.
func (o *produceOptions) check(c *cobra.Command) (headers []kgo.RecordHeader, err error) {
	changed := c.Flags().Changed
	one := changed("value") || o.tombstones
	switch {
	case changed("value") && o.tombstones:
		return nil, cli.Usage("--value and --tombstone")
	case one && (o.file != "" || o.separator != ""):
		return nil, cli.Usage("--value and --tombstone read no input: --file and --key-separator do not go with them")
	case changed("key") && o.separator != "":
		return nil, cli.Usage("--key and --key-separator")
	case o.tombstones && !changed("key"):
		return nil, cli.Usage("--tombstone without --key deletes nothing")
	case o.partition < -1:
		return nil, cli.Usage("--partition %d", o.partition)
	case o.maxLine < 1:
		return nil, cli.Usage("--max-line-bytes %d", o.maxLine)
	}
	if _, ok := codecs[o.compression]; !ok {
		return nil, cli.Usage("--compression %q: want none, gzip, snappy, lz4 or zstd", o.compression)
	}
	for _, pair := range o.headers {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, cli.Usage("--header %q: want name=value", pair)
		}
		headers = append(headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	return headers, nil
}

func (a *app) produce(c *cobra.Command, topic string, o *produceOptions) error {
	headers, err := o.check(c)
	if err != nil {
		return err
	}
	opts := []kgo.Opt{kgo.ProducerBatchCompression(codecs[o.compression]), kgo.DefaultProduceTopic(topic), kgo.UnknownTopicRetries(0)}
	if o.partition >= 0 {
		opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	ctx := c.Context()
	cl, err := a.kafka(ctx, opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	in, size, err := o.input(c)
	if err != nil {
		return err
	}
	defer in.Close()
	w := &writing{cl: cl, progress: newProgress(c.ErrOrStderr(), size)}
	record := func(key, value []byte) error {
		return w.send(ctx, &kgo.Record{Key: key, Value: value, Headers: headers, Partition: o.partition})
	}
	var key []byte
	if c.Flags().Changed("key") {
		key = []byte(o.key)
	}
	switch {
	case o.tombstones:
		err = record(key, nil)
	case c.Flags().Changed("value"):
		err = record(key, []byte(o.value))
	default:
		err = o.lines(in, key, record)
	}
	if flushErr := cl.Flush(ctx); err == nil {
		err = flushErr
	}
	w.progress.end()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil || errors.Is(err, errNotWritten) {
		err = w.err
	}
	line := fmt.Sprintf("%d records written to %s", w.written, topic)
	if err := a.said(c.OutOrStdout(), line, []column{"topic", "written"}, topic, w.written); err != nil {
		return err
	}
	return err
}

// input is what lines are read from, and its size, 0 = unknown.
func (o *produceOptions) input(c *cobra.Command) (io.ReadCloser, int64, error) {
	if o.file == "" {
		return io.NopCloser(c.InOrStdin()), 0, nil
	}
	f, err := os.Open(o.file)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// lines hands each line on. A last one without an end counts.
func (o *produceOptions) lines(in io.Reader, key []byte, record func(key, value []byte) error) error {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 0, min(64<<10, o.maxLine)), o.maxLine)
	for n := 1; s.Scan(); n++ {
		value := bytes.Clone(s.Bytes())
		key := key
		if o.separator != "" {
			var found bool
			if key, value, found = bytes.Cut(value, []byte(o.separator)); !found {
				return fmt.Errorf("line %d has no %q between key and value", n, o.separator)
			}
		}
		if err := record(key, value); err != nil {
			return err
		}
	}
	if err := s.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than --max-line-bytes (%d)", o.maxLine)
	}
	return s.Err()
}

// errNotWritten ends the reading: the reason is with writing.
var errNotWritten = errors.New("a record was not written")

// writing counts what became durable, and stops at the first record that did not.
type writing struct {
	cl       *kgo.Client
	progress *progress
	mu       sync.Mutex
	written  int64
	err      error
}

func (w *writing) send(ctx context.Context, r *kgo.Record) error {
	w.mu.Lock()
	failed := w.err != nil
	w.mu.Unlock()
	if failed {
		return errNotWritten
	}
	size := int64(len(r.Key) + len(r.Value) + 1)
	w.cl.Produce(ctx, r, func(_ *kgo.Record, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil && w.err == nil {
			w.err = err
		}
		if err == nil {
			w.written++
			w.progress.add(size)
		}
	})
	return nil
}

// progress is a line on a terminal that tells how far long work is; it is silent elsewhere.
type progress struct {
	out        io.Writer // nil = silent
	total      int64     // 0 = unknown
	done, bits int64
	shown      time.Time
}

// progressEvery is how often the line changes.
const progressEvery = 200 * time.Millisecond

func newProgress(w io.Writer, total int64) *progress {
	p := &progress{total: total, shown: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = w
		}
	}
	return p
}

// add counts one record of so many bytes.
func (p *progress) add(bytes int64) {
	p.done, p.bits = p.done+1, p.bits+bytes
	if p.out == nil || time.Since(p.shown) < progressEvery {
		return
	}
	p.shown = time.Now()
	fmt.Fprint(p.out, "\r\x1b[K"+p.line())
}

// line is what is shown.
func (p *progress) line() string {
	if p.total <= 0 {
		return fmt.Sprintf("%d records", p.done)
	}
	const width = 30
	part := min(1, float64(p.bits)/float64(p.total))
	full := int(part * width)
	return fmt.Sprintf("[%s%s] %3.0f %%  %d records", strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*part, p.done)
}

// end takes the line away.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
