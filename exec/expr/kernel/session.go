package kernel

import "github.com/tributary-db/tributary/planner/plan"

// Functions of who asks. They are stable: a plan that many sessions share has none of their
// values in it, they come with the run.
func init() {
	kernels(map[string]Kernel{
		"pgsql_version":    fn0c(ofSession(func(s *plan.Session) string { return s.Version })),
		"current_database": fn0c(ofSession(func(s *plan.Session) string { return s.Database })),
		"current_user":     fn0c(ofSession(func(s *plan.Session) string { return s.User })),
		"session_user":     fn0c(ofSession(func(s *plan.Session) string { return s.SessionUser })),
		"pg_backend_pid":   fn0c(ofSession(func(s *plan.Session) int32 { return s.PID })),
		"current_schema": func(c *Call) {
			for _, i := range c.Sel {
				if path := currentPath(c); len(path) > 0 {
					c.Out.PutString(i, path[0])
				} else {
					c.Out.PutBytes(i, nil)
					c.Out.SetNull(i)
				}
			}
		},
	})
}

// currentPath are the schemas of the search path, those that exist where that is known.
func currentPath(c *Call) []string {
	if s := c.Env.Settings.Session; s != nil && s.Catalog != nil {
		return s.Catalog.SearchPath(false)
	}
	return c.Env.Settings.SearchPath
}

func ofSession[R any](f func(s *plan.Session) R) func(*Call) (R, Err) {
	return func(c *Call) (R, Err) {
		if c.Env.Settings.Session == nil {
			return f(&plan.Session{}), nil
		}
		return f(c.Env.Settings.Session), nil
	}
}
