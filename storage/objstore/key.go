package objstore

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalidKey: the key is not of the form that Store describes.
var ErrInvalidKey = errors.New("invalid object key")

// maxKeyBytes leaves room for a prefix under S3's 1,024; a segment is at most a file name.
const (
	maxKeyBytes     = 900
	maxSegmentBytes = 250
)

// CheckKey tells whether every store takes key.
func CheckKey(key string) error {
	if len(key) > maxKeyBytes {
		return fmt.Errorf("%w: %d bytes", ErrInvalidKey, len(key))
	}
	for rest, more := key, true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segment == "" || segment == "." || segment == ".." || len(segment) > maxSegmentBytes {
			return fmt.Errorf("%w: %.200q", ErrInvalidKey, key)
		}
		for i := range len(segment) {
			if !keyByte(segment[i]) {
				return fmt.Errorf("%w: %.200q", ErrInvalidKey, key)
			}
		}
	}
	return nil
}

func keyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}

func checkCondition(cond Condition) error {
	if cond.IfAbsent && cond.IfMatch != "" {
		return errors.New("object condition: IfAbsent and IfMatch exclude each other")
	}
	return nil
}

func checkPut(key string, cond Condition) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return checkCondition(cond)
}

func sizeOf(parts [][]byte) int64 {
	var n int64
	for _, p := range parts {
		n += int64(len(p))
	}
	return n
}

// rangeStart turns the offset of GetRange into a place in an object of size bytes.
func rangeStart(key string, off, size int64) (int64, error) {
	if off < 0 {
		off = max(size+off, 0)
	}
	if off >= size {
		return 0, fmt.Errorf("%w: %s has %d bytes", ErrRange, key, size)
	}
	return off, nil
}
