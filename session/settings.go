package session

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// setting is a run-time parameter of a session (PostgreSQL's GUC).
type setting struct {
	name   string // as SHOW and ParameterStatus spell it
	value  string // default
	report bool   // sent to the client when it changes
	fixed  bool   // cannot be SET
	// parse checks a value and gives the form that is kept; nil keeps any text.
	parse func(value string) (string, error)
	// merge is a parse that needs the value that holds.
	merge func(value, now string) (string, error)
	// millis: the value is kept in milliseconds and shown in its largest unit; size: in bytes.
	millis bool
	size   bool
	// unit, kind and enum are pg_settings': the base unit of the kept number, the type, and what an enum may be. Empty: as the value looks.
	unit, kind string
	enum       []string
	doc        string
}

// shown is a value as SHOW prints it.
func (d *setting) shown(value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case d.unit != "":
		return inUnit(value, d.unit)
	case err != nil || n <= 0:
		return value
	case d.millis:
		return config.FormatDuration(time.Duration(n) * time.Millisecond)
	case d.size:
		return config.FormatBytes(n)
	}
	return value
}

// settingList is every session setting, in the order in which the reported ones are sent.
var settingList = withInert([]setting{
	{name: "application_name", report: true, doc: "Name of the client program."},
	{name: "client_encoding", value: "UTF8", report: true, parse: parseEncoding, doc: "Encoding of the client, one of PostgreSQL's: what comes and goes is converted. SQL_ASCII converts nothing."},
	{name: "DateStyle", value: "ISO, MDY", report: true, merge: mergeDateStyle, doc: "Output form of dates and timestamps (ISO, Postgres, SQL, German), and how dates of three numbers are read (MDY, DMY, YMD)."},
	{name: "default_transaction_read_only", value: "off", report: true, parse: parseBool, doc: "New transactions are read-only."},
	{name: "in_hot_standby", value: "off", report: true, fixed: true, doc: "Always off."},
	{name: "integer_datetimes", value: "on", report: true, fixed: true, doc: "Always on."},
	{name: "IntervalStyle", value: "postgres", report: true, parse: parseIntervalStyle, doc: "Output form of intervals."},
	{name: "is_superuser", value: "off", report: true, fixed: true, doc: "The role whose privileges count is a superuser."},
	{name: "server_encoding", value: "UTF8", report: true, fixed: true, doc: "Always UTF8."},
	{name: "server_version", report: true, fixed: true, doc: "PostgreSQL version whose behaviour is offered."},
	{name: "session_authorization", value: "tributary", report: true, doc: "The user of the session; superusers may become another."},
	{name: "standard_conforming_strings", value: "on", report: true, parse: onlyValue("standard_conforming_strings", "on"), doc: "Always on."},
	{name: "TimeZone", value: "UTC", report: true, parse: parseTimeZone, doc: "Time zone of timestamptz input and output."},

	{name: "role", value: "none", doc: "The role whose privileges count, one that the user is in; none = the user."},
	{name: "server_version_num", value: "150000", fixed: true, doc: "server_version as a number."},
	{name: "search_path", value: `"$user", public`, parse: parseSearchPath, doc: "Schemas in which bare names are looked up."},
	{name: "extra_float_digits", value: "1", parse: parseInt(-15, 3), doc: "Digits of floating-point output; 1 and more are shortest-precise."},
	{name: "default_text_search_config", value: "pg_catalog.english", parse: parseSearchConfig, doc: "Text search configuration of functions that are given none."},
	{name: "bytea_output", value: "hex", parse: parseEnum("bytea_output", "hex", "escape"), doc: "Output form of bytea."},
	{name: "client_min_messages", value: "notice", parse: parseEnum("client_min_messages", messageLevels...), doc: "Least severity of messages sent."},
	{name: "statement_timeout", value: "0", parse: parseMillis, millis: true, doc: "Longest run of a statement; 0 = no limit."},
	{name: "statement_memory", value: "0", parse: parseSizeOf("statement_memory"), size: true, doc: "Memory of one statement; 0 = no limit."},
	{name: "log_min_duration_statement", value: "-1", parse: parseMillisOrOff, millis: true, doc: "A statement that takes so long is a line of the log; 0 = every one, -1 = none."},
	{name: "work_memory", value: "0", parse: parseSizeOf("work_memory"), size: true, doc: "Memory of a statement's sorts, joins, aggregates and DISTINCT before rows go to the disk; 0 = none does."},
	{name: "work_mem", value: "4096", parse: workMem.parse, unit: "kB", kind: "integer", doc: "PostgreSQL's name of work_memory: once it is SET it holds, unless that is SET as well."},
	{name: "temp_file_limit", value: "0", parse: parseSizeOf("temp_file_limit"), size: true, doc: "Bytes that a statement may have on the disk: rows for want of work_memory, a Parquet file; 0 = no limit."},
	{name: "temp_table_memory", value: "0", parse: parseSizeOf("temp_table_memory"), size: true, doc: "Memory of the temporary tables of the session; 0 = no limit."},
	{name: "shards", value: "0", parse: parseInt(0, 256), doc: "Processors that a large SELECT is divided among at most; 1 = it is not, 0 = as many as the server allows."},
	{name: "min_shard_rows", value: "0", parse: parseInt(0, 1<<31-1), doc: "Rows that a SELECT must read to be divided."},
	{name: "lock_timeout", value: "0", parse: parseMillis, millis: true, doc: "Longest wait for a lock; 0 = no limit."},
	{name: "idle_in_transaction_session_timeout", value: "0", parse: parseMillis, millis: true, doc: "Longest wait for the client inside a transaction; 0 = no limit."},
	{name: "idle_session_timeout", value: "0", parse: parseMillis, millis: true, doc: "Longest wait for the client outside a transaction; 0 = no limit."},
	{name: "read_mode", value: "strict", parse: parseEnum("read_mode", "strict", "available"), doc: "strict: a read sees everything acknowledged before; available: it does not wait."},
	{name: "default_transaction_isolation", value: "read committed", parse: parseIsolation, doc: "Isolation level of new transactions."},
	{name: "default_transaction_deferrable", value: "off", parse: parseBool, doc: "Nothing depends on it: a read-only transaction at SERIALIZABLE has a safe snapshot at once."},
	{name: "transaction_isolation", value: "read committed", parse: parseIsolation, doc: "Isolation level of the current transaction."},
	{name: "transaction_read_only", value: "off", parse: parseBool, doc: "The current transaction is read-only."},
	{name: "transaction_deferrable", value: "off", parse: parseBool, doc: "Nothing depends on it: a read-only transaction at SERIALIZABLE has a safe snapshot at once."},
	{name: "row_security", value: "on", parse: parseBool, doc: "off: a statement is refused that row-level security policies would be of effect on."},
	{name: "synchronize_seqscans", value: "on", parse: parseBool, doc: "Nothing depends on it: scans are not synchronized."},
	{name: "synchronous_commit", value: "on", parse: parseSynchronousCommit, doc: "Nothing depends on it: a commit is always durable, as with on."},
	{name: "password_encryption", value: "scram-sha-256", parse: parseEnum("password_encryption", "scram-sha-256"), doc: "Always scram-sha-256."},
	{name: "jit", value: "off", parse: parseBool, doc: "Nothing depends on it: there is no compilation to switch."},
	{name: "lc_messages", value: "C", parse: parseMessageLocale, doc: "Messages are English: C, POSIX and English locales are taken."},
	{name: "lc_collate", value: "C.UTF-8", fixed: true, doc: "Always C.UTF-8."},
	{name: "lc_ctype", value: "C.UTF-8", fixed: true, doc: "Always C.UTF-8."},
	{name: "max_identifier_length", value: "63", fixed: true, doc: "Longest name, bytes."},
	{name: "max_prepared_transactions", value: "0", fixed: true, doc: "Always 0: there is no two-phase commit."},
	{name: "max_index_keys", value: "32", fixed: true, doc: "Most columns of an index."},
	{name: "backslash_quote", value: "safe_encoding", parse: onlyText("backslash_quote", "safe_encoding"), doc: "Always safe_encoding."},
	{name: "xmloption", value: "content", parse: parseEnum("xmloption", "content", "document"), doc: "Nothing depends on it: there is no type xml."},
	{name: "check_function_bodies", value: "on", parse: parseBool, doc: "Nothing depends on it: the text of a function is always checked when it is created."},
	{name: "default_table_access_method", value: "heap", parse: onlyText("default_table_access_method", "heap"), doc: "Always heap, which stands for the one way there is."},
	{name: "default_tablespace", parse: onlyText("default_tablespace", "", "pg_default"), doc: "There is one tablespace, pg_default, which the empty text means as well."},
})

