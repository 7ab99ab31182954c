// Package network is the values of PostgreSQL's network address types: inet and cidr, macaddr and macaddr8.
//
//	text ──Parse──► bytes of an address ──AppendText──► text
//	                  │ Compare, Contains, And, Add, Mask, ...
//
// An address of inet and cidr is bytes: 4 or 6 for the family, the length of its network in bits, then 4 or 16 bytes in network
// order. Both types have one form and one order, so a cidr is an inet as it is; that a cidr's host bits are zero is its input's
// business. Equal addresses are equal bytes. A MAC address is a number, the first byte being its highest.
//
// Pure functions. It imports sqlerr only.
//
// Non-obvious: which texts PostgreSQL takes follows the C library's scanning that it uses: `1:2:3:4:5:6` is a macaddr, `10` a cidr,
// `10/8` an inet.
package network
