package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"connectrpc.com/connect"
)

// What a method takes, by whether it is a stream. The first of each is what a person with curl wants to hear of.
var (
	unaryTypes  = []string{"application/json", "application/proto"}
	streamTypes = []string{"application/connect+json", "application/connect+proto"}
	grpcTypes   = []string{"application/grpc", "application/grpc+proto", "application/grpc+json", "application/grpc-web", "application/grpc-web+proto", "application/grpc-web+json"}
)

// misdirected answers a request of ours that no handler would take, and says what is wrong with it: the libraries answer with a
// status and nothing else. False: it is well directed.
func (s *Server) misdirected(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, "/tributary.v1.") {
		return false
	}
	m := s.methods[r.URL.Path]
	kind, takenAs := mediaType(r)
	switch {
	case m == nil:
		s.unknown(w, r, kind)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, m.Name+" is called with POST", http.StatusMethodNotAllowed)
	case slices.Contains(m.takes(), takenAs):
		if !m.both || r.ProtoMajor >= 2 {
			return false
		}
		w.Header().Set("Connection", "close") // the client may wait for an answer while it sends
		http.Error(w, m.Name+" is a stream in both directions and wants HTTP/2", http.StatusHTTPVersionNotSupported)
	default:
		w.Header().Set("Accept-Post", strings.Join(m.takes(), ", "))
		tell(w, kind, http.StatusUnsupportedMediaType, connect.CodeInvalidArgument, m.wants(kind))
	}
	return true
}

// mediaType of a request, and as what the handlers take it: JSON may say that it is UTF-8, nothing else may be said.
func mediaType(r *http.Request) (kind, takenAs string) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if utf8 := strings.HasSuffix(kind, "json") && strings.EqualFold(params["charset"], "utf-8") && len(params) == 1; err == nil && (utf8 || len(params) == 0) {
		return kind, kind
	}
	return kind, ""
}

// takes are the media types of a method.
func (m *Method) takes() []string {
	if m.stream {
		return append(slices.Clone(streamTypes), grpcTypes...)
	}
	return append(slices.Clone(unaryTypes), grpcTypes...)
}

// wants says what to send instead of a media type.
func (m *Method) wants(kind string) string {
	switch {
	case m.stream && slices.Contains(unaryTypes, kind):
		return fmt.Sprintf("%s is a stream: its messages are sent and answered as %s, each in an envelope of the Connect protocol, or with gRPC, not as %s", m.Name, streamTypes[0], kind) + m.instead
	case !m.stream && slices.Contains(streamTypes, kind):
		return fmt.Sprintf("%s is no stream: it wants Content-Type: %s", m.Name, unaryTypes[0])
	case kind == "":
		return fmt.Sprintf("%s wants Content-Type: %s", m.Name, m.takes()[0])
	}
	return fmt.Sprintf("%s wants Content-Type: %s, and in UTF-8, not %s", m.Name, m.takes()[0], kind)
}

// unknown answers for a method that there is not, in the protocol of the request.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, kind string) {
	message := fmt.Sprintf("there is no method %s", strings.TrimPrefix(r.URL.Path, "/"))
	if strings.HasPrefix(kind, "application/grpc") {
		_ = s.refusing.Write(w, r, connect.NewError(connect.CodeUnimplemented, errors.New(message))) // a client that is gone needs no answer
		return
	}
	tell(w, kind, http.StatusNotFound, connect.CodeUnimplemented, message)
}

// tell answers with a message, as an error of the Connect protocol where JSON came.
func tell(w http.ResponseWriter, kind string, status int, code connect.Code, message string) {
	if !strings.HasSuffix(kind, "json") {
		http.Error(w, message, status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code.String(), "message": message}) // likewise
}
