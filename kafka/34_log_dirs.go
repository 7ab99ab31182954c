package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// AlterReplicaLogDirs (34), DescribeLogDirs (35): all partitions lie in one place, the object store.
//
// Behaviour:
//   - A partition's size is that of its record batches, from the log start on, as producers compressed them. It is
//     an estimate where the log start lies inside of an object's range, and for partitions of thousands of ranges.
//   - Partitions that do not exist are left out. Total and usable bytes are the disk's, or unknown (-1) where
//     the store is no directory.
//   - A partition moves nowhere: asked to lie where it does is no error, elsewhere is LOG_DIR_NOT_FOUND.
//
// Versions: DescribeLogDirs: 2 flexible; 3 an error for the whole; 4 total and usable bytes; 5 cordoned (none is).
// AlterReplicaLogDirs: 2 flexible.

func (s *Server) describeLogDirs(_ context.Context, _ *request, req *kmsg.DescribeLogDirsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeLogDirsResponse)
	dir := kmsg.NewDescribeLogDirsResponseDir()
	dir.Dir = s.cfg.LogDir
	if dir.TotalBytes, dir.UsableBytes = -1, -1; s.cfg.Disk != nil {
		dir.TotalBytes, dir.UsableBytes = s.cfg.Disk()
	}
	if req.Topics == nil {
		for _, t := range s.cfg.Log.Topics() {
			all := make([]int32, t.Partitions)
			for i := range all {
				all[i] = int32(i)
			}
			dir.Topics = append(dir.Topics, s.logDirTopic(&t, all))
		}
	}
	for _, asked := range req.Topics {
		if t, known := s.cfg.Log.TopicByName(asked.Topic); known {
			dir.Topics = append(dir.Topics, s.logDirTopic(&t, asked.Partitions))
		}
	}
	resp.Dirs = append(resp.Dirs, dir)
	return resp, nil
}

func (s *Server) logDirTopic(t *log.Topic, partitions []int32) kmsg.DescribeLogDirsResponseDirTopic {
	rt := kmsg.NewDescribeLogDirsResponseDirTopic()
	rt.Topic = t.Name
	for _, index := range partitions {
		held, known := s.cfg.Log.BehindOffset(log.Partition{Topic: t.ID, Index: index}, 0)
		if !known {
			continue
		}
		rp := kmsg.NewDescribeLogDirsResponseDirTopicPartition()
		rp.Partition, rp.Size = index, held.Bytes
		rt.Partitions = append(rt.Partitions, rp)
	}
	return rt
}

func (s *Server) alterReplicaLogDirs(_ context.Context, _ *request, req *kmsg.AlterReplicaLogDirsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AlterReplicaLogDirsResponse)
	for _, dir := range req.Dirs {
		for _, asked := range dir.Topics {
			rt := kmsg.NewAlterReplicaLogDirsResponseTopic()
			rt.Topic = asked.Topic
			t, known := s.cfg.Log.TopicByName(asked.Topic)
			for _, index := range asked.Partitions {
				rp := kmsg.NewAlterReplicaLogDirsResponseTopicPartition()
				rp.Partition = index
				switch {
				case !known || index < 0 || index >= t.Partitions:
					rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
				case dir.Dir != s.cfg.LogDir:
					rp.ErrorCode = kerr.LogDirNotFound.Code
				}
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
	}
	return resp, nil
}
