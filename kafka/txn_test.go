package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// txnClient speaks of one transactional id, in the versions of transaction.version 1 or 2.
type txnClient struct {
	t     *testing.T
	w     *wire
	name  string
	v2    bool
	id    int64
	epoch int16
}

func newTxnClient(t *testing.T, w *wire, name string, v2 bool) *txnClient {
	c := &txnClient{t: t, w: w, name: name, v2: v2}
	if code := c.init(-1, -1); code != 0 {
		t.Fatalf("init: %v", kerr.ErrorForCode(code))
	}
	return c
}

func (c *txnClient) init(id int64, epoch int16) int16 {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.TransactionalID, req.TransactionTimeoutMillis, req.ProducerID, req.ProducerEpoch = 4, &c.name, 60_000, id, epoch
	got := ask[*kmsg.InitProducerIDResponse](c.w, req)
	if got.ErrorCode == 0 {
		c.id, c.epoch = got.ProducerID, got.ProducerEpoch
	}
	return got.ErrorCode
}

func (c *txnClient) add(topic string, partition int32) int16 {
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch = 3, c.name, c.id, c.epoch
	req.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: topic, Partitions: []int32{partition}}}
	return ask[*kmsg.AddPartitionsToTxnResponse](c.w, req).Topics[0].Partitions[0].ErrorCode
}

// transactional makes a copy of raw that belongs to a transaction.
func transactional(raw []byte, id int64, epoch int16, sequence int32) []byte {
	raw = sequenced(bytes.Clone(raw), id, epoch, sequence)
	raw[22] |= 1 << 4
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func (c *txnClient) produce(topic string, partition, sequence int32, values ...string) int16 {
	version := int16(11)
	if c.v2 {
		version = 12
	}
	records := make([][]byte, len(values))
	for i := range values {
		records[i] = []byte(values[i])
	}
	req := produceRequest(version, topic, partition, transactional(recordBatch(c.t, records...), c.id, c.epoch, sequence))
	req.TransactionID = &c.name
	return ask[*kmsg.ProduceResponse](c.w, req).Topics[0].Partitions[0].ErrorCode
}

func (c *txnClient) end(commit bool) int16 {
	req := kmsg.NewPtrEndTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = 4, c.name, c.id, c.epoch, commit
	if c.v2 {
		req.Version = 5
	}
	got := ask[*kmsg.EndTxnResponse](c.w, req)
	if got.ErrorCode == 0 && c.v2 {
		c.id, c.epoch = got.ProducerID, got.ProducerEpoch
	}
	return got.ErrorCode
}

func (c *txnClient) want(what string, code int16, want *kerr.Error) {
	c.t.Helper()
	wanted := int16(0)
	if want != nil {
		wanted = want.Code
	}
	if code != wanted {
		c.t.Fatalf("%s: %v, want %v", what, kerr.ErrorForCode(code), kerr.ErrorForCode(wanted))
	}
}

func fetchCommitted(w *wire, topic string, committed bool) *kmsg.FetchResponseTopicPartition {
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxBytes = 11, 1<<20
	if committed {
		req.IsolationLevel = 1
	}
	ft := kmsg.NewFetchRequestTopic()
	ft.Topic = topic
	fp := kmsg.NewFetchRequestTopicPartition()
	fp.PartitionMaxBytes = 1 << 20
	ft.Partitions = append(ft.Partitions, fp)
	req.Topics = append(req.Topics, ft)
	return &ask[*kmsg.FetchResponse](w, req).Topics[0].Partitions[0]
}

// TestTransaction: a committed and an aborted one, in both ways that clients speak of them.
func TestTransaction(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		t.Run(fmt.Sprint("v2=", v2), func(t *testing.T) {
			b := startReal(t, nil)
			b.createTopic(t, "a", 2, nil)
			w := b.dial(t)
			c := newTxnClient(t, w, "tx", v2)
			first := c.epoch
			if !v2 {
				c.want("produce into what was not added", c.produce("a", 0, 0, "x"), kerr.InvalidTxnState)
				c.want("add", c.add("a", 0), nil)
			}
			c.want("produce", c.produce("a", 0, 0, "k1", "k2"), nil)
			if p := fetchCommitted(w, "a", true); p.LastStableOffset != 0 || p.HighWatermark != 2 || len(p.RecordBatches) != 0 {
				t.Fatalf("undecided records are stable: %+v", p)
			}
			if p := fetchCommitted(w, "a", false); p.LastStableOffset != 0 || len(p.RecordBatches) == 0 {
				t.Fatalf("undecided records are not given: %+v", p)
			}
			old := *c
			c.want("abort", c.end(false), nil)
			if v2 != (c.epoch == first+1) {
				t.Fatalf("epoch %d after %d", c.epoch, first)
			}
			old.want("abort again", old.end(false), nil)
			p := fetchCommitted(w, "a", true)
			if p.LastStableOffset != 3 || p.HighWatermark != 3 || len(p.AbortedTransactions) != 1 || p.AbortedTransactions[0].FirstOffset != 0 {
				t.Fatalf("after the abort: %+v", p)
			}
			if v2 {
				old.epoch = first
				old.want("late produce of the ended transaction", old.produce("a", 0, 2, "k3"), kerr.InvalidProducerEpoch)
				old.want("late commit of it", old.end(true), kerr.ProducerFenced)
			}
			if !v2 {
				c.want("add", c.add("a", 0), nil)
				c.want("produce", c.produce("a", 0, 2, "k3"), nil)
			} else {
				c.want("produce", c.produce("a", 0, 0, "k3"), nil)
			}
			c.want("commit", c.end(true), nil)
			if p := fetchCommitted(w, "a", true); p.LastStableOffset != 5 || len(p.AbortedTransactions) != 1 {
				t.Fatalf("after the commit: %+v", p)
			}
			other := newTxnClient(t, w, "tx", v2)
			if other.id != c.id || other.epoch != c.epoch+1 {
				t.Fatalf("the next owner is %d/%d after %d/%d", other.id, other.epoch, c.id, c.epoch)
			}
			c.want("the old owner produces into a partition it never touched", c.produce("a", 1, 0, "z"), kerr.InvalidProducerEpoch)
			c.want("the old owner ends", c.end(true), kerr.ProducerFenced)
			c.want("the old owner comes back", c.init(c.id, c.epoch), kerr.ProducerFenced)
			stranger := *other
			stranger.name = "ty"
			stranger.want("another's producer id", stranger.produce("a", 1, 0, "z"), kerr.InvalidProducerIDMapping)
		})
	}
}