var settingIndex = func() map[string]int {
	m := map[string]int{}
	for i := range settingList {
		m[strings.ToLower(settingList[i].name)] = i
	}
	return m
}()

// settings are the values of one session, by position in settingList; custom holds dotted
// names.
type settings struct {
	values   []string
	defaults []string // what RESET goes back to: the startup packet's values
	custom   map[string]string
	derived  plan.Settings
	planned  string // the values that plans depend on, as one text
	limits   limits
	// allow refuses a value that somebody asks for; changed follows every change. nil = nobody cares.
	allow   func(name, value string) error
	changed func()
}

// limits are the values that every statement asks for, as numbers.
type limits struct {
	statementTimeout, lockTimeout, idleSession, idleInTransaction time.Duration
	logMinDuration                                                time.Duration // below 0 = never
	statementMemory, workMemory, tempFileLimit, tempTableMemory   int64
	shards, minShardRows                                          int64
	readMode                                                      lane.ReadMode
}

func newSettings(serverVersion, user string) *settings {
	s := &settings{custom: map[string]string{}}
	for i := range settingList {
		s.values = append(s.values, settingList[i].value)
	}
	s.values[settingIndex["server_version"]] = serverVersion
	s.values[settingIndex["session_authorization"]] = user
	s.defaults = slices.Clone(s.values)
	s.derive()
	return s
}

