// Package acl is lists of grants and how GRANT and REVOKE change them, as PostgreSQL's aclitem[] is.
//
//	GRANT, REVOKE ─► Grant, Revoke ─► ACL (of an object, kept in the catalog) ─► Mask ─► may the role?
//	                      ▲                                    │
//	                      └── BestGrantor: as whom             └─► Texts: role=privileges/grantor
//
// Vocabulary: an *item* is what one grantor gave one grantee (0 = PUBLIC): privileges, and of those
// the ones that the grantee may give on (*grant options*). An object that nobody ever granted anything on has
// no list but that of Default, in which its owner has everything.
//
// Roles are OIDs; who is in whom is the caller's to know (Inherits). Nothing here is kept, locked or written. Must not
// import the catalog.
package acl