func (c *txnClient) commitOffset(group, topic string, offset int64) int16 {
	if !c.v2 {
		req := kmsg.NewPtrAddOffsetsToTxnRequest()
		req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = 3, c.name, c.id, c.epoch, group
		if got := ask[*kmsg.AddOffsetsToTxnResponse](c.w, req); got.ErrorCode != 0 {
			return got.ErrorCode
		}
	}
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, req.Generation = 3, c.name, c.id, c.epoch, group, -1
	if c.v2 {
		req.Version = 5
	}
	rt := kmsg.NewTxnOffsetCommitRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	rp.Offset = offset
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	return ask[*kmsg.TxnOffsetCommitResponse](c.w, req).Topics[0].Partitions[0].ErrorCode
}

func fetchOffset(w *wire, group, topic string, stable bool) (offset int64, code int16) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.Group, req.RequireStable = 7, group, stable
	rt := kmsg.NewOffsetFetchRequestTopic()
	rt.Topic, rt.Partitions = topic, []int32{0}
	req.Topics = append(req.Topics, rt)
	p := ask[*kmsg.OffsetFetchResponse](w, req).Topics[0].Partitions[0]
	return p.Offset, p.ErrorCode
}

// TestTransactionOffsets: offsets of a group hold with the transaction, and not before.
func TestTransactionOffsets(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		t.Run(fmt.Sprint("v2=", v2), func(t *testing.T) {
			b := startReal(t, nil)
			b.createTopic(t, "a", 1, nil)
			w := b.dial(t)
			c := newTxnClient(t, w, "tx", v2)
			check := func(what string, stable bool, offset int64, want *kerr.Error) {
				t.Helper()
				got, code := fetchOffset(w, "g", "a", stable)
				c.want(what, code, want)
				if got != offset {
					t.Fatalf("%s: offset %d, want %d", what, got, offset)
				}
			}
			c.want("offset", c.commitOffset("g", "a", 7), nil)
			check("pending", false, -1, nil)
			check("pending, stable wanted", true, -1, kerr.UnstableOffsetCommit)
			c.want("abort", c.end(false), nil)
			check("aborted", true, -1, nil)
			c.want("offset", c.commitOffset("g", "a", 8), nil)
			c.want("offset", c.commitOffset("g", "a", 9), nil)
			c.want("commit", c.end(true), nil)
			check("committed", true, 9, nil)
			plain := kmsg.NewPtrOffsetCommitRequest()
			plain.Version, plain.Group, plain.Generation = 5, "g", -1
			rt := kmsg.NewOffsetCommitRequestTopic()
			rt.Topic = "a"
			rp := kmsg.NewOffsetCommitRequestTopicPartition()
			rp.Offset = 20
			rt.Partitions = append(rt.Partitions, rp)
			plain.Topics = append(plain.Topics, rt)
			c.want("plain commit", ask[*kmsg.OffsetCommitResponse](w, plain).Topics[0].Partitions[0].ErrorCode, nil)
			check("plain", true, 20, nil)
			c.want("offset", c.commitOffset("g", "a", 30), nil)
			c.want("commit", c.end(true), nil)
			check("committed", true, 30, nil)
		})
	}
}

