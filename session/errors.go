package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
	"github.com/tributary-db/tributary/storage/state"
)

// sentinels maps the errors of the layers below to what a SQL user is told.
var sentinels = []struct {
	err     error
	code    sqlerr.Code
	message string
}{
	{log.ErrUnknownTopic, sqlerr.UndefinedObject, "topic does not exist"},
	{log.ErrTruncated, sqlerr.SnapshotTooOld, "records of that version were deleted"},
	{log.ErrPartitions, sqlerr.InvalidParameterValue, "invalid number of partitions"},
	{log.ErrTopicExists, sqlerr.DuplicateObject, "topic already exists"},
	{log.ErrOffsetOutOfRange, sqlerr.InvalidParameterValue, "offset out of range"},
	{log.ErrUnknownProducer, sqlerr.InternalError, "unknown producer id"},
	{log.ErrOutOfOrderSequence, sqlerr.InternalError, "out of order sequence number"},
	{log.ErrInvalidEpoch, sqlerr.InternalError, "invalid producer epoch"},
	{log.ErrProducerFenced, sqlerr.InternalError, "a newer producer has the transactional id"},
	{log.ErrProducerIDMapping, sqlerr.InternalError, "producer id is not the transactional id's"},
	{log.ErrInvalidTxnState, sqlerr.InternalError, "invalid state of the transaction"},
	{log.ErrConcurrentTransactions, sqlerr.InternalError, "the transaction is just ending"},
	{log.ErrInvalidRecord, sqlerr.DataException, "invalid record"},
	{log.ErrTooLarge, sqlerr.ProgramLimitExceeded, "transaction is larger than allowed"},
	{log.ErrFenced, sqlerr.CannotConnectNow, "another server has taken over this log"},
	{log.ErrCondition, sqlerr.SerializationFailure, "could not serialize access due to concurrent change"},
	{log.ErrClosed, sqlerr.AdminShutdown, "the server is shutting down"},
	{meta.ErrUnknown, sqlerr.Code("08007"), "the outcome of the commit is not known"},
	{meta.ErrFull, sqlerr.DiskFull, "could not write: the disk is full"},
	{objstore.ErrFull, sqlerr.DiskFull, "could not write: the disk is full"},
	{log.ErrFull, sqlerr.DiskFull, "could not write: the disk is nearly full (disk_reserve)"},
	{log.ErrUnavailable, sqlerr.CannotConnectNow, "the log is not available now, try again"},
	{log.ErrCorrupt, sqlerr.DataCorrupted, "log data is corrupt"},
	{log.ErrPoisoned, sqlerr.IOError, "the log stopped after an I/O error; restart the server"},
	{catalog.ErrTopicInUse, sqlerr.ObjectInUse, "topic is in use by a relation"},
	{catalog.ErrChanged, sqlerr.SerializationFailure, "the catalog changed meanwhile, try again"},
	{log.ErrUnknownKind, sqlerr.DataCorrupted, "the log holds a commit that this server does not know"},
	{meta.ErrPoisoned, sqlerr.IOError, "the metadata stopped after an I/O error; restart the server"},
	{meta.ErrClosed, sqlerr.AdminShutdown, "the server is shutting down"},
	{meta.ErrConflict, sqlerr.SerializationFailure, "could not serialize access due to concurrent change"},
	{meta.ErrTruncated, sqlerr.InternalError, "commit log truncated"},
	{meta.ErrLocked, sqlerr.ObjectInUse, "the metadata is in use by another process"},
	{meta.ErrCorrupt, sqlerr.DataCorrupted, "metadata is corrupt"},
	{objstore.ErrNotFound, sqlerr.DataCorrupted, "an object of the store is missing"},
	{objstore.ErrInUse, sqlerr.ObjectInUse, "the object store is in use by another process"},
	{objstore.ErrPrecondition, sqlerr.SerializationFailure, "could not serialize access due to concurrent change"},
	{objstore.ErrUnknown, sqlerr.IOError, "the object store did not answer"},
	{objstore.ErrRange, sqlerr.DataCorrupted, "an object of the store is too short"},
	{objstore.ErrFormatVersion, sqlerr.DataCorrupted, "the object store is of a format this server does not read"},
	{objstore.ErrFenced, sqlerr.AdminShutdown, "another server has taken the object store over"},
	{objstore.ErrInvalidKey, sqlerr.InternalError, "invalid object key"},
	{segment.ErrVersion, sqlerr.DataCorrupted, "a segment is of a version this server does not read"},
	{segment.ErrInvalidRun, sqlerr.InternalError, "invalid run of a segment"},
	{segment.ErrCorrupt, sqlerr.DataCorrupted, "a segment is corrupt"},
	{recordbatch.ErrTooLarge, sqlerr.ProgramLimitExceeded, "a row is too large for a record"},
	{recordbatch.ErrCorrupt, sqlerr.DataCorrupted, "a record batch is corrupt"},
	{recordbatch.ErrInvalidRecord, sqlerr.DataCorrupted, "a record batch is invalid"},
	{recordbatch.ErrInvalidTimestamp, sqlerr.DataCorrupted, "a record has an invalid timestamp"},
	{recordbatch.ErrUnsupportedMagic, sqlerr.DataCorrupted, "a record batch is of a version this server does not read"},
	{recordbatch.ErrUnsupportedCodec, sqlerr.DataCorrupted, "a record batch is compressed in a way this server does not read"},
	{delta.ErrCorrupt, sqlerr.DataCorrupted, "stored rows are corrupt"},
	{state.ErrCorrupt, sqlerr.DataCorrupted, "stored state is corrupt"},
	{state.ErrUnreadable, sqlerr.IOError, "state on disk cannot be read"},
	{state.ErrSnapshotTooOld, sqlerr.SnapshotTooOld, "snapshot too old"},
	{state.ErrBroken, sqlerr.InternalError, "a relation's state failed"},
	{state.ErrNegativeWeight, sqlerr.InternalError, "a dataflow lost count of a row"},
	{state.ErrOutOfMemory, sqlerr.OutOfMemory, "out of memory"},
	{context.DeadlineExceeded, sqlerr.QueryCanceled, "canceling statement due to timeout"},
	{context.Canceled, sqlerr.QueryCanceled, "canceling statement due to user request"},
}

// userError turns any error into the one a SQL user sees. What nothing knows is XX000 and is
// logged; its text stays inside.
func userError(err error, logger *slog.Logger) error {
	var user *sqlerr.Error
	if errors.As(err, &user) {
		return user
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			e := sqlerr.New(s.code, "%s", s.message)
			e.Cause = err
			var full *log.FullError
			if errors.As(err, &full) {
				e.Detail = fmt.Sprintf("%d MB of the disk are free, and disk_reserve is %d MB.", full.Free>>20, full.Reserve>>20)
				e.Hint = "Writing goes on by itself when there is room. DROP, and a shorter retention, give some back."
			}
			if state.IsDamage(err) {
				e.Hint = "What has the damaged rows is made again from the log by itself: try again. SHOW TABLES and tributary.dataflows tell how far that is."
			}
			if s.code == sqlerr.DataCorrupted || s.code == sqlerr.IOError || s.code == sqlerr.InternalError {
				logger.Error("statement failed", "error", err)
			}
			return e
		}
	}
	logger.Error("statement failed", "error", err)
	e := sqlerr.New(sqlerr.InternalError, "internal error")
	e.Cause = err
	return e
}
