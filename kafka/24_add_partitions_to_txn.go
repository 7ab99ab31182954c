package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// AddPartitionsToTxn: partitions are taken into a transaction, which begins if none is open.
//
// Behaviour: all of them or none: if one does not exist or is a table's, the others are
// OPERATION_NOT_ATTEMPTED. Clients of transaction.version 2 do not ask: Produce 12 takes a partition in.
//
// Versions: 2 PRODUCER_FENCED; 3 flexible; 4 many transactions, and a broker's question whether
// partitions are in one (verify only); 5 TRANSACTION_ABORTABLE for the latter.

// addedTopic is a topic of a request in any version.
type addedTopic struct {
	name       string
	partitions []int32
}

// addedCodes are the codes of its partitions.
type addedCodes struct {
	name  string
	codes []int16
}

func (s *Server) addPartitionsToTxn(ctx context.Context, _ *request, req *kmsg.AddPartitionsToTxnRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AddPartitionsToTxnResponse)
	if req.Version < 4 {
		topics := make([]addedTopic, len(req.Topics))
		for i, t := range req.Topics {
			topics[i] = addedTopic{t.Topic, t.Partitions}
		}
		who := log.ProducerIdentity{ID: req.ProducerID, Epoch: req.ProducerEpoch}
		for i, t := range s.addPartitions(ctx, req.TransactionalID, who, topics, false, req.Version >= 2) {
			rt := kmsg.NewAddPartitionsToTxnResponseTopic()
			rt.Topic = t.name
			for j, code := range t.codes {
				rp := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
				rp.Partition, rp.ErrorCode = topics[i].partitions[j], code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, ctx.Err()
	}
	for i := range req.Transactions {
		resp.Transactions = append(resp.Transactions, s.addToOneTxn(ctx, &req.Transactions[i]))
	}
	return resp, ctx.Err()
}

func (s *Server) addToOneTxn(ctx context.Context, asked *kmsg.AddPartitionsToTxnRequestTransaction) kmsg.AddPartitionsToTxnResponseTransaction {
	rx := kmsg.NewAddPartitionsToTxnResponseTransaction()
	rx.TransactionalID = asked.TransactionalID
	topics := make([]addedTopic, len(asked.Topics))
	for i, t := range asked.Topics {
		topics[i] = addedTopic{t.Topic, t.Partitions}
	}
	who := log.ProducerIdentity{ID: asked.ProducerID, Epoch: asked.ProducerEpoch}
	for i, t := range s.addPartitions(ctx, asked.TransactionalID, who, topics, asked.VerifyOnly, true) {
		rt := kmsg.NewAddPartitionsToTxnResponseTransactionTopic()
		rt.Topic = t.name
		for j, code := range t.codes {
			rp := kmsg.NewAddPartitionsToTxnResponseTransactionTopicPartition()
			rp.Partition, rp.ErrorCode = topics[i].partitions[j], code
			rt.Partitions = append(rt.Partitions, rp)
		}
		rx.Topics = append(rx.Topics, rt)
	}
	return rx
}

// addPartitions gives a code for each partition, in order.
func (s *Server) addPartitions(ctx context.Context, name string, who log.ProducerIdentity, topics []addedTopic, verifyOnly, knowsFenced bool) []addedCodes {
	out := make([]addedCodes, len(topics))
	var parts []log.Partition
	refused := false
	for i, asked := range topics {
		out[i] = addedCodes{asked.name, make([]int16, len(asked.partitions))}
		t, known := s.cfg.Log.TopicByName(asked.name)
		for j, index := range asked.partitions {
			switch {
			case !known || index < 0 || index >= t.Partitions:
				out[i].codes[j] = kerr.UnknownTopicOrPartition.Code
			case t.Internal:
				out[i].codes[j] = kerr.InvalidTopicException.Code
			default:
				parts = append(parts, log.Partition{Topic: t.ID, Index: index})
				continue
			}
			refused = true
		}
	}
	code := kerr.OperationNotAttempted.Code
	switch {
	case refused:
	case name == "":
		code = kerr.InvalidRequest.Code
	case verifyOnly:
		code = s.verifyInTxn(name, who, parts)
	default:
		code = txnCode(s.cfg.Log.AddToTransaction(ctx, name, who, parts, nil), knowsFenced)
	}
	for i := range out {
		for j, c := range out[i].codes {
			if c == 0 {
				out[i].codes[j] = code
			}
		}
	}
	return out
}

// verifyInTxn tells whether all of the partitions are in the open transaction.
func (s *Server) verifyInTxn(name string, who log.ProducerIdentity, parts []log.Partition) int16 {
	found := s.cfg.Log.Transactions([]string{name})
	if len(found) == 0 || found[0].Producer.ID != who.ID {
		return kerr.InvalidProducerIDMapping.Code
	}
	if found[0].Producer != who {
		return kerr.ProducerFenced.Code
	}
	in := make(map[log.Partition]bool, len(found[0].Partitions))
	for _, p := range found[0].Partitions {
		in[p] = true
	}
	for _, p := range parts {
		if !in[p] {
			return kerr.TransactionAbortable.Code
		}
	}
	return 0
}