// TestTransactionsDescribed: the admin's view of transactional ids.
func TestTransactionsDescribed(t *testing.T) {
	b := startReal(t, nil)
	b.createTopic(t, "a", 2, nil)
	w := b.dial(t)
	c := newTxnClient(t, w, "tx", true)
	c.want("produce", c.produce("a", 1, 0, "k"), nil)
	newTxnClient(t, w, "idle", true)
	list := kmsg.NewPtrListTransactionsRequest()
	list.Version = 2
	list.DurationFilterMillis = -1
	if got := ask[*kmsg.ListTransactionsResponse](w, list); len(got.TransactionStates) != 2 {
		t.Fatalf("list: %+v", got)
	}
	list.StateFilters = []string{"Ongoing", "Nonsense"}
	got := ask[*kmsg.ListTransactionsResponse](w, list)
	if len(got.TransactionStates) != 1 || got.TransactionStates[0].TransactionalID != "tx" || len(got.UnknownStateFilters) != 1 {
		t.Fatalf("list of open ones: %+v", got)
	}
	describe := kmsg.NewPtrDescribeTransactionsRequest()
	describe.TransactionalIDs = []string{"tx", "none"}
	d := ask[*kmsg.DescribeTransactionsResponse](w, describe).TransactionStates
	if d[0].State != "Ongoing" || d[0].ProducerID != c.id || d[0].TimeoutMillis != 60_000 || d[0].StartTimestamp <= 0 ||
		len(d[0].Topics) != 1 || d[0].Topics[0].Topic != "a" || d[0].Topics[0].Partitions[0] != 1 {
		t.Fatalf("describe: %+v", d[0])
	}
	c.want("describe of an id that nobody has", d[1].ErrorCode, kerr.TransactionalIDNotFound)
	producers := kmsg.NewPtrDescribeProducersRequest()
	producers.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: "a", Partitions: []int32{1}}}
	p := ask[*kmsg.DescribeProducersResponse](w, producers).Topics[0].Partitions[0]
	if len(p.ActiveProducers) != 1 || p.ActiveProducers[0].ProducerID != c.id || p.ActiveProducers[0].CurrentTxnStartOffset != 0 {
		t.Fatalf("producers: %+v", p)
	}
	slow := kmsg.NewPtrInitProducerIDRequest()
	slow.Version, slow.TransactionalID, slow.TransactionTimeoutMillis = 4, kmsg.StringPtr("slow"), 16*60_000
	c.want("a timeout above the server's", ask[*kmsg.InitProducerIDResponse](w, slow).ErrorCode, kerr.InvalidTransactionTimeout)
}
