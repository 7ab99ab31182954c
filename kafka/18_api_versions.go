package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ApiVersions: which keys and versions are served.
//
// Behaviour: a version that is too new is answered in version 0 with UNSUPPORTED_VERSION and
// the list, from which the client takes what it needs (KIP-511); a Java 4 client starts so.
// Software name and version are checked by Kafka's pattern (INVALID_REQUEST).
//
// Versions: 1 throttle; 3 flexible (its header is not), client's name, features; 4 lets features
// have a minimum of 0; 5 tells which cluster and broker the client means (KIP-1242):
// REBOOTSTRAP_REQUIRED if it is another one, so that it resolves its bootstrap servers again.
//
// transaction.version is 2: clients take partitions into transactions by producing, and get a new epoch
// with each end (KIP-890). group.version is not reported, which makes clients use the classic protocol
// unless they are told otherwise.

func (s *Server) apiVersionsEntry() *api {
	a := entry(keyApiVersions, 0, smallBody, "s:3- s:3- s:5- 4:5-", s.apiVersions)
	serve := a.serve
	a.serve = func(ctx context.Context, r *request) (answer, error) {
		if a.supports(r.version) {
			return serve(ctx, r)
		}
		resp := kmsg.NewPtrApiVersionsResponse()
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		resp.ApiKeys = s.apiKeys()
		return answer{msg: resp}, nil
	}
	return a
}

func (s *Server) apiKeys() []kmsg.ApiVersionsResponseApiKey {
	var keys []kmsg.ApiVersionsResponseApiKey
	for _, a := range s.apis {
		if a == nil {
			continue
		}
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = a.key, a.min, a.max
		keys = append(keys, k)
	}
	return keys
}

func (s *Server) apiVersions(_ context.Context, _ *request, req *kmsg.ApiVersionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ApiVersionsResponse)
	switch {
	case req.Version >= 3 && (!softwareName(req.ClientSoftwareName) || !softwareName(req.ClientSoftwareVersion)):
		resp.ErrorCode = kerr.InvalidRequest.Code
	case req.Version >= 5 && (req.ClusterID == nil) != (req.NodeID == -1):
		resp.ErrorCode = kerr.InvalidRequest.Code
	case req.Version >= 5 && req.ClusterID != nil && (*req.ClusterID != s.cfg.ClusterID || req.NodeID != s.cfg.NodeID):
		resp.ErrorCode = kerr.RebootstrapRequired.Code
	default:
		resp.ApiKeys = s.apiKeys()
		addFeatures(resp)
	}
	return resp, nil
}

// addFeatures reports what is served beyond keys and versions.
func addFeatures(resp *kmsg.ApiVersionsResponse) {
	supported := kmsg.NewApiVersionsResponseSupportedFeature()
	supported.Name, supported.MaxVersion = featureTransaction, transactionVersion
	if resp.Version < 4 {
		supported.MinVersion = 1 // a lower one is left out of these versions
	}
	finalized := kmsg.NewApiVersionsResponseFinalizedFeature()
	finalized.Name, finalized.MaxVersionLevel, finalized.MinVersionLevel = featureTransaction, transactionVersion, transactionVersion
	resp.SupportedFeatures = append(resp.SupportedFeatures, supported)
	resp.FinalizedFeatures = append(resp.FinalizedFeatures, finalized)
	resp.FinalizedFeaturesEpoch = 0
}

const (
	featureTransaction = "transaction.version"
	transactionVersion = 2
)

// softwareName tells whether name matches [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
func softwareName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		inside := i > 0 && i < len(name)-1
		if !alphanumeric && !(inside && (c == '-' || c == '.')) {
			return false
		}
	}
	return name != ""
}
