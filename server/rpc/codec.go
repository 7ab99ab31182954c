package rpc

import (
	"bytes"
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxMessages bounds the messages inside one: an empty record takes two bytes, and a hundred times
// that once it is decoded.
const maxMessages = 60_000

var errMessages = fmt.Errorf("more than %d messages in one", maxMessages)

// binaryCodec is the wire format, which is walked before it is decoded.
type binaryCodec struct{}

var _ connect.Codec = binaryCodec{}

func (binaryCodec) Name() string { return "proto" }

func (binaryCodec) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", v)
	}
	return proto.Marshal(m)
}

func (binaryCodec) Unmarshal(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", v)
	}
	left := maxMessages
	if err := countMessages(data, m.ProtoReflect().Descriptor(), &left); err != nil {
		return err
	}
	return proto.Unmarshal(data, m)
}

// countMessages takes what data has of messages, lists and maps off left. What is malformed is left
// to who decodes it.
func countMessages(data []byte, d protoreflect.MessageDescriptor, left *int) error {
	fields := d.Fields()
	for len(data) > 0 {
		num, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil
		}
		data = data[n:]
		f := fields.ByNumber(num)
		if f == nil || f.IsList() || f.Message() != nil {
			if *left--; *left < 0 {
				return errMessages
			}
		}
		if kind == protowire.BytesType && f != nil && f.Message() != nil {
			inner, n := protowire.ConsumeBytes(data)
			if n < 0 {
				return nil
			}
			if err := countMessages(inner, f.Message(), left); err != nil {
				return err
			}
			data = data[n:]
			continue
		}
		n = protowire.ConsumeFieldValue(num, kind, data)
		if n < 0 {
			return nil
		}
		data = data[n:]
	}
	return nil
}

// jsonCodec is JSON as protobuf maps it. Members that do not exist are refused, and members that
// have their default are shown: partition 0 is one.
type jsonCodec struct{ name string }

var _ connect.Codec = jsonCodec{}

func (c jsonCodec) Name() string { return c.name }

func (jsonCodec) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", v)
	}
	return protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
}

func (jsonCodec) Unmarshal(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", v)
	}
	if len(data) == 0 {
		return fmt.Errorf("no JSON object")
	}
	if bytes.Count(data, []byte{'{'}) > maxMessages || bytes.Count(data, []byte{':'}) > 8*maxMessages {
		return errMessages
	}
	return protojson.UnmarshalOptions{RecursionLimit: 100}.Unmarshal(data, m)
}
