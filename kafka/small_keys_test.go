package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestSmallKeys: what is asked for and is not there is answered with Kafka's code for that, in every version.
func TestSmallKeys(t *testing.T) {
	b := start(t, nil)
	w := b.dial(t)
	off := kerr.DelegationTokenAuthDisabled.Code
	for version := int16(1); version <= 3; version++ {
		create, describe := kmsg.NewPtrCreateDelegationTokenRequest(), kmsg.NewPtrDescribeDelegationTokenRequest()
		create.Version, describe.Version = version, version
		if r := ask[*kmsg.CreateDelegationTokenResponse](w, create); r.ErrorCode != off || r.MaxTimestamp != -1 {
			t.Errorf("create %d: %+v", version, r)
		}
		if r := ask[*kmsg.DescribeDelegationTokenResponse](w, describe); r.ErrorCode != off || len(r.TokenDetails) != 0 {
			t.Errorf("describe %d: %+v", version, r)
		}
		renew, expire := kmsg.NewPtrRenewDelegationTokenRequest(), kmsg.NewPtrExpireDelegationTokenRequest()
		renew.Version, expire.Version = min(version, 2), min(version, 2)
		if r := ask[*kmsg.RenewDelegationTokenResponse](w, renew); r.ErrorCode != off || r.ExpiryTimestamp != -1 {
			t.Errorf("renew %d: %+v", version, r)
		}
		if r := ask[*kmsg.ExpireDelegationTokenResponse](w, expire); r.ErrorCode != off || r.ExpiryTimestamp != -1 {
			t.Errorf("expire %d: %+v", version, r)
		}
	}
	unregister := kmsg.NewPtrUnregisterBrokerRequest()
	for id, want := range map[int32]*kerr.Error{1: kerr.InvalidRequest, 2: kerr.BrokerIDNotRegistered} {
		unregister.BrokerID = id
		if r := ask[*kmsg.UnregisterBrokerResponse](w, unregister); r.ErrorCode != want.Code || r.ErrorMessage == nil {
			t.Errorf("unregister %d: %+v", id, r)
		}
	}
	add, remove := kmsg.NewPtrAddRaftVoterRequest(), kmsg.NewPtrRemoveRaftVoterRequest()
	for cluster, want := range map[string]*kerr.Error{b.cfg.ClusterID: kerr.UnsupportedVersion, "other": kerr.InconsistentClusterID} {
		add.ClusterID, remove.ClusterID = &cluster, &cluster
		for add.Version = 0; add.Version <= 1; add.Version++ {
			if r := ask[*kmsg.AddRaftVoterResponse](w, add); r.ErrorCode != want.Code || r.ErrorMessage == nil {
				t.Errorf("add voter: %+v", r)
			}
		}
		if r := ask[*kmsg.RemoveRaftVoterResponse](w, remove); r.ErrorCode != want.Code {
			t.Errorf("remove voter: %+v", r)
		}
	}
}

// TestTelemetry: a client is told that nothing is wanted of it, and held to that.
func TestTelemetry(t *testing.T) {
	b := start(t, nil)
	w := b.dial(t)
	get := kmsg.NewPtrGetTelemetrySubscriptionsRequest()
	first := ask[*kmsg.GetTelemetrySubscriptionsResponse](w, get)
	if first.ErrorCode != 0 || first.ClientInstanceID == [16]byte{} || len(first.RequestedMetrics) != 0 || first.PushIntervalMillis <= 0 || len(first.AcceptedCompressionTypes) == 0 {
		t.Fatalf("%+v", first)
	}
	get.ClientInstanceID = first.ClientInstanceID
	if again := ask[*kmsg.GetTelemetrySubscriptionsResponse](w, get); again.ClientInstanceID != first.ClientInstanceID || again.SubscriptionID != first.SubscriptionID {
		t.Errorf("%+v after %+v", again, first)
	}
	for name, c := range map[string]struct {
		change func(*kmsg.PushTelemetryRequest)
		want   int16
	}{
		"the last one, empty":      {func(r *kmsg.PushTelemetryRequest) { r.Terminating = true }, 0},
		"nobody's":                 {func(r *kmsg.PushTelemetryRequest) { r.ClientInstanceID = [16]byte{} }, kerr.InvalidRequest.Code},
		"another subscription":     {func(r *kmsg.PushTelemetryRequest) { r.SubscriptionID++ }, kerr.UnknownSubscriptionID.Code},
		"unknown compression":      {func(r *kmsg.PushTelemetryRequest) { r.CompressionType = 5 }, kerr.UnsupportedCompressionType.Code},
		"what nobody asked for":    {func(r *kmsg.PushTelemetryRequest) { r.Metrics = []byte("x") }, kerr.InvalidRequest.Code},
		"too much of what is none": {func(r *kmsg.PushTelemetryRequest) { r.Metrics = make([]byte, telemetryBytes+1) }, kerr.TelemetryTooLarge.Code},
	} {
		push := kmsg.NewPtrPushTelemetryRequest()
		push.ClientInstanceID, push.SubscriptionID = first.ClientInstanceID, first.SubscriptionID
		c.change(push)
		if r := ask[*kmsg.PushTelemetryResponse](w, push); r.ErrorCode != c.want {
			t.Errorf("%s: %v", name, kerr.ErrorForCode(r.ErrorCode))
		}
	}
}
