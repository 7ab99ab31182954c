// Package config defines every setting of the server once: name, type, default, meaning.
//
//	settings.go ─► flags        --data-dir
//	            ├► environment  TRIBUTARY_DATA_DIR
//	            ├► file         data_dir = './x'      (--config FILE, postgresql.conf syntax)
//	            ├► SHOW         Settings.Show("data_dir")
//	            └► docs/settings.md                   (go test ./internal/config -update)
//
// A flag wins over the variable, that over the file, that over the default. An unknown flag
// or key of the file is an error; an unknown TRIBUTARY_ variable is only a warning, because
// container platforms invent such variables for a service of that name.
//
// # Values
//
// Sizes take B, kB, MB, GB, TB, each 1024 of the one before; a bare number is bytes. Times
// take us, ms, s, min, h, d; a bare number is milliseconds. Both may have a fraction. Booleans
// are PostgreSQL's: on, off, true, false, yes, no, 1, 0 and unique prefixes.
//
// Errors are one line that names the setting and where its value came from.
package config
