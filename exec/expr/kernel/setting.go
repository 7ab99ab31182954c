package kernel

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Functions of run-time parameters.
func init() {
	get := func(c *Call, name string, missing bool) (string, Err) {
		x, err := catalogOf(c)
		if err != nil {
			return "", err
		}
		value, ok, e := x.Setting(strings.Clone(name))
		if !ok && missing {
			return "", errNull
		}
		return value, userErr(e)
	}
	kernels(map[string]Kernel{
		"show_config_by_name":            fn1c(func(c *Call, name string) (string, Err) { return get(c, name, false) }),
		"show_config_by_name_missing_ok": fn2c(func(c *Call, name string, missing bool) (string, Err) { return get(c, name, missing) }),
		"pg_client_encoding": fn0c(func(c *Call) (string, Err) {
			if name, err := get(c, "client_encoding", true); err == nil && name != "" {
				return name, nil
			}
			return "UTF8", nil // nobody's session
		}),
		"set_config_by_name": setConfig,
	})
}

// setConfig is set_config, which is not strict: a NULL value is the default.
func setConfig(c *Call) {
	put := kindOf[string]().store(c)
	x, err := catalogOf(c)
	for _, i := range c.Sel {
		if err != nil {
			c.finish(i, err)
			continue
		}
		if c.Args[0].Null(i) {
			c.finish(i, sqlerr.New(sqlerr.NullValueNotAllowed, "SET requires parameter name"))
			continue
		}
		value, local := "", false
		if !c.Args[1].Null(i) {
			value = string(c.Args[1].Bytes(i))
		}
		if l := c.Args[2]; !l.Null(i) {
			local = l.Data[l.At(i)] != 0
		}
		shown, e := x.SetSetting(string(c.Args[0].Bytes(i)), value, local)
		if e != nil {
			c.finish(i, userErr(e))
			continue
		}
		put(i, shown)
	}
}
