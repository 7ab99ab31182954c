package session

import (
	"errors"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// TestExplainOptions: every option of PostgreSQL is obeyed or refused, and so is what is none.
func TestExplainOptions(t *testing.T) {
	for option, want := range map[string]sqlerr.Code{
		"FORMAT TEXT": "", "VERBOSE": "", "VERBOSE off": "", "COSTS off": "", "ANALYZE false": "", "SUMMARY off": "",
		"FORMAT JSON": "", "FORMAT YAML": "", "FORMAT XML": "", "ANALYZE": "", "ANALYZE, TIMING off": "", "TIMING, ANALYZE": "", "SUMMARY": "",
		"ANALYZE, WAL": sqlerr.FeatureNotSupported, "COSTS": sqlerr.FeatureNotSupported, "SETTINGS": sqlerr.FeatureNotSupported,
		"BUFFERS":      sqlerr.FeatureNotSupported,
		"FORMAT BOGUS": sqlerr.InvalidParameterValue, "WAL": sqlerr.InvalidParameterValue, "TIMING": sqlerr.InvalidParameterValue,
		"BOGUS": sqlerr.SyntaxError, "COSTS maybe": sqlerr.SyntaxError,
	} {
		_, err := readExplain(optionsOf(t, "EXPLAIN ("+option+") SELECT 1"))
		if got := codeOf(err); got != want {
			t.Errorf("EXPLAIN (%s): %q, want %q", option, got, want)
		}
	}
}

// TestTopicOptions: what CREATE TOPIC takes is checked.
func TestTopicOptions(t *testing.T) {
	for option, want := range map[string]sqlerr.Code{
		"cleanup_policy = 'compact'": "", "cleanup_policy = 'compact,delete'": "", "retention_ms = -1": "", "retention_ms = 1000": "",
		"replication_factor = 1": "", "retention.ms = 5": "", "retention.ms = 5, retention_ms = 6": sqlerr.InvalidParameterValue,
		"segment_bytes = 13": sqlerr.InvalidParameterValue, "cleanup_policy = 'bogus'": sqlerr.InvalidParameterValue,
		"retention_ms = 'x'": sqlerr.InvalidParameterValue, "retention_ms = -2": sqlerr.InvalidParameterValue,
		"replication_factor = 3": sqlerr.InvalidParameterValue, "bogus = 1": sqlerr.InvalidParameterValue,
	} {
		stmts, err := parse.Parse("CREATE TOPIC t WITH (" + option + ")")
		if err != nil {
			t.Fatal(err)
		}
		o, err := readTopicOptions(stmts[0].Body.(*parse.CreateTopic).Options)
		if err == nil {
			_, err = o.topicConfigs()
		}
		if got := codeOf(err); got != want {
			t.Errorf("%s: %q, want %q", option, got, want)
		}
	}
}

func optionsOf(t *testing.T, sql string) []parse.Option {
	t.Helper()
	stmts, err := parse.Parse(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return stmts[0].Body.(*parse.Explain).Options
}

func codeOf(err error) sqlerr.Code {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
