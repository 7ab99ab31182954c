package group

import (
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// Limits bound what groups may take.
type Limits struct {
	MaxGroups         int
	MaxMembers        int // of one group, pending ones included
	MinSessionTimeout time.Duration
	MaxSessionTimeout time.Duration
	// MaxBytes bounds what members tell of themselves, their assignments and the offsets, over
	// all groups.
	MaxBytes int64
	// InitialDelay is how long an empty group waits for more members before its first
	// generation; it starts anew with each, up to the rebalance timeout. 0 = not at all.
	InitialDelay time.Duration
	// ConsumerSession is how long a member of the consumer protocol may be silent.
	ConsumerSession time.Duration
	// MaxShareSessions of members of share groups, all groups together.
	MaxShareSessions int
}

// newMemberTimeout bounds how long a member that never was in a generation may wait in
// JoinGroup; Kafka's value.
const newMemberTimeout = 5 * time.Minute

// Protocol is one way of assigning that a member supports, with what it tells about itself.
type Protocol struct {
	Name     string
	Metadata []byte
}

// JoinRequest asks to be a member of the next generation.
type JoinRequest struct {
	GroupID, MemberID    string
	InstanceID           *string // static membership
	ClientID, ClientHost string
	ProtocolType         string
	Protocols            []Protocol // in order of preference; the machine keeps the bytes
	SessionTimeout       time.Duration
	RebalanceTimeout     time.Duration
	// RequireKnownMember: a new dynamic member is given its id first (JoinGroup v4, KIP-394).
	RequireKnownMember bool
	// SkipAssignment: the client understands a leader that need not assign (v9, KIP-814).
	SkipAssignment bool
}

// JoinedMember is what a leader learns of a member.
type JoinedMember struct {
	MemberID   string
	InstanceID *string
	Metadata   []byte
}

// JoinReply answers a JoinRequest. MemberID is set also with ErrMemberIDRequired.
type JoinReply struct {
	Err                    error
	Generation             int32
	ProtocolType, Protocol string
	LeaderID, MemberID     string
	SkipAssignment         bool
	Members                []JoinedMember // for the leader only
}

// SyncRequest brings (leader) and asks for assignments.
type SyncRequest struct {
	GroupID, MemberID      string
	InstanceID             *string
	Generation             int32
	ProtocolType, Protocol *string // checked if set (v5)
	Assignments            map[string][]byte
}

// SyncReply answers a SyncRequest.
type SyncReply struct {
	Err                    error
	ProtocolType, Protocol string
	Assignment             []byte
}

// TopicPartition is what an offset belongs to.
type TopicPartition struct {
	Topic log.TopicID
	Index int32
}

// Offset is how far a group has read a partition.
type Offset struct {
	Offset       int64
	LeaderEpoch  int32 // -1 = unknown
	Metadata     string
	CommitMillis int64 // Unix ms
	place        int64 // of its row in the journal, see codec.go
}

// CommitRequest stores offsets of a group. Generation is -1 and MemberID empty for a consumer
// that assigns by itself.
type CommitRequest struct {
	GroupID, MemberID string
	InstanceID        *string
	Generation        int32
	Offsets           map[TopicPartition]Offset
}

// Description is what DescribeGroups shows.
type Description struct {
	GroupID, State         string
	Type                   string // "classic" or "consumer"
	ProtocolType, Protocol string
	Members                []MemberDescription
}

// MemberDescription is one member of a Description.
type MemberDescription struct {
	MemberID             string
	InstanceID           *string
	ClientID, ClientHost string
	Metadata, Assignment []byte
}
