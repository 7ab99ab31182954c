package state

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrBroken: the code of a state failed. It stops the relation that the state belongs to, not the
// process.
var ErrBroken = errors.New("state is broken")

// recovered turns a panic into an error that carries its stack. No lock is held by hand where a
// panic can start.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v\n%s", ErrBroken, p, debug.Stack())
	}
}
