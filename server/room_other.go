//go:build !unix

package server

import "errors"

// diskSpace is not known here.
func diskSpace(string) (total, free int64, err error) { return 0, 0, errors.ErrUnsupported }
