// Package secretfile reads the files that must not be readable by everybody: keys, passwords.
//
//	password_file, tls_key ─► Read(path, who may not) ─► its bytes, or what to change about its mode
//
// No state, no goroutines. It knows nothing of what is in the file.
package secretfile
