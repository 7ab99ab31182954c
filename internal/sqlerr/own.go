package sqlerr

// SQLSTATEs of Tributary's own: what PostgreSQL has nothing like. Class TB is of those that the SQL
// standard leaves to implementations.
const (
	// InputLost: a relation cannot be built again, since records that it was made from are deleted.
	InputLost Code = "TB001"
	// BeingRebuilt: the state of a relation is made anew from the log; what failed succeeds later.
	BeingRebuilt Code = "TB002"
)
