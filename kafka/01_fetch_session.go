package kafka

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/kafka/fetchsession"
	"github.com/tributary-db/tributary/storage/log"
)

// Epochs of a Fetch that goes on in no session.
const (
	newSession = 0  // it may begin one
	noSession  = -1 // it does not
)

// fetchSession is a Fetch's part of a session.
type fetchSession struct {
	id, epoch int32 // as the client says
	topicIDs  bool
	forgotten []fetchsession.Key

	turn     *fetchsession.Turn // nil: all that is asked for stands in the request, and is answered
	begins   bool               // a session begins with the answer, if there is room
	answered int32              // the id that the client is told
}

func (r *request) fetchOwner() fetchsession.Owner {
	return fetchsession.Owner{User: r.user(), Peer: r.conn.host}
}

// takeTurn finds the session that a Fetch goes on in, if it does, and what it asks for there.
func (s *Server) takeTurn(r *request, f *fetchRequest) (code int16) {
	fs := &f.session
	if fs.epoch == newSession || fs.epoch == noSession {
		if fs.id != 0 {
			s.sessions.Close(fs.id, r.fetchOwner())
		}
		fs.begins = fs.epoch == newSession
		return 0
	}
	turn, err := s.sessions.Take(fs.id, fs.epoch, r.fetchOwner(), fs.topicIDs, f.asks, fs.forgotten)
	switch {
	case errors.Is(err, fetchsession.ErrEpoch):
		return kerr.InvalidFetchSessionEpoch.Code
	case errors.Is(err, fetchsession.ErrTopicIDs):
		return kerr.FetchSessionTopicIDError.Code
	case err != nil:
		return kerr.FetchSessionIDNotFound.Code
	}
	if turn != nil {
		fs.turn, fs.answered, f.asks = turn, turn.ID, turn.Asks
	}
	return 0
}

// endTurn notes in the session what the client is told, and leaves out what it knows.
func (s *Server) endTurn(r *request, f *fetchRequest, res *log.FetchResult) (code int16) {
	fs := &f.session
	if fs.turn == nil && !fs.begins {
		return 0
	}
	seen := make([]fetchsession.Seen, len(f.partitions))
	for i := range f.partitions {
		p := &f.partitions[i]
		data, code := p.found(res)
		seen[i] = fetchsession.Seen{Ends: data.Ends, Records: len(data.RecordBatches) > 0, Failed: code != 0 || p.diverging != nil}
	}
	if fs.begins {
		fs.answered = s.sessions.Begin(r.fetchOwner(), fs.topicIDs, f.asks, seen)
		return 0
	}
	news := make([]bool, len(seen))
	if !fs.turn.Answer(seen, news) {
		return kerr.InvalidFetchSessionEpoch.Code
	}
	for i := range news {
		f.partitions[i].quiet = !news[i]
	}
	return 0
}
