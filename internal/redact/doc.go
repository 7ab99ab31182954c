// Package redact hides secrets in what people and logs are shown.
//
//	object_store = s3://b?endpoint=http://user:word@host ─► URL ─► s3://b?endpoint=http://****@host
//	                                                         SHOW, tributary.settings, errors, logs
//
// It errs towards hiding. It is a leaf without state.
package redact
