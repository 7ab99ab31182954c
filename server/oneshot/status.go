package oneshot

import "github.com/tributary-db/tributary/internal/sqlerr"

// Status is a status code of gRPC, by its number.
type Status uint32

// gRPC's codes that statements end with.
const (
	Canceled           Status = 1
	InvalidArgument    Status = 3
	NotFound           Status = 5
	AlreadyExists      Status = 6
	PermissionDenied   Status = 7
	ResourceExhausted  Status = 8
	FailedPrecondition Status = 9
	Aborted            Status = 10
	Unimplemented      Status = 12
	Internal           Status = 13
	Unavailable        Status = 14
)

// StatusOf is the status of an SQLSTATE; clients make their kinds of error of it.
func StatusOf(c sqlerr.Code) Status {
	switch c {
	case sqlerr.InsufficientPrivilege:
		return PermissionDenied
	case sqlerr.UndefinedTable, sqlerr.UndefinedObject, sqlerr.UndefinedColumn, sqlerr.UndefinedFunction:
		return NotFound
	case sqlerr.DuplicateTable, sqlerr.DuplicateObject, sqlerr.UniqueViolation:
		return AlreadyExists
	case sqlerr.FeatureNotSupported:
		return Unimplemented
	case sqlerr.SerializationFailure, sqlerr.DeadlockDetected, sqlerr.LockNotAvailable:
		return Aborted
	case sqlerr.QueryCanceled:
		return Canceled
	}
	switch c[:2] {
	case "53", "54":
		return ResourceExhausted
	case "55", "25", "23":
		return FailedPrecondition
	case "57":
		return Unavailable
	case "58", "XX":
		return Internal
	}
	return InvalidArgument
}
