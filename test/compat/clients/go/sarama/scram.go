package main

import "github.com/xdg-go/scram"

// scramClient is one conversation, in the form that sarama asks for.
type scramClient struct{ *scram.ClientConversation }

func (c *scramClient) Begin(user, password, authzID string) error {
	client, err := scram.SHA256.NewClient(user, password, authzID)
	if err != nil {
		return err
	}
	c.ClientConversation = client.NewConversation()
	return nil
}
