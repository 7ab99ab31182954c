package parse

// Statements about roles and what they may do.
type (
	// RoleSpec names a role, or who is asking.
	RoleSpec struct {
		Name    string
		Special RoleSpecial
	}
	// RoleOptions are those of CREATE and ALTER ROLE; nil = not given.
	RoleOptions struct {
		Super, Inherit, CreateRole, CreateDB, Login, Replication, BypassRLS *bool
		ConnLimit                                                           *int64
		ValidUntil                                                          *string
		Password                                                            *string
		NoPassword                                                          bool // PASSWORD NULL
		SysID                                                               bool
		InRoles, Members, Admins                                            []RoleSpec
	}
	// CreateRole is CREATE ROLE, USER and GROUP.
	CreateRole struct {
		Name    string
		User    bool // CREATE USER: it may log in
		Options RoleOptions
	}
	// AlterRole is ALTER ROLE and USER, and with Group ALTER GROUP … ADD or DROP USER.
	AlterRole struct {
		Role        RoleSpec
		Options     RoleOptions
		Group, Drop bool
	}
	// AlterSettings is ALTER ROLE … SET and RESET, and ALTER DATABASE … SET and RESET.
	AlterSettings struct {
		Role     *RoleSpec // nil = of all roles
		Database string    // "" = in any
		OnlyHere bool      // ALTER DATABASE
		Set      *Set      // nil: Reset
		Current  bool      // Set is to the value of now
		Reset    string    // all = every one
	}
	// AlterOwner is ALTER kind name OWNER TO role.
	AlterOwner struct {
		Kind     ObjectKind // 0: of the database
		Name     Name
		IfExists bool
		Owner    RoleSpec
	}
	// RenameRole is ALTER ROLE … RENAME TO.
	RenameRole struct{ Name, New string }
	// DropRole is DROP ROLE, USER and GROUP.
	DropRole struct {
		Roles    []RoleSpec
		IfExists bool
	}
)

// RoleSpecial is a role that is named by what it is.
type RoleSpecial byte

const (
	RoleCurrent RoleSpecial = iota + 1 // CURRENT_USER, CURRENT_ROLE
	RoleSession                        // SESSION_USER
	RolePublic
)

func (s RoleSpecial) String() string {
	return [...]string{"", "CURRENT_USER", "SESSION_USER", "PUBLIC"}[s]
}

func (*CreateRole) body()    {}
func (*AlterRole) body()     {}
func (*RenameRole) body()    {}
func (*AlterOwner) body()    {}
func (*AlterSettings) body() {}
func (*DropRole) body()      {}

// Statements about what roles may do.
type (
	// GrantPriv is a privilege of GRANT and REVOKE, of all columns or of some. An empty Word = all privileges.
	GrantPriv struct {
		Word    string
		Columns []string
	}
	// Grant is GRANT and REVOKE of privileges on objects.
	Grant struct {
		// Functions are what it is on, of OnFunction.
		Functions []FunctionName
		Revoke    bool
		// Option: WITH GRANT OPTION, or GRANT OPTION FOR.
		Option  bool
		Privs   []GrantPriv // none = all
		Kind    GrantKind
		Only    ObjectKind // 0 = of any kind; ObjStream and ObjSink where that was said
		InAll   bool       // Objects are schemas, whose objects of the kind are meant
		Objects []Name
		To      []RoleSpec
		Grantor *RoleSpec
		Cascade bool
	}
	// DefaultPrivileges is ALTER DEFAULT PRIVILEGES. Without Roles it is about who asks, without Schemas about all.
	DefaultPrivileges struct {
		Roles   []RoleSpec
		Schemas []string
		Action  Grant
	}
	// GrantRole is GRANT and REVOKE of roles.
	GrantRole struct {
		Revoke  bool
		Admin   bool // WITH ADMIN OPTION, or ADMIN OPTION FOR
		Roles   []string
		To      []RoleSpec
		Grantor *RoleSpec
	}
	// DropOwned is DROP OWNED BY, or with To REASSIGN OWNED BY … TO.
	DropOwned struct {
		Roles   []RoleSpec
		To      *RoleSpec
		Cascade bool
	}
)

// GrantKind is what GRANT is on.
type GrantKind byte

const (
	OnTable GrantKind = iota + 1
	OnSequence
	OnSchema
	OnDatabase
	OnType
	OnTopic
	OnFunction
)

func (k GrantKind) String() string {
	return [...]string{"", "relation", "sequence", "schema", "database", "type", "topic", "function"}[k]
}

func (*Grant) body()             {}
func (*DefaultPrivileges) body() {}
func (*GrantRole) body()         {}
func (*DropOwned) body()         {}
