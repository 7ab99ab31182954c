package objstore

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3Config says where a bucket is. Credentials come from the SDK's chain: environment, shared
// files, web identity, instance role.
type S3Config struct {
	Bucket    string
	Prefix    string // of all keys, without slashes at its ends
	Endpoint  string // "" = AWS
	Region    string // "" = the chain's, else us-east-1
	PathStyle bool   // endpoint/bucket/key instead of bucket.endpoint/key
}

// S3 keeps objects in a bucket.
type S3 struct {
	client    *s3.Client
	transport *http.Transport
	bucket    string
	https     bool
}

var _ Store = (*S3)(nil)

const (
	readBodyAttempts  = 3
	maxIdleConns      = 128
	maxDeletePerCall  = 1000
	writeBackoff      = 500 * time.Millisecond
	defaultRegionName = "us-east-1"
	// answerTimeout is how long a server that has a whole request may be silent; the SDK asks
	// again then, but for writes.
	answerTimeout = 10 * time.Second
	// bodyRate is what a body has to bring in a second, beside answerTimeout.
	bodyRate = 1 << 20
)

// OpenS3 makes a store; nothing is asked over the network for it but what the credentials chain
// wants. The result is an io.Closer.
func OpenS3(ctx context.Context, cfg S3Config) (Store, error) {
	var options []func(*config.LoadOptions) error
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("object store s3://%s: %w", cfg.Bucket, err)
	}
	if loaded.Region == "" {
		loaded.Region = defaultRegionName
	}
	transport := transportOf(loaded)
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: transport, CheckRedirect: sameMethodOnly}
		o.UsePathStyle = cfg.PathStyle
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
		// why: other servers than AWS's refuse the trailing checksums that are the default; Put
		// sends a CRC32C of its own.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	store := &S3{client: client, transport: transport, bucket: cfg.Bucket, https: !strings.HasPrefix(cfg.Endpoint, "http:")}
	return WithPrefix(store, cfg.Prefix)
}

// transportOf is the SDK's transport with what the environment says of it (AWS_CA_BUNDLE, proxies),
// as one that can be closed.
func transportOf(loaded aws.Config) *http.Transport {
	buildable, ok := loaded.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	transport := buildable.GetTransport()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = maxIdleConns, maxIdleConns
	transport.ResponseHeaderTimeout = answerTimeout
	return transport
}

// sameMethodOnly follows S3's redirects of a new bucket and none that would turn a PUT into a GET.
func sameMethodOnly(req *http.Request, via []*http.Request) error {
	status := req.Response.StatusCode
	if len(via) < 10 && (status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect) {
		return nil
	}
	return http.ErrUseLastResponse
}

// Close drops idle connections.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// onceOnly makes a write's first try its last, unless the server said that it did not take it.
func (s *S3) onceOnly(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxBackoff = writeBackoff
		r.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
	})
}

// unsigned leaves the body out of the signature where TLS protects it.
func (s *S3) unsigned(o *s3.Options) {
	if s.https {
		o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
	}
}

// Put implements Store.
func (s *S3) Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error) {
	if err := checkPut(key, cond); err != nil {
		return ObjectInfo{}, err
	}
	if err := ctx.Err(); err != nil {
		return ObjectInfo{}, err
	}
	body := newPartsReader(parts)
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: body, ContentLength: aws.Int64(body.size), ChecksumCRC32C: aws.String(checksum(parts)),
	}
	if cond.IfAbsent {
		in.IfNoneMatch = aws.String("*")
	}
	if cond.IfMatch != "" {
		in.IfMatch = aws.String(cond.IfMatch)
	}
	out, err := s.client.PutObject(ctx, in, s.onceOnly, s.unsigned)
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("put %s: %w", key, writeError(err, cond))
	}
	return ObjectInfo{Key: key, Size: body.size, ETag: aws.ToString(out.ETag)}, nil
}

func checksum(parts [][]byte) string {
	var crc uint32
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, p := range parts {
		crc = crc32.Update(crc, table, p)
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
}

// GetRange implements Store. A body that breaks off is asked for again from there, of the same
// ETag.
func (s *S3) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	if err := CheckKey(key); err != nil {
		return 0, err
	}
	if len(dst) == 0 {
		info, err := s.Stat(ctx, key)
		if err == nil {
			_, err = rangeStart(key, off, info.Size)
		}
		return 0, err
	}
	r := s3Range{store: s, key: key, next: off, dst: dst}
	for attempt := 1; ; attempt++ {
		retryable, err := r.readWithin(ctx)
		if err == nil {
			return r.n, nil
		}
		if off < 0 && errors.Is(err, ErrRange) {
			// Some servers refuse a tail longer than the object, which S3 gives whole.
			info, err := s.Stat(ctx, key)
			if err != nil {
				return 0, err
			}
			if off, err = rangeStart(key, off, info.Size); err != nil {
				return 0, err
			}
			r = s3Range{store: s, key: key, next: off, dst: dst}
			continue
		}
		if !retryable || attempt == readBodyAttempts || ctx.Err() != nil {
			return 0, fmt.Errorf("read %s: %w", key, err)
		}
	}
}