// derive computes what expressions depend on, and what every statement asks for.
func (s *settings) derive() {
	s.limits = limits{
		statementTimeout: s.duration("statement_timeout"), lockTimeout: s.duration("lock_timeout"),
		idleSession: s.duration("idle_session_timeout"), idleInTransaction: s.duration("idle_in_transaction_session_timeout"),
		logMinDuration:  s.duration("log_min_duration_statement"),
		statementMemory: s.bytes("statement_memory"), workMemory: s.workMemory(), tempFileLimit: s.bytes("temp_file_limit"), tempTableMemory: s.bytes("temp_table_memory"),
		shards: s.number("shards"), minShardRows: s.number("min_shard_rows"),
		readMode: s.readMode(),
	}
	s.derived = plan.SettingsOf(func(name string) string {
		if role := s.get("role"); name == "session_authorization" && role != noRoleSet {
			return role
		}
		return s.get(name)
	})
	values := []string{s.get("session_authorization"), s.get("role"), s.get("row_security")} // by which names find other things, and rows are seen
	for _, f := range plan.Frozen {
		values = append(values, s.get(f.Name))
	}
	for _, name := range []string{"enable_indexscan", "enable_seqscan", "enable_nestloop", "enable_hashjoin"} {
		values = append(values, s.get(name))
	}
	values = append(values, s.derived.SearchPath...) // of which "$user" is another for another user
	s.planned = strings.Join(values, "\x01")
	if s.changed != nil {
		s.changed()
	}
}

// stamp names the values that plans depend on.
func (s *settings) stamp() string { return s.planned }

func (s *settings) get(name string) string { return s.values[settingIndex[strings.ToLower(name)]] }

// show is SHOW name: the spelled name and the value.
func (s *settings) show(name string) (spelled, value string, err error) {
	low := strings.ToLower(name)
	if i, ok := settingIndex[low]; ok {
		return settingList[i].name, settingList[i].shown(s.values[i]), nil
	}
	if v, ok := s.custom[low]; ok {
		return low, v, nil
	}
	return "", "", unknownSetting(name)
}

func unknownSetting(name string) error {
	return sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter %q", name).Meant(nearSetting(name))
}

// customName is what a parameter of the user's own may be called.
var customName = regexp.MustCompile(`^[a-z_\x80-\xff][a-z0-9_$\x80-\xff]*(\.[a-z_\x80-\xff][a-z0-9_$\x80-\xff]*)+$`)

