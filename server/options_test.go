package server_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/server"
)

// talker runs statements and writes down all that a client sees.
type talker struct {
	t       *testing.T
	ctx     context.Context
	db      *pgconn.PgConn
	notices []string
}

func talk(t *testing.T, ctx context.Context, s *server.Server) *talker {
	t.Helper()
	k := &talker{t: t, ctx: ctx}
	cfg, err := pgconn.ParseConfig(fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable", s.PGAddr))
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { k.notices = append(k.notices, n.Message) }
	if k.db, err = pgconn.ConnectConfig(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.db.Close(context.Background()) })
	return k
}

// says is the rows, notices and the error's code of a text of statements.
func (k *talker) says(sql string) string {
	if name, ok := strings.CutPrefix(sql, `\param `); ok { // what the client is told of a setting unasked
		return k.db.ParameterStatus(name)
	}
	k.notices = nil
	if strings.HasPrefix(sql, "COPY ") && strings.Contains(sql, "TO STDOUT") {
		var data strings.Builder
		if _, err := k.db.CopyTo(k.ctx, &data, sql); err != nil {
			return outcome(err)
		}
		return data.String()
	}
	res, err := k.db.Exec(k.ctx, sql).ReadAll()
	var out []string
	for _, r := range res {
		for _, row := range r.Rows {
			out = append(out, fmt.Sprintf("%q", row))
		}
	}
	slices.Sort(out)
	out = append(out, k.notices...)
	if err != nil {
		out = append(out, outcome(err))
	}
	return strings.Join(out, "\n")
}

// exists reports that "path:TestName" is there: the test that shows what one line of a table cannot.
func exists(t *testing.T, where string) {
	t.Helper()
	path, name, _ := strings.Cut(where, ":")
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	if err != nil || !strings.Contains(string(text), "func "+name+"(") {
		t.Errorf("%s is not there (%v)", where, err)
	}
}

// effect is how one setting or option shows.
type effect struct {
	value string // another than the default
	probe string // what a client sees differs with it
	bad   string // a value that is refused
	shown string // the test that shows it where a probe cannot
	none  bool   // nothing here depends on it: it only has to refuse what it cannot mean
}

