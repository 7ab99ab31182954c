// Package meta is the store below the log: ordered keys with versions, and the commit log.
package meta
