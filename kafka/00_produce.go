package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/kafka/quota"
	"github.com/tributary-db/tributary/storage/log"
)

// Produce: each partition of a request is one entry of the log, which succeeds or fails alone.
//
// Behaviour:
//   - The reader decodes, verifies and appends in frame order; the writer waits and answers in
//     that order. So five requests of an idempotent producer may be in flight.
//   - A record batch is checked by its header and, record by record, for what only the records
//     tell (kafka.md 3.2); it is stored as the client sent it.
//   - acks 1 and -1 are the same: an answer means durable. acks 0 is not answered; as in Kafka a
//     failure closes the connection then, so that the client looks for the reason.
//   - A transactional record batch is one of the open transaction of the request's transactional id, or
//     the log refuses it.
//   - The body counts against the client's quota, whatever becomes of it (throttle.go).
//   - A table's topic is written by SQL alone: INVALID_TOPIC_EXCEPTION.
//
// Versions: 0-2 are advertised for librdkafka's sake; they carry record format v0 or v1 and are answered with
// UNSUPPORTED_VERSION for each partition. 9+ is flexible; 8+ tells of single records. 10 and 11 add nothing that matters here. 12 takes a partition
// into the transaction, which begins if none is open (KIP-890); before, it must have been added. 13 has topic
// ids instead of names.

// minProduce is the first version whose records are taken.
const minProduce = 3

// maxProducePartitions bounds what a small body can make us keep.
const maxProducePartitions = 1 << 16

// produceWork is a Produce request between append and answer.
type produceWork struct {
	s       *Server
	role    string
	version int16
	acks    int16
	txnID   string
	topics  []producedTopic
	total   int
	wait    time.Duration // because of a quota
}

type producedTopic struct {
	name       string
	id         log.TopicID
	partitions []producedPartition
}

type producedPartition struct {
	index   int32
	pending log.Pending // nil if refused before the append
	records int32
	code    int16
	message string
	refused []recordbatch.RecordError
}

// startProduce decodes x and appends its record batches. Its error ends the connection.
func (s *Server) startProduce(ctx context.Context, x *exchange) (*produceWork, error) {
	flexible := x.api.flexible(x.version)
	if _, err := x.api.shape.preflight(x.body, x.version, flexible); err != nil {
		return nil, err
	}
	c := cursor{src: x.body, flexible: flexible}
	var txnID string
	if x.version >= minProduce {
		txnID, _ = c.string()
	}
	p := &produceWork{s: s, role: x.user(), version: x.version, txnID: txnID, acks: c.int16()}
	c.skip(4) // the timeout: what is appended is decided in any case, and the client has its own
	now := s.cfg.Clock.Now().UnixMilli()
	for n := c.count(); n > 0 && !c.bad; n-- {
		if err := p.topic(ctx, &c, now); err != nil {
			return nil, err
		}
	}
	if c.bad {
		return nil, errMalformed
	}
	p.wait = s.charge(&x.request, quota.Produce, len(x.body))
	return p, nil
}

func (p *produceWork) topic(ctx context.Context, c *cursor, nowMillis int64) error {
	topic, t, known := p.decodeTopic(c)
	count := int(c.count())
	if p.total += count; p.total > maxProducePartitions {
		return fmt.Errorf("%w: more than %d partitions", errMalformed, maxProducePartitions)
	}
	topic.partitions = make([]producedPartition, count)
	p.topics = append(p.topics, topic)
	var rules recordbatch.Rules
	var denied error
	if known {
		denied = p.s.mayTopic(p.role, t.ID, WriteTopic)
		rules = p.s.topicRules(&t, nowMillis)
	}
	partitions := p.topics[len(p.topics)-1].partitions
	for i := range partitions {
		d := &partitions[i]
		d.index = c.int32()
		raw := c.bytes()
		c.tags()
		switch {
		case c.bad:
			return errMalformed
		case p.version < minProduce:
			d.refuse(kerr.UnsupportedVersion, "record format v2 (magic 2) is the one that is served")
		case p.acks < -1 || p.acks > 1:
			d.refuse(kerr.InvalidRequiredAcks, "acks must be -1, 0 or 1")
		case !known && p.version >= 13:
			d.refuse(kerr.UnknownTopicID, "")
		case !known || d.index < 0 || d.index >= t.Partitions:
			d.refuse(kerr.UnknownTopicOrPartition, "")
		case denied != nil:
			d.refuse(kerr.TopicAuthorizationFailed, "")
		case t.Internal:
			d.refuse(kerr.InvalidTopicException, errInternalTopic(&t).Error())
		default:
			p.s.appendProduced(ctx, d, log.Append{
				Partition: log.Partition{Topic: t.ID, Index: d.index}, RecordBatches: raw,
				TransactionalID: p.txnID, Implicit: p.version >= 12,
			}, p.acks == 0, rules)
		}
	}
	c.tags()
	return nil
}

