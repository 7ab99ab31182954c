package parse

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedacted(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT  'x''y', 1.5e3\n FROM t WHERE k=$1 -- secret\n AND a = /* s3cret */ E'\\'s3cret'": "SELECT ?, ? FROM t WHERE k=$1 AND a = ?",
		"ALTER ROLE tributary PASSWORD 's3cret'":                                                  "ALTER ROLE tributary PASSWORD ?",
		"ALTER ROLE tributary password $x$s3cret$x$":                                              "ALTER ROLE tributary password ?",
		"ALTER ROLE tributary password s3cret valid":                                              "ALTER ROLE tributary password ? valid",
		"ALTER ROLE tributary PASSWORD 's3cret":                                                   "ALTER ROLE tributary PASSWORD ?",
		`SELECT "Column", U&'s3cret', B'01', x'ff' FROM "a b"`:                                    `SELECT "Column", ?, ?, ? FROM "a b"`,
		"INSERT INTO t VALUES (1, 's3cret'), (-2, NULL)":                                          "INSERT INTO t VALUES (?, ?), (-?, NULL)",
		"": "",
	} {
		if got := Redacted(sql, 1000); got != want {
			t.Errorf("%s\nis shown as %s\nwant        %s", sql, got, want)
		}
	}
	long := Redacted("SELECT "+strings.Repeat("ä, ", 500), 100)
	if len(long) > 110 || !strings.HasSuffix(long, " …") || !utf8.ValidString(long) {
		t.Errorf("%d bytes: %q", len(long), long)
	}
}