// settingEffects are what each session setting that can be set does.
var settingEffects = map[string]effect{
	"application_name":                    {value: "'psql'", probe: `\param application_name`},
	"client_encoding":                     {shown: "server/encoding_test.go:TestEncodings", bad: "'LATIN77'"},
	"default_text_search_config":          {value: "simple", probe: "SELECT to_tsvector('The dogs')", bad: "'nowhere'"},
	"DateStyle":                           {value: "'ISO, DMY'", probe: "SELECT '01/02/2024'::date", bad: "'ISO, SQL'"},
	"default_transaction_read_only":       {value: "on", probe: "INSERT INTO probe VALUES (1)", bad: "'maybe'"},
	"IntervalStyle":                       {value: "iso_8601", probe: "SELECT interval '1 day 02:00'", bad: "'nope'"},
	"session_authorization":               {shown: "server/grant_test.go:TestGrantsAgainstPostgres", bad: "'nobody'"},
	"role":                                {shown: "server/grant_test.go:TestGrantsAgainstPostgres", bad: "'nobody'"},
	"standard_conforming_strings":         {bad: "off", none: true},
	"TimeZone":                            {value: "'Asia/Tokyo'", probe: "SELECT timestamptz '2024-01-01 00:00Z'", bad: "'Nowhere/Land'"},
	"search_path":                         {value: "tributary", probe: "SELECT count(*) > 0 FROM settings"},
	"extra_float_digits":                  {value: "0", probe: "SELECT 0.1::float8 + 0.2::float8", bad: "7"},
	"bytea_output":                        {value: "escape", probe: "SELECT 'ab'::bytea", bad: "'octal'"},
	"client_min_messages":                 {value: "error", probe: "DROP TABLE IF EXISTS nothing", bad: "'loud'"},
	"statement_timeout":                   {value: "1", probe: "SELECT count(*) FROM probe a, probe b, probe c, probe d WHERE a.n + b.n + c.n + d.n > 1000", bad: "'soon'"},
	"statement_memory":                    {value: "'1MB'", probe: "SELECT length(repeat('x', 20000000))", bad: "'much'"},
	"work_mem":                            {shown: "server/spill_test.go:TestWorkMem", bad: "'1kB'"},
	"work_memory":                         {shown: "server/spill_test.go:TestStatementsSpill", bad: "'much'"},
	"shards":                              {shown: "server/shards_test.go:TestStatementsOnShards", bad: "'257'"},
	"min_shard_rows":                      {shown: "server/shards_test.go:TestStatementsOnShards", bad: "'few'"},
	"temp_file_limit":                     {shown: "server/spill_test.go:TestStatementsSpill", bad: "'much'"},
	"temp_table_memory":                   {shown: "test/temporary/bounds_test.go:TestLimit", bad: "'much'"},
	"log_min_duration_statement":          {shown: "server/log_test.go:TestSlowStatements", bad: "'soon'"},
	"enable_indexscan":                    {value: "off", probe: "EXPLAIN SELECT * FROM probe_keys WHERE id = 1", bad: "'maybe'"},
	"enable_seqscan":                      {value: "off", probe: "EXPLAIN SELECT * FROM probe_keys WHERE id > -1000", bad: "'maybe'"},
	"enable_hashjoin":                     {value: "off", probe: "EXPLAIN SELECT * FROM probe_keys a JOIN probe_keys b ON b.id = a.id", bad: "'maybe'"},
	"enable_nestloop":                     {value: "off", probe: "EXPLAIN SELECT * FROM probe JOIN probe_keys ON id = n", bad: "'maybe'"},
	"lock_timeout":                        {shown: "server/options_test.go:TestLockTimeout", bad: "'soon'"},
	"idle_in_transaction_session_timeout": {shown: "server/transaction_test.go:TestIdleInTransaction", bad: "'soon'"},
	"idle_session_timeout":                {shown: "server/transaction_test.go:TestIdleInTransaction", bad: "'soon'"},
	"read_mode":                           {shown: "server/options_test.go:TestReadMode", bad: "'eventually'"},
	"default_transaction_isolation":       {shown: "server/transaction_test.go:TestSessionCharacteristics", bad: "'chaos'"},
	"default_transaction_deferrable":      {none: true, bad: "'maybe'"},
	"transaction_isolation":               {shown: "server/transaction_test.go:TestSessionCharacteristics", bad: "'chaos'"},
	"transaction_read_only":               {shown: "server/transaction_test.go:TestSessionCharacteristics", bad: "'maybe'"},
	"transaction_deferrable":              {none: true, bad: "'maybe'"},
	"row_security":                        {shown: "server/row_security_test.go:TestPoliciesAgainstPostgres", bad: "'maybe'"},
	"synchronize_seqscans":                {none: true, bad: "'maybe'"},
	"synchronous_commit":                  {none: true, bad: "'maybe'"},
	"password_encryption":                 {none: true, bad: "'md5'"},
	"jit":                                 {none: true, bad: "'maybe'"},
	"lc_messages":                         {none: true, bad: "'de_DE.UTF-8'"},
	"backslash_quote":                     {none: true, bad: "on"},
	"xmloption":                           {none: true, bad: "'maybe'"},
	"check_function_bodies":               {none: true, bad: "'maybe'"},
	"default_table_access_method":         {none: true, bad: "'columnar'"},
	"default_tablespace":                  {none: true, bad: "'fast'"},
}

