package op

// FindEachGroup has the windows of groups found one by one, however many a tick touches, until the function that it returns is called.
func FindEachGroup() (undo func()) {
	before := manyGroups
	manyGroups = 0
	return func() { manyGroups = before }
}
