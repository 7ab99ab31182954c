package objstore

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/redact"
)

// Open opens the store that rawURL names:
//
//	file://DIR                                   a directory, absolute or relative
//	s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME&path_style=true]
//	mem://                                       memory, a new one at each Open
//
// It checks the URL and, for a directory, makes it; S3 is not asked anything yet. The result may
// be an io.Closer; see Close.
func Open(ctx context.Context, rawURL string) (Store, error) {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return nil, fmt.Errorf("object store %q: want file://DIR, s3://BUCKET/PREFIX or mem://", redact.URL(rawURL))
	}
	switch scheme {
	case "file":
		if rest == "" {
			return nil, fmt.Errorf("object store %q: no directory", rawURL)
		}
		return OpenDir(rest)
	case "mem":
		if rest != "" {
			return nil, fmt.Errorf("object store %q: mem:// takes nothing more", rawURL)
		}
		return NewMem(), nil
	case "s3":
		cfg, err := parseS3URL(rawURL)
		if err != nil {
			return nil, err
		}
		return OpenS3(ctx, cfg)
	}
	return nil, fmt.Errorf("object store %q: unknown scheme %q", redact.URL(rawURL), scheme)
}

// Close closes a store that Open made; one without anything to close is left alone.
func Close(s Store) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func parseS3URL(rawURL string) (S3Config, error) {
	shown := redact.URL(rawURL)
	u, err := url.Parse(rawURL)
	if err != nil {
		return S3Config{}, fmt.Errorf("object store %q is no URL", shown) // err would quote it whole
	}
	if u.Host == "" || u.User != nil || u.Fragment != "" {
		return S3Config{}, fmt.Errorf("object store %q: want s3://BUCKET/PREFIX?endpoint=…&region=…&path_style=true, credentials come from the environment", shown)
	}
	cfg := S3Config{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return S3Config{}, fmt.Errorf("object store %q: %w", shown, err)
	}
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "endpoint":
			e, err := url.Parse(value)
			if err != nil || e.Host == "" || (e.Scheme != "http" && e.Scheme != "https") {
				return S3Config{}, fmt.Errorf("object store %q: endpoint %q is no http or https URL", shown, redact.URL(value))
			}
			if e.User != nil {
				return S3Config{}, fmt.Errorf("object store %q: an endpoint takes no user and password, credentials come from the environment", shown)
			}
			cfg.Endpoint = value
		case "region":
			cfg.Region = value
		case "path_style":
			if cfg.PathStyle, err = strconv.ParseBool(value); err != nil {
				return S3Config{}, fmt.Errorf("object store %q: path_style %q is no boolean", shown, redact.URL(value))
			}
		default:
			return S3Config{}, fmt.Errorf("object store %q: unknown parameter %q; known are endpoint, region and path_style", shown, name)
		}
	}
	return cfg, nil
}
