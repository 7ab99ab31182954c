package catalog

import (
	"fmt"
	"maps"

	"github.com/tributary-db/tributary/storage/log"
)

// OwnTopic says whose a topic is that the Txn makes. Of the first role's nothing is said.
func (t *Txn) OwnTopic(id log.TopicID, owner OID) {
	if owner == SuperuserOID || owner == 0 {
		return
	}
	d := *t.At().DatabaseEntry()
	d.TopicAccess = maps.Clone(d.TopicAccess)
	if d.TopicAccess == nil {
		d.TopicAccess = map[string]TopicAccess{}
	}
	d.TopicAccess[fmt.Sprintf("%x", id)] = TopicAccess{Owner: owner}
	t.Put(&d)
}
