package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// api is one key that is served.
type api struct {
	key      int16
	min, max int16 // advertised
	maxBody  int   // bytes of a body; 0 = MaxRequestBytes
	shape    shape // of the body
	// serve decodes and handles; nil for Produce, whose first half runs in the reader.
	serve func(ctx context.Context, r *request) (answer, error)
	// flexible tells whether a version has tagged fields.
	flexible func(version int16) bool
}

// answer is what goes back. The zero answer is none at all.
type answer struct {
	msg   kmsg.Response
	parts [][]byte // own encoding, written one after the other; used if msg is nil
	free  func()   // after writing; may be nil
}

// Caps of bodies. What a client may legitimately send is far below.
const (
	smallBody  = 64 << 10
	mediumBody = 1 << 20
	largeBody  = 4 << 20
)

// apiTable lists what is served, by key. Produce's minimum is advertised, not taken: see
// doc.go. Shapes are kmsg's structs; TestShapes compares the two.
func (s *Server) apiTable() []*api {
	return []*api{
		{key: 0, min: 0, max: 13, flexible: from(9), shape: parseShape("s:3- 2 4 [{s:0-12 u:13- [{4 y}]}]")},
		{key: 1, min: 4, max: 18, maxBody: largeBody, flexible: from(12), serve: s.fetch, shape: parseShape(
			"4:0-14 4 4 4 1 4:7- 4:7- [{s:0-12 u:13- [{4 4:9- 8 4:12- 8:5- 4}]}] [{s:0-12 u:13- [4]}]:7- s:11-")},
		entry(2, 1, largeBody, "4 1:2- [{s [{4 4:4- 8 4:0-0}]}] 4:10-", s.listOffsets),
		entry(3, 0, mediumBody, "[{u:10- s}] 1:4- 1:8-10 1:8-", s.metadata),
		entry(8, 0, largeBody, "s 4:1- s:1- s:7- 8:2-4 [{s:0-9 u:10- [{4 8 8:1-1 4:6- s}]}]", s.offsetCommit),
		entry(9, 1, largeBody, "s:0-7 [{s [4]}]:0-7 [{s s:9- 4:9- [{s:8-9 u:10- [4]}]}]:8- 1:7-", s.offsetFetch),
		entry(10, 0, smallBody, "s:0-3 1:1- [s]:4-", s.findCoordinator),
		entry(11, 0, largeBody, "s 4 4:1- s s:5- s [{s y}] s:8-", s.joinGroup),
		entry(12, 0, smallBody, "s 4 s s:3-", s.heartbeat),
		entry(13, 0, mediumBody, "s s:0-2 [{s s s:5-}]:3-", s.leaveGroup),
		entry(14, 0, largeBody, "s 4 s s:3- s:5- s:5- [{s y}]", s.syncGroup),
		entry(15, 0, mediumBody, "[s] 1:3-", s.describeGroups),
		entry(16, 0, smallBody, "[s]:4- [s]:5-", s.listGroups),
		entry(keySaslHandshake, 0, smallBody, "s", s.saslHandshake),
		s.apiVersionsEntry(),
		entry(19, 0, mediumBody, "[{s 4 2 [{4 [4]}] [{s s}]}] 4 1:1-", s.createTopics),
		entry(20, 0, mediumBody, "[s]:0-5 [{s u}]:6- 4", s.deleteTopics),
		entry(21, 0, mediumBody, "[{s [{4 8}]}] 4", s.deleteRecords),
		entry(22, 0, smallBody, "s 4 8:3- 2:3-", s.initProducerID),
		entry(23, 0, mediumBody, "4:3- [{s [{4 4:2- 4}]}]", s.offsetForLeaderEpoch),
		entry(24, 0, mediumBody, "s:0-3 8:0-3 2:0-3 [{s [4]}]:0-3 [{s 8 2 1 [{s [4]}]}]:4-", s.addPartitionsToTxn),
		entry(25, 0, smallBody, "s 8 2 s", s.addOffsetsToTxn),
		entry(26, 0, smallBody, "s 8 2 1", s.endTxn),
		entry(27, 1, mediumBody, "[{8 2 1 [{s [4]}] 4 1:2-}]", s.writeTxnMarkers),
		entry(28, 0, largeBody, "s s 8 2 4:3- s:3- s:3- [{s:0-5 u:6- [{4 8 4:2- s}]}]", s.txnOffsetCommit),
		entry(29, 0, smallBody, "1 s 1:1- s s 1 1", s.describeACLs),
		entry(30, 0, mediumBody, "[{1 s 1:1- s s 1 1}]", s.createACLs),
		entry(31, 0, mediumBody, "[{1 s 1:1- s s 1 1}]", s.deleteACLs),
		entry(33, 0, mediumBody, "[{1 s [{s s}]}] 1", s.alterConfigs),
		entry(34, 0, mediumBody, "[{s [{s [4]}]}]", s.alterReplicaLogDirs),
		entry(35, 0, mediumBody, "[{s [4]}]", s.describeLogDirs),
		entry(37, 0, mediumBody, "[{s 4 [{[4]}]}] 4 1", s.createPartitions),
		entry(38, 1, mediumBody, "s:3- s:3- [{s s}] 8", s.createDelegationToken),
		entry(39, 1, smallBody, "y 8", s.renewDelegationToken),
		entry(40, 1, smallBody, "y 8", s.expireDelegationToken),
		entry(41, 1, mediumBody, "[{s s}]", s.describeDelegationToken),
		entry(43, 0, mediumBody, "1:1- [{s [4]}] 4", s.electLeaders),
		entry(44, 0, mediumBody, "[{1 s [{s 1 s}]}] 1", s.incrementalAlterConfigs),
		entry(32, 0, mediumBody, "[{1 s [s]}] 1:1- 1:3-", s.describeConfigs),
		entry(keySaslAuthenticate, 0, smallBody, "y", s.saslAuthenticate),
		entry(42, 0, mediumBody, "[s]", s.deleteGroups),
		entry(45, 0, mediumBody, "4 1:1- [{s [{4 [4]}]}]", s.alterPartitionAssignments),
		entry(46, 0, mediumBody, "4 [{s [4]}]", s.listPartitionReassignments),
		entry(47, 0, mediumBody, "s [{s [{4}]}]", s.offsetDelete),
		entry(48, 0, smallBody, "[{s 1 s}] 1", s.describeClientQuotas),
		entry(49, 0, mediumBody, "[{[{s s}] [{s 8 1}]}] 1", s.alterClientQuotas),
		entry(50, 0, mediumBody, "[{s}]", s.describeUserScramCredentials),
		entry(51, 0, mediumBody, "[{s 1}] [{s 1 4 y y}]", s.alterUserScramCredentials),
		entry(55, 0, smallBody, "[{s [{4}]}]", s.describeQuorum),
		entry(57, 0, smallBody, "4 [{s 2 1:0-0 1:1-}] 1:1-", s.updateFeatures),
		entry(60, 0, smallBody, "1 1:1- 1:2-", s.describeCluster),
		entry(61, 0, mediumBody, "[{s [4]}]", s.describeProducers),
		entry(64, 0, smallBody, "4", s.unregisterBroker),
		entry(65, 0, mediumBody, "[s]", s.describeTransactions),
		entry(66, 0, mediumBody, "[s] [8] 8:1- s:2-", s.listTransactions),
		entry(68, 0, largeBody, "s s 4 s s 4 [s] s:1- s [{u [4]}]", s.consumerGroupHeartbeat),
		entry(69, 0, mediumBody, "[s] 1", s.consumerGroupDescribe),
		entry(71, 0, smallBody, "u", s.getTelemetrySubscriptions),
		entry(72, 0, smallBody, "u 4 1 1 y", s.pushTelemetry),
		entry(74, 0, smallBody, "[1]:1-", s.listConfigResources),
		entry(75, 0, mediumBody, "[{s}] 4 ?{s 4}", s.describeTopicPartitions),
		entry(76, 1, mediumBody, "s s 4 s [s]", s.shareGroupHeartbeat),
		entry(77, 1, mediumBody, "[s] 1", s.shareGroupDescribe),
		s.shareFetchEntry(),
		entry(79, 1, largeBody, "s s 4 1:2- [{u [{4 [{8 8 [1]}]}]}]", s.shareAcknowledge),
		entry(80, 0, smallBody, "s 4 4 u [{s s 2}] 1:1-", s.addRaftVoter),
		entry(81, 0, smallBody, "s 4 u", s.removeRaftVoter),
		entry(90, 0, mediumBody, "[{s [{s [4]}]}]", s.describeShareGroupOffsets),
		entry(91, 0, mediumBody, "s [{s [{4 8}]}]", s.alterShareGroupOffsets),
		entry(92, 0, mediumBody, "s [{s}]", s.deleteShareGroupOffsets),
	}
}

func from(version int16) func(int16) bool { return func(v int16) bool { return v >= version } }

// messageOf is a kmsg request struct.
type messageOf[T any] interface {
	*T
	kmsg.Request
}

// entry is an api whose request kmsg decodes, up to the newest version that kmsg knows.
func entry[T any, M messageOf[T]](key, min int16, maxBody int, layout string, handle func(context.Context, *request, M) (kmsg.Response, error)) *api {
	a := &api{key: key, min: min, max: M(new(T)).MaxVersion(), maxBody: maxBody, shape: parseShape(layout)}
	a.flexible = func(version int16) bool {
		m := M(new(T))
		m.SetVersion(version)
		return m.IsFlexible()
	}
	a.serve = func(ctx context.Context, r *request) (answer, error) {
		m := M(new(T))
		m.SetVersion(r.version)
		if err := r.decode(ctx, a, m); err != nil {
			return answer{}, err
		}
		defer r.releaseDecoded()
		resp, err := handle(ctx, r, m)
		if err != nil {
			return answer{}, err
		}
		return answer{msg: resp}, nil
	}
	return a
}
