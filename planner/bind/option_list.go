package bind

import (
	"slices"

	"github.com/tributary-db/tributary/internal/topicconfig"
)

// WithOption is an option of a statement, as the documentation lists it.
type WithOption struct {
	Name    string
	Values  string
	Default string
	Doc     string
}

// StatementOptions are the options that a statement takes.
type StatementOptions struct {
	Statement string
	Options   []WithOption
}

// The options that several statements share.
var (
	formatOption     = WithOption{"format", "`json`, `csv`, `raw`", "`json`", "How a row is written in a record's value. `raw` is one column of type text or bytea, as it is."}
	delimiterOption  = WithOption{"delimiter", "one character", "`,`", "Between the fields, with format csv."}
	keyOption        = WithOption{"key", "columns, separated by commas", "no key; in a sink whose rows change the columns that name a row", "The columns of the record's key."}
	keyFormatOption  = WithOption{"key_format", "`json`, `text`", "`json`", "How the key is written; `text` is the one column's value, as it is."}
	partitionsOption = WithOption{"partitions", "1 to 10000", "[`default_partitions`](../settings.md)", "Partitions of the topic, if the statement makes it."}
	snapshotOption   = WithOption{"snapshot", "`true`, `false`", "`true`", "`false`: what was there before the statement counts nowhere."}
	onErrorOption    = WithOption{"on_error", "`fail`, `skip`", "`fail`", "What a row that fails does: it stands in the way until it is gone, or it is left out. Either way it is in the error relation."}
	latenessOption   = WithOption{"allowed_lateness", "an interval", "`0`", "How long after its end a window still takes rows, with EMIT ON WINDOW CLOSE."}
)

var streamOptions = []WithOption{
	{"topic", "a topic's name", "the stream's name", "The topic that the stream reads and INSERT writes; it is made if it does not exist."},
	formatOption, delimiterOption, keyOption, keyFormatOption,
	{"timestamp_field", "a column of type timestamp, timestamptz or bigint (milliseconds)", "the time of the INSERT", "The column that is the record's timestamp."},
	partitionsOption,
	{"idle_timeout", "an interval", "[`watermark_idle_timeout`](../settings.md)", "How long a partition without records holds the watermark back. Windows that only it held open close then, also with no new records; the partitions that spoke last go on to hold."},
	{"watermark_max_jump", "an interval", "`0`: no limit", "A record further ahead than this does not move the watermark."},
}

var nexmarkOptions = []WithOption{
	{"connector", "`nexmark`", "none", "The server makes the stream's rows: the Nexmark benchmark's events."},
	{"table", "`bid`, `auction`, `person`", "none", "Which of Nexmark's tables; without a column list the stream has its columns."},
	{"rate", "1 and more", "`10000`", "Events of all tables per second, of event time and of the clock."},
	{"events", "0 and more", "`0`: endless", "Events of all tables together."},
	{"seed", "0 and more", "`0`", "Seed of the random values: the same seed makes the same rows."},
	{"base_time", "a timestamp", "`2015-07-15 00:00:00`", "Event time of the first event."},
}

var runOptions = []WithOption{snapshotOption, onErrorOption, latenessOption}

var sinkOptions = []WithOption{
	{"format", "`json`, `csv`, `raw`, `debezium_json`, `changelog`", "`json`", "How a row is written in a record's value. `raw` is one column of type text or bytea, as it is; the last two say what changed."},
	keyOption, keyFormatOption, delimiterOption, partitionsOption, snapshotOption, onErrorOption, latenessOption,
}

var viewOptions = []WithOption{
	onErrorOption, snapshotOption,
	{"background", "`true`, `false`", "`false`", "`true`: the statement does not wait until the view holds what was there before it."},
	latenessOption,
}

// TopicOptions are those of CREATE TOPIC and ALTER TOPIC; Kafka's configurations have underscores for
// their dots.
func TopicOptions() []WithOption {
	out := []WithOption{
		{"partitions", "1 to 10000", "[`default_partitions`](../settings.md)", "How many partitions; ALTER TOPIC can only add some."},
		{"replication_factor", "`1`, `-1`", "`1`", "Taken for Kafka's tools: one server holds a topic, the object store keeps it safe. Anything else is refused."},
	}
	for i := range topicconfig.Defs {
		d := &topicconfig.Defs[i]
		out = append(out, WithOption{topicconfig.OptionName(d.Name), "Kafka's `" + d.Name + "`", "`" + d.Default + "`", d.Doc})
	}
	return out
}

