package session

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/charset"
	"github.com/tributary-db/tributary/internal/config"
	sqlident "github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/internal/tsearch"
)

// unnamed is the error of a value whose parameter is not known where it is checked: set puts
// the name in.
type unnamed struct{ before, after, hint string }

func (u unnamed) Error() string { return u.before + u.after }

// nameIn is err with the parameter's name in it.
func nameIn(err error, name string) error {
	var u unnamed
	if !errors.As(err, &u) {
		return err
	}
	e := sqlerr.New(sqlerr.InvalidParameterValue, "%s%q%s", u.before, name, u.after)
	e.Hint = u.hint
	return e
}

func badValue(name, value string) *sqlerr.Error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", name, value)
}

func parseBool(v string) (string, error) {
	switch strings.ToLower(v) {
	case "on", "true", "yes", "1", "t", "y":
		return "on", nil
	case "off", "false", "no", "0", "f", "n":
		return "off", nil
	}
	return "", unnamed{before: "parameter ", after: " requires a Boolean value"}
}

func parseEnum(name string, allowed ...string) func(string) (string, error) {
	return func(v string) (string, error) {
		if low := strings.ToLower(v); slices.Contains(allowed, low) {
			return low, nil
		}
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", name, v).
			WithHint("Available values: %s.", strings.Join(allowed, ", "))
	}
}

func onlyValue(name, only string) func(string) (string, error) {
	return func(v string) (string, error) {
		if b, err := parseBool(v); err == nil && b == only {
			return only, nil
		}
		return "", sqlerr.New(sqlerr.FeatureNotSupported, "parameter %q can only be %q", name, only)
	}
}

// onlyText refuses every value but those given.
func onlyText(name string, only ...string) func(string) (string, error) {
	return func(v string) (string, error) {
		if low := strings.ToLower(v); slices.Contains(only, low) {
			return low, nil
		}
		return "", sqlerr.New(sqlerr.FeatureNotSupported, "parameter %q can only be %q", name, only[len(only)-1])
	}
}

// messageLevels are the severities of client_min_messages, the least first.
var messageLevels = []string{"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"}

// wants reports whether the client asked for messages of a severity; an empty one is NOTICE.
func (s *settings) wants(severity string) bool {
	if severity == "" {
		severity = "notice"
	}
	least := slices.Index(messageLevels, s.get("client_min_messages"))
	return slices.Index(messageLevels, strings.ToLower(severity)) >= least || strings.EqualFold(severity, "INFO")
}

// parseSearchPath keeps the text.
func parseSearchPath(v string) (string, error) {
	if _, ok := sqlident.List(v); !ok {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", "search_path", v).
			WithDetail("List syntax is invalid.")
	}
	return v, nil
}

func parseSynchronousCommit(v string) (string, error) {
	if b, err := parseBool(v); err == nil {
		return b, nil
	}
	return parseEnum("synchronous_commit", "local", "remote_write", "remote_apply", "on", "off")(v)
}

// parseMessageLocale takes the locales whose messages are the ones that are here.
func parseMessageLocale(v string) (string, error) {
	if low := strings.ToLower(v); v == "" || low == "c" || low == "posix" || strings.HasPrefix(low, "en") || strings.HasPrefix(low, "c.") {
		return v, nil
	}
	return "", sqlerr.New(sqlerr.FeatureNotSupported, "parameter \"lc_messages\" can only be \"C\"").WithHint("Messages are English.")
}

func parseInt(low, high int) func(string) (string, error) {
	return func(v string) (string, error) {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < low || n > high {
			return "", sqlerr.New(sqlerr.InvalidParameterValue, "%q is outside the valid range (%d .. %d)", v, low, high)
		}
		return strconv.Itoa(n), nil
	}
}

// parseSizeOf takes a number of bytes or a number with a unit and keeps bytes.
func parseSizeOf(name string) func(v string) (string, error) {
	return func(v string) (string, error) {
		n, err := config.ParseBytes(v)
		if err != nil || n < 0 {
			return "", badValue(name, v)
		}
		return strconv.FormatInt(n, 10), nil
	}
}

// parseMillis takes a number of milliseconds or a number with a unit and keeps milliseconds.
func parseMillis(v string) (string, error) {
	v = strings.TrimSpace(v)
	digits := strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyz ")
	units := map[string]int64{"": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
	unit, known := units[strings.TrimSpace(v[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || !known || n < 0 {
		return "", unnamed{
			before: "invalid value for parameter ", after: fmt.Sprintf(": %q", v),
			hint: `Valid units for this parameter are "ms", "s", "min", "h", and "d".`,
		}
	}
	return strconv.FormatInt(n*unit, 10), nil
}

// parseMillisOrOff is parseMillis that takes -1, for never.
func parseMillisOrOff(v string) (string, error) {
	if strings.TrimSpace(v) == "-1" {
		return "-1", nil
	}
	return parseMillis(v)
}

// parseEncoding accepts the spellings of PostgreSQL's encodings (asyncpg sends it in quotes). The face converts; under SQL_ASCII nothing is
// converted: the server's encoding is what goes over the wire.
func parseEncoding(v string) (string, error) {
	c, ok := charset.Lookup(v)
	switch {
	case !ok:
		return "", badValue("client_encoding", v)
	case !c.Converts():
		return "", sqlerr.New(sqlerr.FeatureNotSupported, "conversion between %s and UTF8 is not supported", c.Name)
	}
	return c.Name, nil
}

// mergeDateStyle reads a style over the one that holds: what the words leave open stays.
func mergeDateStyle(v, now string) (string, error) {
	held, _ := datetime.ReadDateStyle(now, datetime.DateStyle{})
	style, wrong := datetime.ReadDateStyle(v, held)
	if wrong != "" {
		return "", badValue("DateStyle", v).WithDetail("%s", wrong)
	}
	return style.String(), nil
}

func parseIntervalStyle(v string) (string, error) {
	return parseEnum("IntervalStyle", "postgres", "postgres_verbose", "sql_standard", "iso_8601")(v)
}

func parseTimeZone(v string) (string, error) {
	if strings.EqualFold(v, "default") || strings.EqualFold(v, "local") {
		return "UTC", nil
	}
	name, _, ok := datetime.ZoneOfSetting(strings.Trim(v, "'\""))
	if !ok {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter \"TimeZone\": %q", v)
	}
	return name, nil
}

func parseIsolation(v string) (string, error) {
	switch low := strings.ToLower(v); low {
	case "read uncommitted", "read committed", "repeatable read", "serializable": // the first reads as the second does
		return low, nil
	}
	return "", unnamed{before: "invalid value for parameter ", after: fmt.Sprintf(": %q", v)}
}

// parseSearchConfig takes a text search configuration, and keeps its name with the schema.
func parseSearchConfig(v string) (string, error) {
	parts, ok := sqlident.Split(v)
	name := ""
	if n := len(parts); ok && (n == 1 || n == 2 && parts[0] == "pg_catalog") {
		name = parts[n-1]
	}
	oid, ok := tsearch.ConfigNamed(name)
	if !ok {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", "default_text_search_config", v)
	}
	if _, err := tsearch.ConfigOf(oid); err != nil {
		return "", err
	}
	return "pg_catalog." + name, nil
}
