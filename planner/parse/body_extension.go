package parse

// CreateExtension is CREATE EXTENSION.
type CreateExtension struct{ Name string }

func (*CreateExtension) body() {}
