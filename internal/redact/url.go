package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// masked stands where a secret was.
const masked = "****"

var (
	// secretName matches the names of parameters whose values nobody is shown.
	secretName = regexp.MustCompile(`(?i)secret|passw|pwd|token|credential|signature|^sig$|key`)
	// userinfo is what stands between a scheme and an address, in a text that is no URL too.
	userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#\s]*@`)
)

// URL hides what a value may give away: who an address is asked as (user and password of any
// URL in it, wherever it stands) and parameters that are named like secrets. What is left still
// says which store or file is meant. It is for what people and logs are shown; a masked value
// cannot be used.
func URL(value string) string {
	if !strings.Contains(value, "://") {
		return value
	}
	address, query, ok := strings.Cut(value, "?")
	address = userinfo.ReplaceAllString(address, "${1}"+masked+"@")
	if !ok {
		return address
	}
	query, fragment, _ := strings.Cut(query, "#")
	items := strings.Split(query, "&")
	for i, item := range items {
		items[i] = maskParameter(item)
	}
	address += "?" + strings.Join(items, "&")
	if fragment != "" {
		address += "#" + masked // no store has one: it is somebody's mistake, perhaps a secret
	}
	return address
}

// maskParameter works on the text, so that what is no secret is shown as it was written.
func maskParameter(item string) string {
	name, value, ok := strings.Cut(item, "=")
	if !ok {
		return item
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		return name + "=" + masked
	}
	if clear, err := url.QueryUnescape(name); err != nil || secretName.MatchString(clear) {
		return name + "=" + masked
	}
	if hidden := URL(plain); hidden != plain {
		return name + "=" + hidden
	}
	return item
}
