// Package sqlerr is the one error a SQL user sees: an SQLSTATE, PostgreSQL's wording, and
// where in the statement it happened.
package sqlerr

import (
	"errors"
	"fmt"
	"strings"
)

// Code is an SQLSTATE.
type Code string

// Error is a user error in PostgreSQL's terms. Message is lower case without a full stop;
// Detail and Hint are sentences.
type Error struct {
	Code     Code
	Message  string
	Detail   string
	Hint     string
	Context  string // where in what it was given the server was, as PostgreSQL tells it
	Position int    // 1-based character of the statement text, 0 = none
	// Location is a 0-based byte offset in the statement text + 1, 0 = none. The session
	// turns it into Position before the error leaves.
	Location int
	Cause    error
	// Object is what the error is about, as data: nil = nothing in particular.
	Object *Object
	// Row is the row that Detail shows, by column of the object's table, for who may not show all of it.
	Row []string
}

// Object names what an error is about (fields s, t, c, d, n of an ErrorResponse); empty = not that.
type Object struct{ Schema, Table, Column, DataType, Constraint string }

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause, which is never shown to the user.
func (e *Error) Unwrap() error { return e.Cause }

// New builds an error.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithHint returns e with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithDetail returns e with a detail.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// About returns e with the object it is about.
func (e *Error) About(o Object) *Error {
	e.Object = &o
	return e
}

// Meant returns e with the name that was likely meant in front of its hint; an empty name adds
// nothing.
func (e *Error) Meant(name string) *Error {
	if name != "" {
		e.Hint = strings.TrimSuffix(fmt.Sprintf("Perhaps you meant \"%s\". %s", name, e.Hint), " ")
	}
	return e
}

// At returns e with the 0-based byte offset of the statement text it speaks of; a negative
// offset (pg_query's "unknown") leaves it without.
func (e *Error) At(byteOffset int32) *Error {
	if byteOffset >= 0 && e.Location == 0 {
		e.Location = int(byteOffset) + 1
	}
	return e
}

// CodeOf returns err's SQLSTATE, XX000 for an error that has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return InternalError
}
