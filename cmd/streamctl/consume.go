package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/cli"
)

// consumeOptions are the flags of consume.
type consumeOptions struct {
	beginning   bool
	partition   int32
	offset      int64
	offsetGiven bool
	group       string
	follow      bool
	count       int64
	template    string
	uncommitted bool
}

func newConsume(a *app) *cobra.Command {
	var o consumeOptions
	c := &cobra.Command{
		Use: "consume TOPIC", Short: "Print records", Args: cobra.ExactArgs(1),
		Long: `Prints the values of a topic's records, one a line; with --output json each as an object, with --template as it says.

It begins at --from-beginning, at --offset of --partition, or where --group has come to, and ends where the topic ended when
it began, or after -n records. With --follow it goes on with what comes; without a place to begin at it does so from now on.
Records of aborted and of open transactions are left out. A group's offsets are committed as its records are printed.

A template is Go's, over .Topic .Partition .Offset .Timestamp .Key .Value .Headers (each with .Key and .Value).`,
		Example: `  streamctl consume orders --from-beginning
  streamctl consume orders --from-beginning -n 10 --output json
  streamctl consume orders --partition 2 --offset 1000 --follow
  streamctl consume orders --group audit --template '{{.Offset}} {{.Key}}: {{.Value}}'`,
	}
	f := c.Flags()
	f.BoolVar(&o.beginning, "from-beginning", false, "begin at the earliest record; with --group, where it has no offset")
	f.Int32Var(&o.partition, "partition", -1, "read this partition alone")
	f.Int64Var(&o.offset, "offset", 0, "begin at this offset of --partition; negative = so many before its end")
	f.StringVar(&o.group, "group", "", "read as a member of this consumer group")
	f.BoolVar(&o.follow, "follow", false, "go on with what comes, until it is stopped")
	f.Int64VarP(&o.count, "count", "n", 0, "end after so many records")
	f.StringVar(&o.template, "template", "", "how a record is printed")
	f.BoolVar(&o.uncommitted, "read-uncommitted", false, "print also what aborted and open transactions wrote")
	c.ValidArgsFunction = names(1, a.topics)
	c.RunE = func(c *cobra.Command, args []string) error { return a.consume(c, args[0], &o) }
	return c
}

func (o *consumeOptions) check(c *cobra.Command, a *app) error {
	changed := c.Flags().Changed
	switch {
	case changed("offset") && !changed("partition"):
		return cli.Usage("--offset wants --partition")
	case changed("offset") && o.beginning:
		return cli.Usage("--offset and --from-beginning")
	case o.group != "" && changed("partition"):
		return cli.Usage("--group and --partition: a group gives its members their partitions")
	case changed("group") && o.group == "":
		return cli.Usage("--group is empty")
	case changed("partition") && o.partition < 0:
		return cli.Usage("--partition %d", o.partition)
	case changed("count") && o.count < 1:
		return cli.Usage("-n %d", o.count)
	case o.template != "" && a.json():
		return cli.Usage("--template and --output json")
	}
	o.offsetGiven = changed("offset")
	if !o.beginning && !o.offsetGiven && o.group == "" {
		o.follow = true
	}
	return nil
}

func (a *app) consume(c *cobra.Command, topic string, o *consumeOptions) error {
	if err := o.check(c, a); err != nil {
		return err
	}
	out := bufio.NewWriter(c.OutOrStdout())
	print, err := a.printer(out, o.template)
	if err != nil {
		return err
	}
	ctx := c.Context()
	adm, err := a.admin(ctx)
	if err != nil {
		return err
	}
	defer adm.Close()
	r := &reading{o: o, topic: topic, print: print, flush: out.Flush, from: map[int32]int64{}}
	r.mu.left = map[int32]int64{}
	if err := r.plan(ctx, adm); err != nil {
		return err
	}
	if !o.follow && r.done() {
		return nil
	}
	cl, err := a.kafka(ctx, r.options()...)
	if err != nil {
		return err
	}
	defer cl.CloseAllowingRebalance()
	err = r.run(ctx, cl)
	if o.follow && errors.Is(err, context.Canceled) {
		err = nil // that is how following ends
	}
	return errors.Join(err, out.Flush())
}

