// Package log is the commit log: entries in, one ordered sequence of commits out.
package log
