package objstore

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// statusOf is the HTTP status of an answer with an error; 0 if there was no answer.
func statusOf(err error) int {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// readError gives the error of a request that changes nothing the sentinel it belongs to.
func readError(err error) error {
	switch {
	case err == nil:
		return nil
	case codeOf(err) == "NoSuchBucket":
		return err
	case statusOf(err) == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case statusOf(err) == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: %w", ErrRange, err)
	}
	return err
}

// writeError tells what became of a write: a refused condition, certainly nothing, or unknown.
func writeError(err error, cond Condition) error {
	status := statusOf(err)
	conditional := cond != Condition{}
	switch {
	case codeOf(err) == "NoSuchBucket":
		return err
	case status == http.StatusPreconditionFailed,
		conditional && status == http.StatusConflict,
		cond.IfMatch != "" && status == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrPrecondition, err)
	case refused(status, codeOf(err)) || neverSent(err):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnknown, err)
}

// refused answers come before anything is written. A timeout or a fault of the server may come
// after; its word that it is overloaded comes before.
func refused(status int, code string) bool {
	if code == "SlowDown" || code == "RequestLimitExceeded" {
		return true
	}
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// neverSent errors happened before a byte of the request was on its way: no connection, or no
// request because it could not be encoded or signed.
func neverSent(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return true
	}
	var signing *v4.SigningError
	var encoding *smithy.SerializationError
	return errors.As(err, &signing) || errors.As(err, &encoding)
}