// reading is where a consume begins and ends.
type reading struct {
	o     *consumeOptions
	topic string
	print func(*kgo.Record) error
	flush func() error

	from map[int32]int64 // where partitions begin; not of a group
	seen int64

	mu struct {
		sync.Mutex
		left map[int32]int64 // end offsets of the partitions that have not come there yet
		mine map[int32]bool  // the partitions that the group has given; nil before it has
	}
}

// plan looks up where partitions begin and end.
func (r *reading) plan(ctx context.Context, adm *kadm.Client) error {
	topics, err := findTopic(ctx, adm, r.topic)
	if err != nil {
		return err
	}
	if _, ok := topics[r.topic].Partitions[r.o.partition]; r.o.partition >= 0 && !ok {
		return fmt.Errorf("topic %q has no partition %d", r.topic, r.o.partition)
	}
	starts, err := adm.ListStartOffsets(ctx, r.topic)
	if err != nil {
		return err
	}
	list := adm.ListCommittedOffsets
	if r.o.uncommitted {
		list = adm.ListEndOffsets
	}
	ends, err := list(ctx, r.topic)
	if err != nil {
		return err
	}
	var committed kadm.OffsetResponses
	if r.o.group != "" {
		if committed, err = adm.FetchOffsets(ctx, r.o.group); err != nil {
			return err
		}
	}
	for p := range topics[r.topic].Partitions {
		if r.o.partition >= 0 && p != r.o.partition {
			continue
		}
		start, _ := starts.Lookup(r.topic, p)
		end, _ := ends.Lookup(r.topic, p)
		if err := errors.Join(start.Err, end.Err); err != nil {
			return fmt.Errorf("offsets of %s/%d: %w", r.topic, p, err)
		}
		from, err := r.begin(start.Offset, end.Offset)
		if err != nil {
			return err
		}
		if at, ok := committed.Lookup(r.topic, p); ok && at.Err == nil && at.At >= start.Offset {
			from = at.At
		}
		if r.from[p] = from; from < end.Offset {
			r.mu.left[p] = end.Offset
		}
	}
	return nil
}

// begin is where a partition begins that no group has an offset of.
func (r *reading) begin(start, end int64) (int64, error) {
	at := r.o.offset
	switch {
	case r.o.beginning:
		return start, nil
	case !r.o.offsetGiven:
		return end, nil
	case at < 0:
		return max(start, end+at), nil
	case at < start || at > end:
		return 0, fmt.Errorf("offset %d of %s/%d: it has %d to %d", at, r.topic, r.o.partition, start, end)
	}
	return at, nil
}

func (r *reading) options() []kgo.Opt {
	opts := []kgo.Opt{kgo.KeepControlRecords(), kgo.FetchMaxWait(500 * time.Millisecond)}
	if !r.o.uncommitted {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if r.o.group == "" {
		at := map[int32]kgo.Offset{}
		for p, from := range r.from {
			at[p] = kgo.NewOffset().At(from)
		}
		return append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: at}))
	}
	reset := kgo.NewOffset().AtEnd()
	if r.o.beginning {
		reset = kgo.NewOffset().AtStart()
	}
	return append(opts, kgo.ConsumerGroup(r.o.group), kgo.ConsumeTopics(r.topic), kgo.ConsumeResetOffset(reset), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(r.assigned), kgo.OnPartitionsRevoked(r.revoked), kgo.OnPartitionsLost(r.revoked))
}

// assigned takes partitions that the group gives. Others may have read them since this began.
func (r *reading) assigned(ctx context.Context, cl *kgo.Client, given map[string][]int32) {
	committed, err := kadm.NewClient(cl).FetchOffsets(ctx, r.o.group)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.mine == nil {
		r.mu.mine = map[int32]bool{}
	}
	for _, p := range given[r.topic] {
		r.mu.mine[p] = true
		if at, ok := committed.Lookup(r.topic, p); err == nil && ok && at.Err == nil && at.At >= r.mu.left[p] {
			delete(r.mu.left, p)
		}
	}
}

func (r *reading) revoked(_ context.Context, _ *kgo.Client, taken map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range taken[r.topic] {
		delete(r.mu.mine, p)
	}
}

// done tells whether every partition that is read here has come to its end.
func (r *reading) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.o.group == "" || r.mu.mine == nil {
		return len(r.mu.left) == 0
	}
	for p := range r.mu.left {
		if r.mu.mine[p] {
			return false
		}
	}
	return true
}

// pollFor is how long a poll without records lasts before it is looked whether all is read: a group may
// have given what is left to another member.
const pollFor = 500 * time.Millisecond

