package objstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// uploadPartBytes is the size of each part of an upload but the last; S3 wants 5 MiB at least
// and takes 10,000 parts.
const uploadPartBytes = 8 << 20

// s3Upload gathers parts and sends each when it is full. An upload that never fills one is a
// plain Put.
type s3Upload struct {
	ctx   context.Context // of Create: Upload's methods have none
	store *S3
	key   string
	id    *string // of the multipart upload; nil before the first full part
	parts []types.CompletedPart
	buf   []byte
	size  int64
	done  bool
	err   error // first failure; the upload cannot be committed after it
}

// Create implements Store.
func (s *S3) Create(ctx context.Context, key string) (Upload, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	return &s3Upload{ctx: ctx, store: s, key: key}, nil
}

func (u *s3Upload) Write(p []byte) (int, error) {
	if u.done {
		return 0, errUploadDone
	}
	written := 0
	for u.err == nil && len(p) > 0 {
		n := min(len(p), uploadPartBytes-len(u.buf))
		u.buf = append(u.buf, p[:n]...)
		p, written = p[n:], written+n
		u.size += int64(n)
		if len(u.buf) == uploadPartBytes {
			u.err = u.sendPart()
		}
	}
	return written, u.err
}

func (u *s3Upload) sendPart() error {
	if u.id == nil {
		out, err := u.store.client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{Bucket: &u.store.bucket, Key: &u.key})
		if err != nil {
			return fmt.Errorf("upload %s: %w", u.key, err)
		}
		u.id = out.UploadId
	}
	number := int32(len(u.parts) + 1)
	out, err := u.store.client.UploadPart(u.ctx, &s3.UploadPartInput{
		Bucket: &u.store.bucket, Key: &u.key, UploadId: u.id, PartNumber: &number,
		Body: newPartsReader([][]byte{u.buf}), ContentLength: aws.Int64(int64(len(u.buf))),
	}, u.store.unsigned)
	if err != nil {
		return fmt.Errorf("upload %s part %d: %w", u.key, number, err)
	}
	u.parts = append(u.parts, types.CompletedPart{ETag: out.ETag, PartNumber: &number})
	u.buf = u.buf[:0]
	return nil
}

func (u *s3Upload) Commit() (ObjectInfo, error) {
	if u.done {
		return ObjectInfo{}, errUploadDone
	}
	if u.err != nil {
		return ObjectInfo{}, errors.Join(u.err, u.Abort())
	}
	if u.id == nil {
		u.done = true
		return u.store.Put(u.ctx, u.key, [][]byte{u.buf}, Condition{})
	}
	if len(u.buf) > 0 {
		if u.err = u.sendPart(); u.err != nil {
			return ObjectInfo{}, errors.Join(u.err, u.Abort())
		}
	}
	out, err := u.store.client.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.store.bucket, Key: &u.key, UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	}, u.store.onceOnly)
	if err != nil {
		// Not aborted here if it is unknown: the object may be there.
		return ObjectInfo{}, fmt.Errorf("upload %s: %w", u.key, writeError(err, Condition{}))
	}
	u.done = true
	return ObjectInfo{Key: u.key, Size: u.size, ETag: aws.ToString(out.ETag)}, nil
}

// Abort gives up the parts. What it cannot reach, the bucket's rule for incomplete uploads removes.
func (u *s3Upload) Abort() error {
	if u.done {
		return nil
	}
	u.done, u.buf = true, nil
	if u.id == nil {
		return nil
	}
	// The context of Create may be why the upload is given up; the parts should go all the same.
	_, err := u.store.client.AbortMultipartUpload(context.WithoutCancel(u.ctx), &s3.AbortMultipartUploadInput{
		Bucket: &u.store.bucket, Key: &u.key, UploadId: u.id,
	})
	if err = readError(err); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("abort upload %s: %w", u.key, err)
	}
	return nil
}
