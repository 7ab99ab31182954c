package redact

import "testing"

func TestURL(t *testing.T) {
	for value, want := range map[string]string{
		"":                  "",
		"./data":            "./data",
		"a:b@host":          "a:b@host",
		"file:///var/lib/x": "file:///var/lib/x",
		"pebble:///x/meta":  "pebble:///x/meta",
		"s3://bucket/p?region=eu-1&path_style=true":                   "s3://bucket/p?region=eu-1&path_style=true",
		"s3://AKIA:s3cret@bucket/p":                                   "s3://****@bucket/p",
		"postgres://u:p@ss/word@db:5432/x":                            "postgres://****@ss/word@db:5432/x",
		"postgres://token@db/x":                                       "postgres://****@db/x",
		"s3://b?endpoint=http://u:s3cret@h:9000&region=x":             "s3://b?endpoint=http://****@h:9000&region=x",
		"s3://b?endpoint=http%3A%2F%2Fu%3As3cret%40h%3A9000&region=x": "s3://b?endpoint=http://****@h:9000&region=x",
		"s3://b?secret_access_key=s3cret&X-Amz-Signature=s3cret":      "s3://b?secret_access_key=****&X-Amz-Signature=****",
		"s3://b?p%61ssword=s3cret":                                    "s3://b?p%61ssword=****",
		"s3://b?x=%zz":                                                "s3://b?x=****",
		"s3://b?a=1#s3cret":                                           "s3://b?a=1#****",
	} {
		if got := URL(value); got != want {
			t.Errorf("%q is shown as %q, want %q", value, got, want)
		}
	}
}