// TestEverySetting: each session setting that can be set changes what a client sees, or refuses what
// it cannot do.
func TestEverySetting(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := local(t)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE probe (n int)")
	exec(t, ctx, db, "CREATE TABLE probe_keys (id int PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO probe_keys SELECT generate_series(1, 2000)")
	for n := range 40 {
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO probe VALUES (%d)", n))
	}
	seen := map[string]bool{}
	for _, row := range mustRows(t, ctx, db, "SHOW ALL") {
		name, doc := string(row[0]), string(row[2])
		seen[name] = true
		e, known := settingEffects[name]
		if !known && strings.HasPrefix(doc, "Nothing depends on it") { // session's TestInertSettings compares them with PostgreSQL's
			if err := errorOf(db.Exec(ctx, "SET "+name+" = 'no value'")); stateOf(err) != "22023" {
				t.Errorf("SET %s = 'no value': %v", name, err)
			}
			continue
		}
		if _, err := db.Exec(ctx, "SET "+name+" = DEFAULT"); err == nil && !known {
			if code := stateOf(errorOf(db.Exec(ctx, "SET "+name+" = 'x'"))); code != "55P02" {
				t.Errorf("%s can be set, and no effect of it is known: %s", name, code)
			}
			continue
		}
		if !known {
			continue
		}
		if e.bad != "" {
			if err := errorOf(db.Exec(ctx, "SET "+name+" = "+e.bad)); stateOf(err) != "22023" && stateOf(err) != "0A000" {
				t.Errorf("SET %s = %s: %v", name, e.bad, err)
			}
		}
		switch {
		case e.shown != "":
			exists(t, e.shown)
		case e.none:
			if !strings.HasPrefix(doc, "Nothing depends on it") && !strings.Contains(doc, "lways ") && !strings.Contains(doc, "only ") &&
				!strings.HasPrefix(doc, "Messages are English") && !strings.HasPrefix(doc, "There is one") {
				t.Errorf("%s does nothing, and its text does not say so: %s", name, doc)
			}
		default:
			k := talk(t, ctx, s)
			before := k.says(e.probe)
			k.says("RESET ALL; CLOSE ALL")
			if said := k.says("SET " + name + " = " + e.value); said != "" {
				t.Errorf("SET %s = %s: %s", name, e.value, said)
			}
			if after := k.says(e.probe); after == before {
				t.Errorf("%s = %s changes nothing that %s shows: %s", name, e.value, e.probe, before)
			}
		}
	}
	for name := range settingEffects {
		if !seen[name] {
			t.Errorf("there is no setting %s", name)
		}
	}
}

func errorOf(_ pgconn.CommandTag, err error) error { return err }

// TestLockTimeout: who waits for a row's lock longer than lock_timeout is told so.
func TestLockTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := local(t)
	a, b := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, a, "CREATE TABLE l (id int PRIMARY KEY, n int)")
	exec(t, ctx, a, "INSERT INTO l VALUES (1, 1)")
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, a, "UPDATE l SET n = 2 WHERE id = 1")
	exec(t, ctx, b, "SET lock_timeout = '10ms'")
	if _, err := b.Exec(ctx, "UPDATE l SET n = 3 WHERE id = 1"); stateOf(err) != "55P03" {
		t.Errorf("%v", err)
	}
	exec(t, ctx, a, "COMMIT")
	exec(t, ctx, b, "UPDATE l SET n = 3 WHERE id = 1")
}

