package kafka

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// GetTelemetrySubscriptions, PushTelemetry (KIP-714): a client asks which of its metrics are wanted, and sends them.
// None are wanted here, which is a subscription without metrics: clients then send nothing and ask again after the
// interval.
//
// Behaviour: a client without an id of its own gets one. A push under another subscription than the one that was told is
// UNKNOWN_SUBSCRIPTION_ID, upon which clients ask again; one that brings metrics is INVALID_REQUEST, since it was told
// that none are wanted; one of an unknown compression is UNSUPPORTED_COMPRESSION_TYPE.

const (
	telemetryInterval = 5 * time.Minute // Kafka's default
	telemetryBytes    = smallBody / 2
	lastCompression   = 4 // zstd
)

// telemetrySubscription is the id of what a client is told: always the same for the same client.
func telemetrySubscription(client [16]byte) int32 {
	return int32(crc32.ChecksumIEEE(binary.BigEndian.AppendUint32(client[:], uint32(telemetryInterval.Milliseconds()))))
}

func (s *Server) getTelemetrySubscriptions(_ context.Context, _ *request, req *kmsg.GetTelemetrySubscriptionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.GetTelemetrySubscriptionsResponse)
	resp.ClientInstanceID = req.ClientInstanceID
	if req.ClientInstanceID == ([16]byte{}) {
		resp.ClientInstanceID = s.newUUIDBytes()
	}
	resp.SubscriptionID = telemetrySubscription(resp.ClientInstanceID)
	resp.AcceptedCompressionTypes = []int8{4, 3, 1, 2} // zstd, lz4, gzip, snappy, as Kafka prefers them
	resp.PushIntervalMillis = int32(telemetryInterval.Milliseconds())
	resp.TelemetryMaxBytes, resp.DeltaTemporality = telemetryBytes, true
	return resp, nil
}

func (s *Server) pushTelemetry(_ context.Context, _ *request, req *kmsg.PushTelemetryRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.PushTelemetryResponse)
	switch {
	case req.ClientInstanceID == [16]byte{}:
		resp.ErrorCode = kerr.InvalidRequest.Code
	case req.CompressionType < 0 || req.CompressionType > lastCompression:
		resp.ErrorCode = kerr.UnsupportedCompressionType.Code
	case req.SubscriptionID != telemetrySubscription(req.ClientInstanceID):
		resp.ErrorCode = kerr.UnknownSubscriptionID.Code
	case len(req.Metrics) > telemetryBytes:
		resp.ErrorCode = kerr.TelemetryTooLarge.Code
	case len(req.Metrics) > 0:
		resp.ErrorCode = kerr.InvalidRequest.Code
	}
	return resp, nil
}
