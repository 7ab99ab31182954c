package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// DescribeTransactions: what state transactional ids are in, and the partitions of open transactions. An
// id that nobody has is TRANSACTIONAL_ID_NOT_FOUND.

func (s *Server) describeTransactions(_ context.Context, _ *request, req *kmsg.DescribeTransactionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeTransactionsResponse)
	for _, name := range req.TransactionalIDs {
		rx := kmsg.NewDescribeTransactionsResponseTransactionState()
		rx.TransactionalID, rx.ProducerID, rx.ProducerEpoch, rx.StartTimestamp = name, -1, -1, -1
		found := s.cfg.Log.Transactions([]string{name})
		switch {
		case name == "":
			rx.ErrorCode = kerr.InvalidRequest.Code
		case len(found) == 0:
			rx.ErrorCode = kerr.TransactionalIDNotFound.Code
		default:
			s.describeTransaction(&rx, &found[0])
		}
		resp.TransactionStates = append(resp.TransactionStates, rx)
	}
	return resp, nil
}

func (s *Server) describeTransaction(rx *kmsg.DescribeTransactionsResponseTransactionState, x *log.Transaction) {
	rx.State, rx.TimeoutMillis = x.State.String(), int32(x.Timeout.Milliseconds())
	rx.ProducerID, rx.ProducerEpoch = x.Producer.ID, x.Producer.Epoch
	if x.State == log.TxnOpen {
		rx.StartTimestamp = x.Start.UnixMilli()
	}
	for i := 0; i < len(x.Partitions); {
		rt := kmsg.NewDescribeTransactionsResponseTransactionStateTopic()
		id := x.Partitions[i].Topic
		for ; i < len(x.Partitions) && x.Partitions[i].Topic == id; i++ {
			rt.Partitions = append(rt.Partitions, x.Partitions[i].Index)
		}
		if t, known := s.cfg.Log.TopicByID(id); known {
			rt.Topic = t.Name
			rx.Topics = append(rx.Topics, rt)
		}
	}
}