// decodeTopic reads what names a topic.
func (p *produceWork) decodeTopic(c *cursor) (topic producedTopic, t log.Topic, known bool) {
	if p.version >= 13 {
		topic.id = c.topicID()
		t, known = p.s.cfg.Log.TopicByID(topic.id)
		return topic, t, known
	}
	topic.name, _ = c.string()
	t, known = p.s.cfg.Log.TopicByName(topic.name)
	return topic, t, known
}

func (d *producedPartition) refuse(code *kerr.Error, message string) {
	d.code, d.message = code.Code, message
}

// appendProduced verifies the record batch of a and hands it to the log, which owns it from then on.
// unawaited: the client is not answered.
func (s *Server) appendProduced(ctx context.Context, d *producedPartition, a log.Append, unawaited bool, rules recordbatch.Rules) {
	h, err := recordbatch.VerifyProduced(a.RecordBatches, rules)
	if err == nil && h.Transactional() && a.TransactionalID == "" {
		d.refuse(kerr.InvalidTxnState, "a transactional record batch without a transactional id")
		return
	}
	if err == nil {
		d.refused, err = s.checkRecords(ctx, &h, a.RecordBatches, rules)
	}
	if err != nil {
		d.code, d.message = codeOf(err), err.Error()
		return
	}
	d.records = h.RecordCount
	d.pending = s.cfg.Log.Append(&log.Entry{Appends: []log.Append{a}, Unawaited: unawaited})
}

// checkRecords walks the records. Few record batches are decompressed at once, since each may
// take MaxRecordDecodeBytes of memory.
func (s *Server) checkRecords(ctx context.Context, h *recordbatch.Header, raw []byte, rules recordbatch.Rules) ([]recordbatch.RecordError, error) {
	if h.Codec() != recordbatch.CodecNone {
		if err := s.inflating.Acquire(ctx, 1); err != nil {
			return nil, err
		}
		defer s.inflating.Release(1)
	}
	return recordbatch.CheckRecords(raw, rules)
}

var errProduceWithoutAcks = errors.New("a produce request without acks failed")

// finish waits until every entry is decided and makes the answer.
func (p *produceWork) finish(ctx context.Context) (answer, error) {
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = p.version
	resp.ThrottleMillis = throttleMillis(p.wait)
	failed := false
	for i := range p.topics {
		t := &p.topics[i]
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = t.name, t.id
		rt.Partitions = make([]kmsg.ProduceResponseTopicPartition, 0, len(t.partitions))
		for j := range t.partitions {
			rp, err := p.s.finishPartition(ctx, &t.partitions[j])
			if err != nil {
				return answer{}, err
			}
			failed = failed || rp.ErrorCode != 0
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	if p.acks == 0 {
		if failed {
			return answer{}, errProduceWithoutAcks
		}
		return answer{}, nil
	}
	return answer{msg: resp}, nil
}

func (s *Server) finishPartition(ctx context.Context, d *producedPartition) (kmsg.ProduceResponseTopicPartition, error) {
	rp := kmsg.NewProduceResponseTopicPartition()
	rp.Partition, rp.BaseOffset, rp.LogAppendTime, rp.LogStartOffset = d.index, -1, -1, -1
	if d.pending != nil {
		select {
		case <-d.pending.Done():
		case <-ctx.Done():
			return rp, ctx.Err()
		}
		res, err := d.pending.Result()
		if err == nil {
			s.metrics.RecordBatches.Add(1)
			s.metrics.Records.Add(int64(d.records))
			rp.BaseOffset, rp.LogAppendTime, rp.LogStartOffset = res.BaseOffsets[0], res.AppendTimes[0], res.LogStarts[0]
			if res.Duplicate[0] {
				s.metrics.DuplicateRecordBatchesIn.Add(1)
			}
			return rp, nil
		}
		d.code, d.message = codeOf(err), err.Error()
	}
	rp.ErrorCode = d.code
	if d.code != 0 {
		s.metrics.ProduceErrors.Add(1)
	}
	if d.message != "" {
		rp.ErrorMessage = kmsg.StringPtr(d.message)
	}
	for _, r := range d.refused {
		re := kmsg.NewProduceResponseTopicPartitionErrorRecord()
		re.RelativeOffset, re.ErrorMessage = int32(r.Index), kmsg.StringPtr(r.Reason)
		rp.ErrorRecords = append(rp.ErrorRecords, re)
	}
	return rp, nil
}
