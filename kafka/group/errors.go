package group

import "errors"

// Sentinels; kafka/errors.go maps each to Kafka's code.
var (
	ErrInvalidGroupID        = errors.New("invalid group id")
	ErrUnknownMemberID       = errors.New("unknown member id")
	ErrIllegalGeneration     = errors.New("illegal generation")
	ErrRebalanceInProgress   = errors.New("group is rebalancing")
	ErrInconsistentProtocol  = errors.New("inconsistent group protocol")
	ErrInvalidSessionTimeout = errors.New("invalid session timeout")
	ErrMemberIDRequired      = errors.New("member id required")
	ErrFencedInstanceID      = errors.New("instance id is fenced")
	ErrGroupFull             = errors.New("group is full")
	ErrNotEmpty              = errors.New("group is not empty")
	ErrGroupNotFound         = errors.New("group not found")
	ErrSubscribed            = errors.New("group is subscribed to the topic")
	ErrNotAvailable          = errors.New("coordinator not available") // retriable
	ErrTooManyOffsets        = errors.New("too many offsets")          // all groups together
	ErrInvalidRequest        = errors.New("invalid request")
	ErrFencedMemberEpoch     = errors.New("member epoch is fenced")
	ErrStaleMemberEpoch      = errors.New("member epoch is stale")
	ErrUnreleasedInstanceID  = errors.New("instance id is still in use")
	ErrUnsupportedAssignor   = errors.New("unsupported assignor")
	ErrInvalidRegex          = errors.New("invalid regular expression")
	ErrInvalidConfig         = errors.New("invalid configuration of a group")
	ErrMetadataTooLarge      = errors.New("offset metadata too large")
)
