package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// UpdateFeatures: the levels of features are the binary's, so the only level that a feature can be given is the
// one it has.
//
// Behaviour: another level is INVALID_UPDATE_VERSION, as is a feature that is not known; a name that comes twice or
// is empty, and an upgrade type that there is not, are INVALID_REQUEST. The first error is that of the whole too, as since
// Kafka 4. validate_only makes no difference.
//
// Versions: 0 an answer for each feature; 1 upgrade type, validate_only; 2 only an error for the whole.

func (s *Server) updateFeatures(_ context.Context, _ *request, req *kmsg.UpdateFeaturesRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.UpdateFeaturesResponse)
	times := counted(req.FeatureUpdates, func(u *kmsg.UpdateFeaturesRequestFeatureUpdate) string { return u.Feature })
	for i := range req.FeatureUpdates {
		u := &req.FeatureUpdates[i]
		err := featureUpdate(u, req.Version)
		if times[u.Feature] > 1 {
			err = refuse(kerr.InvalidRequest, "feature %q is named twice", u.Feature)
		}
		result := kmsg.NewUpdateFeaturesResponseResult()
		result.Feature = u.Feature
		result.ErrorCode, result.ErrorMessage = codeAndMessage(err)
		resp.Results = append(resp.Results, result)
		if resp.ErrorCode == 0 {
			resp.ErrorCode, resp.ErrorMessage = result.ErrorCode, result.ErrorMessage
		}
	}
	return resp, nil
}

func featureUpdate(u *kmsg.UpdateFeaturesRequestFeatureUpdate, version int16) error {
	switch {
	case u.Feature == "":
		return refuse(kerr.InvalidRequest, "the name of a feature is empty")
	case version >= 1 && (u.UpgradeType < 1 || u.UpgradeType > 3):
		return refuse(kerr.InvalidRequest, "unknown upgrade type %d", u.UpgradeType)
	case u.Feature != featureTransaction:
		return refuse(kerr.InvalidUpdateVersion, "the feature %q is not known; %s is", u.Feature, featureTransaction)
	case u.MaxVersionLevel != transactionVersion:
		return refuse(kerr.InvalidUpdateVersion, "%s is at level %d, which cannot be changed", featureTransaction, transactionVersion)
	}
	return nil
}