// set changes a value; reported is the parameter to tell the client of, empty name = none.
func (s *settings) set(name, value string) (reported face.Setting, err error) {
	low := strings.ToLower(name)
	i, ok := settingIndex[low]
	if !ok {
		if isServerSetting(low) {
			return reported, sqlerr.New(sqlerr.CantChangeRuntimeParam, "parameter %q cannot be changed without restarting the server", low)
		}
		if !strings.Contains(low, ".") {
			return reported, unknownSetting(name)
		}
		if !customName.MatchString(low) {
			return reported, sqlerr.New(sqlerr.InvalidName, "invalid configuration parameter name %q", name).
				WithDetail("Custom parameter names must be two or more simple identifiers separated by dots.")
		}
		if _, known := s.custom[low]; !known && len(s.custom) >= 1000 {
			return reported, sqlerr.New(sqlerr.ProgramLimitExceeded, "too many custom parameters")
		}
		s.custom[low] = value
		return reported, nil
	}
	d := &settingList[i]
	if d.fixed {
		return reported, sqlerr.New(sqlerr.CantChangeRuntimeParam, "parameter %q cannot be changed", d.name)
	}
	switch {
	case d.parse != nil:
		value, err = d.parse(value)
	case d.merge != nil:
		value, err = d.merge(value, s.values[i])
	}
	if err != nil {
		return reported, nameIn(err, d.name)
	}
	if s.allow != nil {
		if err := s.allow(d.name, value); err != nil {
			return reported, err
		}
	}
	return s.put(i, value), nil
}

// put changes a value that was checked before.
func (s *settings) put(i int, value string) (reported face.Setting) {
	if s.values[i] == value {
		return reported
	}
	s.values[i] = value
	s.derive()
	if settingList[i].report {
		reported = face.Setting{Name: settingList[i].name, Value: value}
	}
	return reported
}

// reset goes back to the value of the session's start.
func (s *settings) reset(name string) (face.Setting, error) {
	low := strings.ToLower(name)
	i, ok := settingIndex[low]
	if !ok {
		if _, custom := s.custom[low]; custom {
			delete(s.custom, low)
			return face.Setting{}, nil
		}
		return face.Setting{}, unknownSetting(name)
	}
	if settingList[i].fixed {
		return face.Setting{}, nil
	}
	return s.set(name, s.defaults[i])
}

// reported lists what clients follow, in order.
func (s *settings) reported() []face.Setting {
	var out []face.Setting
	for i := range settingList {
		if settingList[i].report {
			out = append(out, face.Setting{Name: settingList[i].name, Value: s.values[i]})
		}
	}
	return out
}

func (s *settings) duration(name string) time.Duration {
	ms, _ := strconv.Atoi(s.get(name)) // checked when it was set
	return time.Duration(ms) * time.Millisecond
}

func (s *settings) bytes(name string) int64 { return s.number(name) }

// workMem is work_mem: what of it holds is told by workMemory.
var workMem = inertSetting{name: "work_mem", kind: "integer", unit: "kB", min: 64, max: math.MaxInt32}

// workMemory is what a statement's sorts and joins may hold: work_mem if the session has set it, and not work_memory.
func (s *settings) workMemory() int64 {
	own, alias := settingIndex["work_memory"], settingIndex["work_mem"]
	if s.values[alias] != settingList[alias].value && s.values[own] == s.defaults[own] {
		return s.number("work_mem") << 10
	}
	return s.number("work_memory")
}

func (s *settings) number(name string) int64 {
	n, _ := strconv.ParseInt(s.get(name), 10, 64) // checked when it was set
	return n
}

func (s *settings) readMode() lane.ReadMode {
	if s.get("read_mode") == "available" {
		return lane.ReadAvailable
	}
	return lane.ReadStrict
}

// Positions of what every transaction begins with.
var (
	atIsolation = settingIndex["transaction_isolation"]
	atReadOnly  = settingIndex["transaction_read_only"]
	txDefaults  = []struct{ of, from int }{
		{atIsolation, settingIndex["default_transaction_isolation"]},
		{atReadOnly, settingIndex["default_transaction_read_only"]},
		{settingIndex["transaction_deferrable"], settingIndex["default_transaction_deferrable"]},
	}
)

// modes are the current transaction's characteristics, for setModes.
func (s *settings) modes() []string {
	out := make([]string, len(txDefaults))
	for i, d := range txDefaults {
		out[i] = s.values[d.of]
	}
	return out
}

func (s *settings) setModes(modes []string) {
	for i, d := range txDefaults {
		s.values[d.of] = modes[i]
	}
}

// newTransaction gives the next transaction the session's characteristics.
func (s *settings) newTransaction() {
	for _, d := range txDefaults {
		s.values[d.of] = s.values[d.from]
	}
}