// TestReadMode: a strict read waits for what was acknowledged before it, an available one takes what
// is there.
func TestReadMode(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.TickInterval = time.Hour
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	count := func() (n int) {
		t.Helper()
		if err := db.QueryRow(ctx, "SELECT count(*) FROM v").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec(t, ctx, db, "CREATE STREAM e (a int)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT a FROM e")
	exec(t, ctx, db, "INSERT INTO e VALUES (1)")
	exec(t, ctx, db, "SET read_mode = available")
	if n := count(); n != 0 {
		t.Errorf("an available read waited: %d rows", n)
	}
	exec(t, ctx, db, "SET read_mode = strict")
	if n := count(); n != 1 {
		t.Errorf("a strict read did not wait: %d rows", n)
	}
}

// TestBackground: CREATE MATERIALIZED VIEW ends when the view holds what was there before it, and with
// background before that; a strict read waits either way.
func TestBackground(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, local(t))
	count := func(mode, view string) (n int) {
		t.Helper()
		exec(t, ctx, db, "SET read_mode = "+mode)
		if err := db.QueryRow(ctx, "SELECT count(*) FROM "+view).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const rows = 5000
	exec(t, ctx, db, "CREATE STREAM e (a int)")
	exec(t, ctx, db, "INSERT INTO e VALUES "+strings.TrimSuffix(strings.Repeat("(1),", rows), ","))
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW whole AS SELECT a FROM e")
	if n := count("available", "whole"); n != rows {
		t.Errorf("CREATE ended with %d rows in the view", n)
	}
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW later WITH (background = true) AS SELECT a FROM e")
	if n := count("strict", "later"); n != rows {
		t.Errorf("a strict read of a view that is being made: %d rows", n)
	}
}

// optionEffect makes a thing with and without an option; $ is a name of its own, OPT the option.
type optionEffect struct {
	make  string
	given string
	effect
}

const (
	plainStream = "CREATE STREAM $ (k text, v int, at timestamptz, WATERMARK FOR at AS at) WITH (topic = 'topic-$' OPT); " +
		"INSERT INTO $ VALUES ('a', 1, '2024-01-01 00:00Z'); CREATE STREAM raw_$ (line text) WITH (topic = 'topic-$', format = 'raw')"
	records      = "SELECT line, _key, _timestamp < '2024-02-01' FROM raw_$"
	plainSink    = "CREATE SINK $ TO TOPIC 'topic-$' WITH (partitions = 1 OPT) AS SELECT k, v FROM src WHERE v > 0; CREATE STREAM raw_$ (line text) WITH (topic = 'topic-$', format = 'raw')"
	failingSink  = "CREATE SINK $ TO TOPIC 'topic-$' WITH (partitions = 1 OPT) AS SELECT k, 1 / v AS q FROM src; CREATE STREAM raw_$ (line text) WITH (topic = 'topic-$', format = 'raw')"
	plainDerived = "CREATE STREAM $ WITH (topic = 'topic-$' OPT) AS SELECT k, 1 / v AS q, at FROM src; CREATE STREAM raw_$ (line text) WITH (topic = 'topic-$', format = 'raw')"
	goodDerived  = "CREATE STREAM $ WITH (topic = 'topic-$' OPT) AS SELECT k, v, at FROM src WHERE v > 0; CREATE STREAM raw_$ (line text) WITH (topic = 'topic-$', format = 'raw')"
	nexmark      = "CREATE STREAM $ WITH (connector = 'nexmark', table = 'bid', events = 10 OPT)"
	eventTime    = "exec/lane/eventtime_test.go:"
	noSnapshot   = "exec/lane/nosnapshot_test.go:TestNoSnapshot"
)

// shared are the options that streams and derived streams have in common, over base.
func shared(base, bare string) map[string]optionEffect {
	return map[string]optionEffect{
		"topic":              {make: bare, given: "topic = 'topic-$'", effect: effect{probe: `DESCRIBE "topic-$"`, bad: "'no/topic'"}},
		"format":             {make: base, given: "format = 'csv'", effect: effect{probe: records, bad: "'xml'"}},
		"delimiter":          {make: strings.Replace(base, "OPT", ", format = 'csv' OPT", 1), given: "delimiter = ';'", effect: effect{probe: records, bad: "'ab'"}},
		"key":                {make: base, given: "key = 'k'", effect: effect{probe: records, bad: "'nothing'"}},
		"key_format":         {make: strings.Replace(base, "OPT", ", key = 'k' OPT", 1), given: "key_format = 'text'", effect: effect{probe: records, bad: "'xml'"}},
		"timestamp_field":    {make: base, given: "timestamp_field = 'at'", effect: effect{probe: records, bad: "'nothing'"}},
		"partitions":         {make: base, given: "partitions = 3", effect: effect{probe: `DESCRIBE "topic-$"`, bad: "0"}},
		"idle_timeout":       {make: base, effect: effect{shown: eventTime + "TestIdleTimeoutIsFrozen", bad: "'soon'"}},
		"watermark_max_jump": {make: base, effect: effect{shown: eventTime + "TestMaxJump", bad: "'far'"}},
	}
}

func over(base map[string]optionEffect, more map[string]optionEffect) map[string]optionEffect {
	for name, e := range more {
		base[name] = e
	}
	return base
}

// topicConfigs are Kafka's: each refuses what it cannot be, and its text says if nothing depends on it.
func topicConfigs() map[string]optionEffect {
	out := map[string]optionEffect{}
	for i := range topicconfig.Defs {
		out[topicconfig.OptionName(topicconfig.Defs[i].Name)] = optionEffect{make: "CREATE TOPIC $ OPTW", effect: effect{none: true, bad: "'bogus'"}}
	}
	return out
}

const overTopic, topicTables = "CREATE TABLE $ (k text PRIMARY KEY, v text) OPTW", "server/topic_table_test.go:TestTopicTables"

var optionEffects = map[string]map[string]optionEffect{
	"CREATE STREAM": over(shared(plainStream, "CREATE STREAM $ (k text) WITH (partitions = 1 OPT)"), map[string]optionEffect{
		"connector": {make: "CREATE STREAM $ (a int) WITH (partitions = 1 OPT)", effect: effect{shown: "exec/lane/eventtime_test.go:TestConnectorIsNotLate", bad: "'jdbc'"}},
		"table":     {make: "CREATE STREAM $ WITH (connector = 'nexmark' OPT)", given: "table = 'bid'", effect: effect{probe: "DESCRIBE $", bad: "'bids'"}},
		"rate":      {make: nexmark, effect: effect{shown: "internal/nexmark/nexmark_test.go:TestParseSource", bad: "0"}},
		"events":    {make: "CREATE STREAM $ WITH (connector = 'nexmark', table = 'bid' OPT)", effect: effect{shown: "internal/nexmark/nexmark_test.go:TestParseSource", bad: "-1"}},
		"seed":      {make: nexmark, effect: effect{shown: "internal/nexmark/nexmark_test.go:TestParseSource", bad: "-1"}},
		"base_time": {make: nexmark, effect: effect{shown: "internal/nexmark/nexmark_test.go:TestParseSource", bad: "'soon'"}},
	}),
	"CREATE STREAM AS": over(shared(goodDerived, "CREATE STREAM $ WITH (partitions = 1 OPT) AS SELECT k FROM src"), map[string]optionEffect{
		"snapshot":         {make: goodDerived, given: "snapshot = false", effect: effect{probe: "SELECT count(*) FROM $", bad: "'maybe'"}},
		"on_error":         {make: plainDerived, given: "on_error = 'skip'", effect: effect{probe: "SELECT count(*) FROM $", bad: "'retry'"}},
		"allowed_lateness": {make: goodDerived, effect: effect{shown: eventTime + "TestClosedWindowsRandomly", bad: "'1 s'"}},
	}),
	"CREATE MATERIALIZED VIEW": {
		"on_error":         {make: "CREATE MATERIALIZED VIEW $ WITH (snapshot = true OPT) AS SELECT 1 / v AS q FROM src", given: "on_error = 'skip'", effect: effect{probe: "SELECT * FROM $", bad: "'retry'"}},
		"snapshot":         {make: "CREATE MATERIALIZED VIEW $ WITH (on_error = 'fail' OPT) AS SELECT k FROM src", given: "snapshot = false", effect: effect{probe: "SELECT * FROM $", bad: "'maybe'"}},
		"background":       {make: "CREATE MATERIALIZED VIEW $ WITH (snapshot = true OPT) AS SELECT k FROM src", effect: effect{shown: "server/options_test.go:TestBackground", bad: "'maybe'"}},
		"allowed_lateness": {make: "CREATE MATERIALIZED VIEW $ WITH (snapshot = true OPT) AS SELECT k FROM src", effect: effect{shown: eventTime + "TestClosedWindowsRandomly", bad: "'1 s'"}},
	},
	"CREATE SINK": {
		"format":           {make: plainSink, given: "format = 'csv'", effect: effect{probe: records, bad: "'xml'"}},
		"key":              {make: plainSink, given: "key = 'k'", effect: effect{probe: records, bad: "'nothing'"}},
		"key_format":       {make: strings.Replace(plainSink, "OPT", ", key = 'k' OPT", 1), given: "key_format = 'text'", effect: effect{probe: records, bad: "'xml'"}},
		"delimiter":        {make: strings.Replace(plainSink, "OPT", ", format = 'csv' OPT", 1), given: "delimiter = ';'", effect: effect{probe: records, bad: "'ab'"}},
		"partitions":       {make: strings.Replace(plainSink, "partitions = 1 OPT", "OPT1", 1), given: "partitions = 3", effect: effect{probe: `DESCRIBE "topic-$"`, bad: "0"}},
		"snapshot":         {make: plainSink, given: "snapshot = false", effect: effect{probe: "SELECT count(*) FROM raw_$", bad: "'maybe'"}},
		"on_error":         {make: failingSink, given: "on_error = 'skip'", effect: effect{probe: "SELECT count(*) FROM raw_$", bad: "'retry'"}},
		"allowed_lateness": {make: plainSink, effect: effect{shown: eventTime + "TestClosedWindowsRandomly", bad: "'1 s'"}},
	},
	"CREATE TOPIC, ALTER TOPIC SET": over(topicConfigs(), map[string]optionEffect{
		"partitions":         {make: "CREATE TOPIC $ OPTW", given: "partitions = 3", effect: effect{probe: "DESCRIBE $", bad: "0"}},
		"replication_factor": {make: "CREATE TOPIC $ OPTW", effect: effect{none: true, bad: "3"}},
		"cleanup_policy":     {make: "CREATE TOPIC $ OPTW", given: "cleanup_policy = 'compact'", effect: effect{probe: "SHOW CREATE $", bad: "'bogus'"}},
		"retention_ms":       {make: "CREATE TOPIC $ OPTW", given: "retention_ms = 1000", effect: effect{probe: "SHOW CREATE $", bad: "-2"}},
	}),
	"COPY": {
		"format":         {make: "COPY copied TO STDOUT (OPT1)", given: "format csv", effect: effect{bad: "xml"}},
		"header":         {make: "COPY copied TO STDOUT (format csv OPT)", given: "header true", effect: effect{bad: "maybe"}},
		"encoding":       {make: "COPY copied TO STDOUT (format csv OPT)", effect: effect{none: true, bad: "'LATIN1'"}},
		"freeze":         {make: "COPY copied TO STDOUT (format csv OPT)", effect: effect{none: true, bad: "'maybe'"}},
		"delimiter":      {make: "COPY copied TO STDOUT (format csv OPT)", given: "delimiter ';'", effect: effect{bad: "'ab'"}},
		"quote":          {make: "COPY copied TO STDOUT (format csv OPT)", given: "quote '|'", effect: effect{bad: "'ab'"}},
		"escape":         {make: "COPY copied TO STDOUT (format csv OPT)", given: "escape '|'", effect: effect{bad: "'ab'"}},
		"null":           {make: "COPY copied TO STDOUT (format csv OPT)", given: "null 'nothing'", effect: effect{bad: `E'\n'`}},
		"force_quote":    {make: "COPY copied TO STDOUT (format csv OPT)", effect: effect{shown: "server/copy_force_test.go:TestCopyForce", bad: "(nosuch)"}},
		"force_not_null": {make: "COPY copied FROM STDIN (format csv OPT)", effect: effect{shown: "server/copy_force_test.go:TestCopyForce", bad: "(nosuch)"}},
		"force_null":     {make: "COPY copied FROM STDIN (format csv OPT)", effect: effect{shown: "server/copy_force_test.go:TestCopyForce", bad: "(nosuch)"}},
	},
	"CREATE TABLE": {
		"topic":      {make: overTopic, effect: effect{shown: topicTables, bad: "'a/b'"}},
		"format":     {make: overTopic, effect: effect{shown: topicTables, bad: "'bogus'"}},
		"delimiter":  {make: overTopic, effect: effect{shown: topicTables, bad: "'ab'"}},
		"key_format": {make: overTopic, effect: effect{shown: topicTables, bad: "'bogus'"}},
		"partitions": {make: overTopic, effect: effect{shown: topicTables, bad: "0"}},
	},
	"EXPLAIN": {
		"analyze":  {make: "EXPLAIN (verbose OPT) SELECT k FROM src", given: "analyze", effect: effect{bad: "'maybe'"}},
		"verbose":  {make: "EXPLAIN (format text OPT) SELECT k FROM src", effect: effect{none: true, bad: "'maybe'"}},
		"costs":    {make: "EXPLAIN (verbose OPT) SELECT k FROM src", effect: effect{none: true, bad: "true"}},
		"settings": {make: "EXPLAIN (verbose OPT) SELECT k FROM src", effect: effect{none: true, bad: "true"}},
		"buffers":  {make: "EXPLAIN (verbose OPT) SELECT k FROM src", effect: effect{none: true, bad: "true"}},
		"wal":      {make: "EXPLAIN (verbose OPT) SELECT k FROM src", effect: effect{none: true, bad: "true"}},
		"timing":   {make: "EXPLAIN (verbose OPT) SELECT k FROM src", effect: effect{bad: "true", shown: "server/explain_test.go:TestExplainAnalyze"}},
		"summary":  {make: "EXPLAIN (verbose OPT) SELECT k FROM src", given: "summary", effect: effect{bad: "'maybe'"}},
		"format":   {make: "EXPLAIN (verbose OPT) SELECT k FROM src", given: "format json", effect: effect{bad: "bogus"}},
	},
	"ALTER MATERIALIZED VIEW, STREAM, SINK SET": {
		"on_error": {make: "CREATE MATERIALIZED VIEW $ AS SELECT 1 / v AS q FROM src; ALTER MATERIALIZED VIEW $ SET (OPT1)", given: "on_error = 'skip'", effect: effect{probe: "SELECT * FROM $", bad: "'retry'"}},
	},
}

// TestEveryOption: each option of each statement changes what a client sees, and refuses a value that
// it cannot mean.
func TestEveryOption(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := local(t)
	k := talk(t, ctx, s)
	if said := k.says("CREATE STREAM src (k text, v int, at timestamptz); INSERT INTO src VALUES ('a', 1, '2024-01-01 00:00Z'), ('b', 0, NULL)"); said != "" {
		t.Fatal(said)
	}
	if said := k.says(`CREATE TABLE copied (a text, b int); INSERT INTO copied VALUES ('x,"y', 1), (NULL, 2)`); said != "" {
		t.Fatal(said)
	}
	n := 0
	try := func(e optionEffect, option string) (made, seen string) {
		n++
		name := fmt.Sprintf("o%d", n)
		with := map[string]string{"OPTW": "", "OPT1": "", "OPT": ""}
		if option != "" {
			with = map[string]string{"OPTW": "WITH (" + option + ")", "OPT1": option, "OPT": ", " + option}
		}
		sql := e.make
		for _, place := range []string{"OPTW", "OPT1", "OPT"} {
			sql = strings.Replace(sql, place, with[place], 1)
		}
		sql = strings.ReplaceAll(strings.NewReplacer("WITH ()", "", "STDOUT ()", "STDOUT").Replace(sql), "$", name)
		sql = strings.ReplaceAll(sql, "; ALTER MATERIALIZED VIEW "+name+" SET ()", "")
		made = k.says(sql)
		if e.probe != "" { // else the statement itself shows it
			seen = k.says(strings.ReplaceAll(e.probe, "$", name))
		}
		return strings.ReplaceAll(made, name, "$"), strings.ReplaceAll(seen, name, "$")
	}
	for _, st := range bind.WithOptions() {
		effects := optionEffects[st.Statement]
		for _, o := range st.Options {
			e, ok := effects[o.Name]
			if !ok {
				t.Errorf("%s: no effect of %s is known", st.Statement, o.Name)
				continue
			}
			sign := " = "
			if st.Statement == "COPY" || st.Statement == "EXPLAIN" {
				sign = " "
			}
			if made, _ := try(e, o.Name+sign+e.bad); !strings.Contains(made, "22023") && !strings.Contains(made, "42") && !strings.Contains(made, "0A000") {
				t.Errorf("%s: %s = %s is taken: %s", st.Statement, o.Name, e.bad, made)
			}
			switch {
			case e.shown != "":
				exists(t, e.shown)
			case !e.none:
				madeWithout, without := try(e, "")
				madeWith, with := try(e, e.given)
				if without == with && madeWithout == madeWith {
					t.Errorf("%s: %s changes nothing: %s\n%s", st.Statement, e.given, madeWith, with)
				}
				if e.probe != "" && strings.Contains(madeWith, "SQLSTATE") {
					t.Errorf("%s: %s: %s", st.Statement, e.given, madeWith)
				}
			}
			if o.Doc == "" || o.Values == "" || o.Default == "" {
				t.Errorf("%s: %s is not documented", st.Statement, o.Name)
			}
		}
		for name := range effects {
			if !slices.ContainsFunc(st.Options, func(o bind.WithOption) bool { return o.Name == name }) {
				t.Errorf("%s has no option %s", st.Statement, name)
			}
		}
	}
}

// TestStartupSettingRefused: a client that asks for a setting it may not have is refused, and nothing more.
func TestStartupSettingRefused(t *testing.T) {
	ctx := t.Context()
	s := start(t, ctx, settings(t.TempDir()))
	defer stop(t, s)
	before := metric(t, s, `tributary_panics_total{face="pg"}`)
	_, err := pgx.Connect(ctx, fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable&options=-c%%20strict_read_timeout%%3D1s", s.PGAddr))
	if err == nil || !strings.Contains(err.Error(), "cannot be changed without restarting the server") {
		t.Fatalf("got %v", err)
	}
	exec(t, ctx, connect(t, ctx, s), "SELECT 1")
	if after := metric(t, s, `tributary_panics_total{face="pg"}`); after != before {
		t.Fatalf("%v bugs that ended a connection", after-before)
	}
}
