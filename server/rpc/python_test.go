package rpc_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	v1 "github.com/tributary-db/tributary/api/v1"
)

// pythonClient produces, streams and consumes with grpcio, its messages made of the descriptors in a file.
const pythonClient = `
import sys, grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
pool = descriptor_pool.DescriptorPool()
for f in descriptor_pb2.FileDescriptorSet.FromString(open(sys.argv[2], 'rb').read()).file:
    pool.Add(f)
def m(name): return message_factory.GetMessageClass(pool.FindMessageTypeByName('tributary.v1.' + name))
ch = grpc.insecure_channel(sys.argv[1])
s = '/tributary.v1.StreamService/'
def of(kind, method, req, resp):
    return getattr(ch, kind)(s + method, request_serializer=lambda x: x.SerializeToString(), response_deserializer=m(resp).FromString)
P = m('ProduceRequest')
def req(topic, value):
    p = P(topic=topic)
    p.records.add(key=b'k', value=value)
    return p
got = of('unary_unary', 'Produce', 'ProduceRequest', 'ProduceResponse')(req('t', b'one'), timeout=30)
assert got.positions[0].offset == 0, got
acks = list(of('stream_stream', 'ProduceStream', 'ProduceRequest', 'ProduceStreamResponse')(iter([req('t', b'two'), req('none', b''), req('t', b'three')]), timeout=30))
assert [a.WhichOneof('outcome') for a in acks] == ['produced', 'error', 'produced'], acks
seen = [r.value for a in of('unary_stream', 'Consume', 'ConsumeRequest', 'ConsumeResponse')(m('ConsumeRequest')(topic='t', max_records=3), timeout=30) for r in a.records]
assert seen == [b'one', b'two', b'three'], seen
try:
    of('unary_unary', 'Produce', 'ProduceRequest', 'ProduceResponse')(req('none', b''), timeout=30)
    assert False
except grpc.RpcError as e:
    assert e.code() == grpc.StatusCode.NOT_FOUND, e
`

// TestRPCWithPython: the client of Google's C library. TRIBUTARY_TEST_PYTHON is a Python that has grpcio and
// protobuf, python3 where it is not set.
func TestRPCWithPython(t *testing.T) {
	python := os.Getenv("TRIBUTARY_TEST_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := osexec.Command(python, "-c", "import grpc, google.protobuf").CombinedOutput(); err != nil {
		t.Skipf("not run: %s has no grpcio and protobuf (pip install grpcio protobuf; TRIBUTARY_TEST_PYTHON): %v %s", python, err, out)
	}
	s, ctx := rpcServer(t)
	createTopic(t, ctx, streams(t, s, connect.WithGRPC()), "t", 1)
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		protodesc.ToFileDescriptorProto(timestamppb.File_google_protobuf_timestamp_proto),
		protodesc.ToFileDescriptorProto(durationpb.File_google_protobuf_duration_proto),
		protodesc.ToFileDescriptorProto(v1.File_tributary_v1_stream_proto),
	}}
	raw, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "descriptors")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := osexec.CommandContext(ctx, python, "-c", pythonClient, s.HTTPAddr.String(), name).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
