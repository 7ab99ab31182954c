// Package group is the coordinator of Kafka's consumer groups: who is a member, which
// generation runs, who owns what, and how far each group has read.
//
//	requests ─► Coordinator ─► Machine (pure) ─► replies, called back
//	 clock  ─► (one mutex)       │    ▲
//	                   stores, in order │ stored (or failed)
//	                             ▼    │
//	                        storer goroutine ─► meta.Store, one transaction for all that waits
//
//	          join                all joined, or time is up        leader's assignment stored
//	Empty ───────────► Preparing ───────────────────────► Completing ─────────────────► Stable
//	  ▲                 ▲  │ nobody left                      │ join, leave, expiry        │
//	  └─────────────────┼──┘                                  ▼                            │
//	                    └──────────────────────────────────────────────────────────────────┘
//
// That picture is of classic groups, whose leader assigns. In a group of the consumer protocol
// (KIP-848, consumer*.go) the machine assigns, and every member goes its own way:
//
//	heartbeat ─► what members subscribe to, or the topics, changed? ─► epoch + 1, new targets
//	                                                                       │
//	   member: Stable ──► Unrevoked (lets go of what is not in its target) ┤ then is at the epoch
//	                  ◄── Unreleased (waits for what others hold) ◄────────┘
//
// In a share group (KIP-932, share*.go) the members of a partition have its records one by one:
//
//	fetch ─► available ─► acquired by a member ─► accepted, rejected, too often: done ─► start moves on
//	             ▲                 │
//	             └─────────────────┘ released, its lock ended, its session or connection ended
//
// What is acquired is in memory alone and available after a restart; an acknowledgement is answered once the row of its
// partition is durable. A share group stays one until it is deleted.
//
// Of the others, a group is of one kind while it has members; an empty one becomes what its next member speaks.
//
// What groups store is numbered on the way (journal.go), so that who follows __consumer_offsets can be told of it in order.
//
// Vocabulary: Kafka's. A member is *pending* between being given an id (MEMBER_ID_REQUIRED) and
// joining with it. A *static* member has an instance id and survives its own restart.
//
// Goroutines and locks: Machine has none; it takes the time as an argument and calls replies
// and queues stores, so that a test drives it step by step. Coordinator guards it by one mutex,
// under which nothing blocks: replies must not (they send into channels with room). Run owns
// two goroutines, one for timers and one that stores.
//
// Formats: one metadata row per group and one per committed offset, in codec.go,
// consumer_codec.go and share_codec.go.
// Members are stored with the group, so that a restart of the server is no rebalance: they go
// on with their generation, and their session timers start anew.
//
// Non-obvious:
//   - Nothing is told before it is stored: an offset commit, a generation's assignment.
//   - Offsets belong to a topic's id, not its name: those of a topic that was deleted do not
//     come back with a new one of that name.
//   - Offsets of a group that nobody has been in for long go (expire.go). The time begins when a sweep finds it without
//     members, and is stored with it, so that restarts do not lengthen it.
//   - Offsets that a transaction commits come from the log, their rows written by the commit that ended
//     it. See Machine.Committed for what happens when a plain commit is under way beside it.
//   - A row is not written again but by what changes it: the log may have written it meanwhile, with a transaction. So what is
//     restored without a place in the journal gets one in memory.
//   - What deletes waits for the group's stores on their way: it would leave their rows.
//   - A member that waits in JoinGroup or SyncGroup does not heartbeat; its session timer
//     stands still, and the rebalance timeout bounds the wait instead.
package group
