package rpc

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/latency"
)

// Method counts the calls of one method.
type Method struct {
	Name    string // StreamService/Produce
	Latency latency.Histogram
	Failed  atomic.Int64

	stream, both bool   // from the server; from both sides
	instead      string // what to call where the stream is too much, for a message
}

// instead of a stream, for who has curl.
var instead = map[string]string{"Consume": "; StreamService/Fetch is its first answer", "ProduceStream": "; StreamService/Produce is one request of it"}

// newMethods are all methods, by procedure.
func newMethods() map[string]*Method {
	out := map[string]*Method{}
	for _, f := range []protoreflect.FileDescriptor{tributaryv1.File_tributary_v1_stream_proto, tributaryv1.File_tributary_v1_query_proto} {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				out["/"+string(service.FullName())+"/"+string(m.Name())] = &Method{
					Name:   string(service.Name()) + "/" + string(m.Name()),
					stream: m.IsStreamingServer() || m.IsStreamingClient(), both: m.IsStreamingClient(), instead: instead[string(m.Name())],
				}
			}
		}
	}
	return out
}

// Methods are all methods by name, for metrics.
func (s *Server) Methods() []*Method {
	out := make([]*Method, 0, len(s.methods))
	for _, m := range s.methods {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *Method) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// observe counts a call; those of health and reflection are not counted.
func (s *Server) observe(procedure string, began time.Time, err error) {
	m := s.methods[procedure]
	if m == nil {
		return
	}
	m.Latency.Observe(time.Since(began))
	if err != nil {
		m.Failed.Add(1)
	}
}