// TableOptions are those of CREATE TABLE beside StorageOptions. All but the first need the topic.
var TableOptions = []WithOption{
	{"topic", "a topic's name", "none: the table keeps its rows itself", "The table is what the topic holds: the newest record of each key, and SQL only reads it. It is made, compacted by key, if it does not exist."},
	{"format", "`json`, `csv`, `raw`, `debezium_json`, `changelog`", "`json`", "How a record's value is read. `raw` is the one column beside the key, of type text or bytea, as it is; the last two say what changed."},
	delimiterOption,
	{"key_format", "`json`, `text`", "`json`", "How a record's key is read: as an object with the primary key's columns, or as the text of the one column."},
	partitionsOption,
}

// AlterOptions are those of ALTER … SET and RESET.
var AlterOptions = []WithOption{onErrorOption}

// CopyOptions are those of COPY that are taken and those of PostgreSQL's that are refused.
var CopyOptions = []WithOption{
	{"format", "`text`, `csv`, `binary`, `arrow`, `parquet`", "`text`", "The form of the data."},
	{"header", "`true`, `false`", "`false`", "With csv and text: the first line has the columns' names. `match` is refused."},
	{"encoding", "an encoding", "`client_encoding`", "The encoding of the data, which has to be that of the client."},
	{"freeze", "`true`, `false`", "`false`", "Taken for PostgreSQL's tools (`pgbench -i`): rows have nothing here that could be frozen."},
	{"delimiter", "one character", "a tab, with csv a comma", "Between the columns."},
	{"quote", "one character", "`\"`", "Around a value, with csv."},
	{"escape", "one character", "the quote", "Before a quote inside a value, with csv."},
	{"null", "a string", "`\\N`, with csv nothing", "What stands for NULL."},
	{"force_quote", "columns, `*`", "none", "Columns that are always in quotes, in csv."},
	{"force_not_null", "columns", "none", "Columns in which the `null` string is no NULL, in csv."},
	{"force_null", "columns", "none", "Columns in which the `null` string is NULL in quotes too, in csv."},
}

// ExplainOptions are those of EXPLAIN that are taken and those of PostgreSQL's that are refused.
var ExplainOptions = []WithOption{
	{"analyze", "`true`, `false`", "`false`", "Runs the statement, writes included, and tells what each node did."},
	{"verbose", "`true`, `false`", "`true`", "Taken either way: the plan always has its columns."},
	{"costs", "`false`", "`false`", "`true` is refused: there are no costs."},
	{"settings", "`false`", "`false`", "`true` is refused."},
	{"buffers", "`false`", "`false`", "`true` is refused."},
	{"wal", "`false`", "`false`", "`true` is refused."},
	{"timing", "`true`, `false`", "that of `analyze`", "The times of each node."},
	{"summary", "`true`, `false`", "that of `analyze`", "The times of planning and execution."},
	{"format", "`text`, `json`, `yaml`, `xml`", "`text`", "How the plan is written."},
}

// WithOptions are all statements with a list of options, in the order of the documentation.
func WithOptions() []StatementOptions {
	return []StatementOptions{
		{"CREATE STREAM", slices.Concat(streamOptions, nexmarkOptions)},
		{"CREATE STREAM AS", slices.Concat(streamOptions, runOptions)},
		{"CREATE MATERIALIZED VIEW", viewOptions},
		{"CREATE SINK", sinkOptions},
		{"CREATE TOPIC, ALTER TOPIC SET", TopicOptions()},
		{"ALTER MATERIALIZED VIEW, STREAM, SINK SET", AlterOptions},
		{"COPY", CopyOptions},
		{"CREATE TABLE", TableOptions},
		{"CREATE TABLE, ALTER TABLE SET, as PostgreSQL's storage parameters", StorageOptions()},
		{"EXPLAIN", ExplainOptions},
	}
}

// OptionNames are the options' names.
func OptionNames(options []WithOption) []string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
	}
	return names
}
