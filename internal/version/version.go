// Package version names the version of the product.
package version

// Version of the server and its tools.
const Version = "0.1.0"
