package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// errorCodes maps every sentinel that can reach a client to Kafka's code; the first match
// counts. A test walks the sentinels of the packages below and fails if one is missing.
//
// Whatever may pass by itself is a retriable code. REQUEST_TIMED_OUT is not among them: the
// Java consumer takes it as a bug when it meets it in a Fetch answer.
var errorCodes = []struct {
	sentinel error
	code     *kerr.Error
}{
	{log.ErrUnknownTopic, kerr.UnknownTopicOrPartition},
	{log.ErrPartitions, kerr.InvalidPartitions},
	{log.ErrTopicExists, kerr.TopicAlreadyExists},
	{log.ErrOffsetOutOfRange, kerr.OffsetOutOfRange},
	{log.ErrTruncated, kerr.OffsetOutOfRange},
	{log.ErrOutOfOrderSequence, kerr.OutOfOrderSequenceNumber},
	{log.ErrInvalidEpoch, kerr.InvalidProducerEpoch},
	{log.ErrUnknownProducer, kerr.UnknownProducerID},
	{log.ErrProducerFenced, kerr.ProducerFenced},
	{log.ErrProducerIDMapping, kerr.InvalidProducerIDMapping},
	{log.ErrInvalidTxnState, kerr.InvalidTxnState},
	{log.ErrConcurrentTransactions, kerr.ConcurrentTransactions},
	{log.ErrInvalidRecord, kerr.InvalidRecord},
	{log.ErrTooLarge, kerr.MessageTooLarge},
	{log.ErrFenced, kerr.NotLeaderForPartition},
	{log.ErrClosed, kerr.NotLeaderForPartition},
	{log.ErrFull, kerr.KafkaStorageError},
	{log.ErrUnavailable, kerr.KafkaStorageError},
	{log.ErrCorrupt, kerr.KafkaStorageError},
	{log.ErrPoisoned, kerr.KafkaStorageError},
	{log.ErrUnknownKind, kerr.KafkaStorageError},
	{log.ErrCondition, kerr.InvalidRequest},

	// Records that do not decode under a right checksum are both invalid and corrupt; the former
	// is what no client retries.
	{recordbatch.ErrTooLarge, kerr.MessageTooLarge},
	{recordbatch.ErrInvalidTimestamp, kerr.InvalidTimestamp},
	{recordbatch.ErrUnsupportedMagic, kerr.UnsupportedForMessageFormat},
	{recordbatch.ErrUnsupportedCodec, kerr.UnsupportedCompressionType},
	{recordbatch.ErrInvalidRecord, kerr.InvalidRecord},
	{recordbatch.ErrCorrupt, kerr.CorruptMessage},
	{recordbatch.ErrFull, kerr.MessageTooLarge},

	{meta.ErrConflict, kerr.CoordinatorNotAvailable},
	{meta.ErrUnknown, kerr.CoordinatorNotAvailable},
	{meta.ErrFull, kerr.CoordinatorNotAvailable},
	{meta.ErrTruncated, kerr.KafkaStorageError},
	{meta.ErrLocked, kerr.KafkaStorageError},
	{meta.ErrCorrupt, kerr.KafkaStorageError},
	{meta.ErrPoisoned, kerr.KafkaStorageError},
	{meta.ErrClosed, kerr.CoordinatorNotAvailable},

	{ErrTopicInUse, kerr.InvalidRequest},
	{ErrInvalidTopic, kerr.InvalidTopicException},
	{ErrNotSupported, kerr.InvalidRequest},

	{group.ErrInvalidGroupID, kerr.InvalidGroupID},
	{group.ErrUnknownMemberID, kerr.UnknownMemberID},
	{group.ErrIllegalGeneration, kerr.IllegalGeneration},
	{group.ErrRebalanceInProgress, kerr.RebalanceInProgress},
	{group.ErrInconsistentProtocol, kerr.InconsistentGroupProtocol},
	{group.ErrInvalidSessionTimeout, kerr.InvalidSessionTimeout},
	{group.ErrMemberIDRequired, kerr.MemberIDRequired},
	{group.ErrFencedInstanceID, kerr.FencedInstanceID},
	{group.ErrGroupFull, kerr.GroupMaxSizeReached},
	{group.ErrNotEmpty, kerr.NonEmptyGroup},
	{group.ErrGroupNotFound, kerr.GroupIDNotFound},
	{group.ErrSubscribed, kerr.GroupSubscribedToTopic},
	{group.ErrNotAvailable, kerr.CoordinatorNotAvailable},
	{group.ErrInvalidRequest, kerr.InvalidRequest},
	{group.ErrFencedMemberEpoch, kerr.FencedMemberEpoch},
	{group.ErrStaleMemberEpoch, kerr.StaleMemberEpoch},
	{group.ErrUnreleasedInstanceID, kerr.UnreleasedInstanceID},
	{group.ErrUnsupportedAssignor, kerr.UnsupportedAssignor},
	{group.ErrInvalidRegex, kerr.InvalidRegularExpression},
	{group.ErrTooManyOffsets, kerr.InvalidCommitOffsetSize},
	{group.ErrInvalidConfig, kerr.InvalidConfig},
	{group.ErrRecordState, kerr.InvalidRecordState},
	{group.ErrShareSession, kerr.ShareSessionNotFound},
	{group.ErrShareSessionEpoch, kerr.InvalidShareSessionEpoch},
	{group.ErrTooManyShareSessions, kerr.ShareSessionLimitReached},
	{group.ErrMetadataTooLarge, kerr.OffsetMetadataTooLarge},

	{context.Canceled, kerr.NotLeaderForPartition},
	{context.DeadlineExceeded, kerr.NotLeaderForPartition},
}

// codeOf is the Kafka error code of err, 0 for nil and UNKNOWN_SERVER_ERROR for what nobody
// mapped.
func codeOf(err error) int16 {
	if err == nil {
		return 0
	}
	for i := range errorCodes {
		if errors.Is(err, errorCodes[i].sentinel) {
			return errorCodes[i].code.Code
		}
	}
	return kerr.UnknownServerError.Code
}
