// Package objstore keeps immutable objects: a directory, S3, memory.
package objstore
