// Package state is the two structures that keep what a dataflow knows: flat state and
// arrangements.
package state