// s3Range is a ranged read on its way.
type s3Range struct {
	store *S3
	key   string
	next  int64 // offset of dst[n]; negative until the first answer came
	dst   []byte
	n     int
	etag  *string
}

// readWithin gives one request a deadline, so that one that hangs is asked again.
func (r *s3Range) readWithin(ctx context.Context) (retryable bool, err error) {
	within := answerTimeout + time.Duration(len(r.dst)-r.n)*time.Second/bodyRate
	attempt, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	retryable, err = r.read(attempt)
	return retryable || attempt.Err() != nil && ctx.Err() == nil, err
}

// read makes one request and fills dst from it; retryable tells whether asking for the rest may help.
func (r *s3Range) read(ctx context.Context) (retryable bool, err error) {
	in := &s3.GetObjectInput{Bucket: &r.store.bucket, Key: &r.key, IfMatch: r.etag}
	if r.next < 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d", r.next))
	} else {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", r.next, r.next+int64(len(r.dst)-r.n)-1))
	}
	out, err := r.store.client.GetObject(ctx, in)
	if err != nil {
		return false, readError(err)
	}
	defer out.Body.Close()
	if out.ContentLength == nil {
		return false, errors.New("the server does not tell the length of what it sends")
	}
	length := *out.ContentLength
	if r.n == 0 && length == 0 { // what some servers make of an empty object's tail
		return false, fmt.Errorf("%w: nothing at %d", ErrRange, r.next)
	}
	start, err := rangeBegin(out, r.next)
	if err != nil {
		return false, err
	}
	r.next, r.etag = start, out.ETag
	want := len(r.dst) - r.n
	if length < int64(want) {
		want = int(length)
	}
	got, err := io.ReadFull(out.Body, r.dst[r.n:r.n+want])
	r.n += got
	r.next += int64(got)
	return true, err
}

// rangeBegin is where the body of an answer starts in the object. A server that ignores the
// range sends the whole object, from 0; that is not what was asked for.
func rangeBegin(out *s3.GetObjectOutput, asked int64) (int64, error) {
	var first, last, size int64
	if out.ContentRange == nil {
		if asked == 0 {
			return 0, nil
		}
		return 0, errors.New("the server ignores ranges")
	}
	if _, err := fmt.Sscanf(*out.ContentRange, "bytes %d-%d/%d", &first, &last, &size); err != nil {
		return 0, fmt.Errorf("the server answers with range %q", *out.ContentRange)
	}
	if asked >= 0 && first != asked || asked < 0 && first != max(size+asked, 0) {
		return 0, fmt.Errorf("the server answers with range %q where %d was asked", *out.ContentRange, asked)
	}
	return first, nil
}

// Stat implements Store.
func (s *S3) Stat(ctx context.Context, key string) (ObjectInfo, error) {
	if err := CheckKey(key); err != nil {
		return ObjectInfo{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("stat %s: %w", key, readError(err))
	}
	return ObjectInfo{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}, nil
}

// List implements Store; pages of 1,000 are fetched as the ranging goes on.
func (s *S3) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}
		if after != "" {
			in.StartAfter = &after
		}
		pages := s3.NewListObjectsV2Paginator(s.client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(ObjectInfo{}, fmt.Errorf("list %s: %w", prefix, readError(err)))
				return
			}
			for i := range page.Contents {
				if !yield(s3Info(&page.Contents[i]), nil) {
					return
				}
			}
		}
	}
}

func s3Info(o *types.Object) ObjectInfo {
	return ObjectInfo{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag), Modified: aws.ToTime(o.LastModified)}
}

// Delete implements Store; up to 1,000 keys go in one request.
func (s *S3) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return err
		}
	}
	for len(keys) > 0 {
		n := min(len(keys), maxDeletePerCall)
		if err := s.deleteSome(ctx, keys[:n]); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func (s *S3) deleteSome(ctx context.Context, keys []string) error {
	if len(keys) == 1 {
		_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &keys[0]})
		if err = readError(err); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("delete %s: %w", keys[0], err)
		}
		return nil
	}
	ids := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		ids[i].Key = &keys[i]
	}
	out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &s.bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return fmt.Errorf("delete %d objects: %w", len(keys), readError(err))
	}
	for _, e := range out.Errors {
		if code := aws.ToString(e.Code); code != "NoSuchKey" {
			return fmt.Errorf("delete %s: %s: %s", aws.ToString(e.Key), code, aws.ToString(e.Message))
		}
	}
	return nil
}
