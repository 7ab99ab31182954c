package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// AddOffsetsToTxn: offsets of a consumer group are to be committed with a transaction, which begins if
// none is open. Clients of transaction.version 2 do not ask: TxnOffsetCommit 5 does it.
//
// Versions: 2 PRODUCER_FENCED; 3 flexible; 4 TRANSACTION_ABORTABLE, which is not used.

func (s *Server) addOffsetsToTxn(ctx context.Context, _ *request, req *kmsg.AddOffsetsToTxnRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AddOffsetsToTxnResponse)
	switch {
	case req.TransactionalID == "":
		resp.ErrorCode = kerr.InvalidRequest.Code
	case req.Group == "":
		resp.ErrorCode = kerr.InvalidGroupID.Code
	default:
		who := log.ProducerIdentity{ID: req.ProducerID, Epoch: req.ProducerEpoch}
		resp.ErrorCode = txnCode(s.cfg.Log.AddToTransaction(ctx, req.TransactionalID, who, nil, []string{req.Group}), req.Version >= 2)
	}
	return resp, ctx.Err()
}
