package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// Versions of what Kafka writes into __consumer_offsets: those of its 2.x to 4.x.
const (
	offsetKeyVersion, offsetValueVersion = 1, 3
	groupKeyVersion, groupValueVersion   = 2, 3
)

// record puts a record of the journal as Kafka has it; false for an offset of a topic that is gone, which has no name.
func (l *offsetsLog) record(r *group.JournalRecord) (key, value []byte, ok bool) {
	if r.OfGroup {
		key = (&kmsg.GroupMetadataKey{Version: groupKeyVersion, Group: r.GroupID}).AppendTo(nil)
		if r.Group != nil {
			value = groupValue(r)
		}
		return key, value, true
	}
	t, ok := l.TopicByID(r.Partition.Topic)
	if !ok {
		return nil, nil, false
	}
	key = (&kmsg.OffsetCommitKey{Version: offsetKeyVersion, Group: r.GroupID, Topic: t.Name, Partition: r.Partition.Index}).AppendTo(nil)
	if o := r.Offset; o != nil {
		v := kmsg.NewOffsetCommitValue()
		v.Version, v.Offset, v.LeaderEpoch = offsetValueVersion, o.Offset, o.LeaderEpoch
		v.Metadata, v.CommitTimestamp = o.Metadata, o.CommitMillis
		value = v.AppendTo(nil)
	}
	return key, value, true
}

func groupValue(r *group.JournalRecord) []byte {
	v := kmsg.NewGroupMetadataValue()
	v.Version, v.ProtocolType, v.Generation, v.CurrentStateTimestamp = groupValueVersion, r.Group.ProtocolType, r.Group.Generation, r.Millis
	if len(r.Group.Members) > 0 {
		v.Protocol, v.Leader = kmsg.StringPtr(r.Group.Protocol), kmsg.StringPtr(r.Group.Leader)
	}
	for i := range r.Group.Members {
		m := &r.Group.Members[i]
		to := kmsg.NewGroupMetadataValueMember()
		to.MemberID, to.InstanceID, to.ClientID, to.ClientHost = m.MemberID, m.InstanceID, m.ClientID, m.ClientHost
		to.RebalanceTimeoutMillis, to.SessionTimeoutMillis = int32(m.Rebalance.Milliseconds()), int32(m.Session.Milliseconds())
		to.Subscription, to.Assignment = m.Metadata, m.Assignment
		v.Members = append(v.Members, to)
	}
	return v.AppendTo(nil)
}
