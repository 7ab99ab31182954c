//go:build !linux

package meta

import "github.com/cockroachdb/pebble/vfs"

// lengthen is for Linux.
func lengthen(vfs.File, int64) {}
