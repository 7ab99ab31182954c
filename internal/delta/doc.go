// Package delta is rows with weights in columns: what flows between operators.
package delta
