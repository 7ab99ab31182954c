package kafka

import (
	"context"
	"io"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// GetTelemetrySubscriptions (71), PushTelemetry (72): clients may send metrics of theirs (KIP-714). Nothing here
// wants any: the subscription names no metric, and a client asks again only after telemetryInterval.
//
// Behaviour: a client gets an id if it has none. A push of metrics is INVALID_REQUEST (nobody asked for them), of
// another subscription UNKNOWN_SUBSCRIPTION_ID, of too many bytes TELEMETRY_TOO_LARGE; an empty one, with which a
// client takes its leave, is no error.

const (
	telemetrySubscription = 1
	telemetryInterval     = 3_600_000
	maxTelemetryBytes     = 1 << 16
)

func (s *Server) getTelemetrySubscriptions(_ context.Context, _ *request, req *kmsg.GetTelemetrySubscriptionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.GetTelemetrySubscriptionsResponse)
	resp.ClientInstanceID = req.ClientInstanceID
	if req.ClientInstanceID == [16]byte{} {
		if _, err := io.ReadFull(s.cfg.Rand, resp.ClientInstanceID[:]); err != nil {
			return nil, err
		}
	}
	resp.SubscriptionID, resp.PushIntervalMillis, resp.TelemetryMaxBytes = telemetrySubscription, telemetryInterval, maxTelemetryBytes
	resp.AcceptedCompressionTypes = []int8{0}
	return resp, nil
}

func (s *Server) pushTelemetry(_ context.Context, _ *request, req *kmsg.PushTelemetryRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.PushTelemetryResponse)
	switch {
	case req.ClientInstanceID == [16]byte{}:
		resp.ErrorCode = kerr.InvalidRequest.Code
	case req.SubscriptionID != telemetrySubscription:
		resp.ErrorCode = kerr.UnknownSubscriptionID.Code
	case len(req.Metrics) > maxTelemetryBytes:
		resp.ErrorCode = kerr.TelemetryTooLarge.Code
	case len(req.Metrics) > 0:
		resp.ErrorCode = kerr.InvalidRequest.Code
	}
	return resp, nil
}