func (r *reading) run(ctx context.Context, cl *kgo.Client) error {
	for {
		poll, stop := context.WithTimeout(ctx, pollFor)
		fetches := cl.PollFetches(poll)
		stop()
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, e := range fetches.Errors() {
			if errors.Is(e.Err, context.DeadlineExceeded) {
				continue // nothing came
			}
			return fmt.Errorf("read %s/%d: %w", e.Topic, e.Partition, e.Err)
		}
		printed, full, err := r.take(fetches)
		if err = errors.Join(err, r.flush()); err != nil {
			return err
		}
		if r.o.group != "" && len(printed) > 0 {
			// why after the flush: what is committed was printed.
			if err := cl.CommitRecords(ctx, printed...); err != nil {
				return fmt.Errorf("commit the offsets of group %q: %w", r.o.group, err)
			}
		}
		if full || !r.o.follow && r.done() {
			return nil
		}
	}
}

// wanted tells whether a record is to be printed, and notes the end of its partition.
func (r *reading) wanted(rec *kgo.Record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	end, ends := r.mu.left[rec.Partition]
	if ends && rec.Offset+1 >= end {
		delete(r.mu.left, rec.Partition)
	}
	return r.o.follow || ends && rec.Offset < end
}

// take prints what came. full: as many as were asked for are printed.
func (r *reading) take(fetches kgo.Fetches) (taken []*kgo.Record, full bool, err error) {
	for it := fetches.RecordIter(); !it.Done(); {
		rec := it.Next()
		if !r.wanted(rec) {
			continue
		}
		taken = append(taken, rec)
		if rec.Attrs.IsControl() {
			continue
		}
		if err := r.print(rec); err != nil {
			return taken, false, err
		}
		if r.seen++; r.seen == r.o.count {
			return taken, true, nil
		}
	}
	return taken, false, nil
}

// shown is a record as templates see it.
type shown struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp string
	Key       string
	Value     string
	Headers   []shownHeader
}

type shownHeader struct{ Key, Value string }

// printer writes a record as the flags say.
func (a *app) printer(w io.Writer, text string) (func(*kgo.Record) error, error) {
	if a.json() {
		return func(r *kgo.Record) error { return writeJSON(w, recordJSON(r)) }, nil
	}
	if text == "" {
		return func(r *kgo.Record) error {
			_, err := fmt.Fprintf(w, "%s\n", r.Value)
			return err
		}, nil
	}
	t, err := template.New("record").Parse(strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(text) + "\n")
	if err != nil {
		return nil, cli.Usage("--template: %w", err)
	}
	if err := t.Execute(io.Discard, shown{}); err != nil {
		return nil, cli.Usage("--template: %w", err)
	}
	return func(r *kgo.Record) error {
		s := shown{r.Topic, r.Partition, r.Offset, r.Timestamp.UTC().Format(time.RFC3339Nano), string(r.Key), string(r.Value), nil}
		for _, h := range r.Headers {
			s.Headers = append(s.Headers, shownHeader{h.Key, string(h.Value)})
		}
		return t.Execute(w, s)
	}, nil
}

// recordJSON is a record for programs. Bytes that are no UTF-8 are base64, and the member's name says so.
func recordJSON(r *kgo.Record) ordered {
	o := ordered{
		columns: []column{"topic", "partition", "offset", "timestamp"},
		values:  []any{r.Topic, r.Partition, r.Offset, r.Timestamp.UTC().Format(time.RFC3339Nano)},
	}
	add := func(name string, b []byte) {
		switch {
		case b == nil:
			o.columns, o.values = append(o.columns, name), append(o.values, nil)
		case utf8.Valid(b):
			o.columns, o.values = append(o.columns, name), append(o.values, string(b))
		default:
			o.columns, o.values = append(o.columns, name+"_base64"), append(o.values, b)
		}
	}
	add("key", r.Key)
	add("value", r.Value)
	headers := make([]json.Marshaler, len(r.Headers))
	for i, h := range r.Headers {
		one := ordered{columns: []column{"key", "value"}, values: []any{h.Key, string(h.Value)}}
		if !utf8.Valid(h.Value) {
			one.columns[1], one.values[1] = "value_base64", h.Value
		}
		headers[i] = one
	}
	o.columns, o.values = append(o.columns, "headers"), append(o.values, headers)
	return o
}
