package access

// A Channel is a way by which a principal comes at the content of a data
// store. Permission of the cloud is one of several: a database has its own
// users, and whoever can read a key needs no other permission.
type Channel int8

// The channels, the best evidence first.
const (
	// IAMData: the cloud's policies permit the data operation itself, as
	// s3:GetObject.
	IAMData Channel = iota
	// Key: the principal can fetch a master key, a shared access signature or
	// a password of the store, as listKeys of a storage account.
	Key
	// IAMDBLogin: the principal can log in to a database with a token of the
	// cloud, as rds-db:connect. What it may do there is decided in the
	// database, which is not read.
	IAMDBLogin
	// Injected: credentials were put into the container, as a secret of a task
	// definition.
	Injected
	// Secret: the principal can read a secret that holds the store's
	// credentials.
	Secret
	// NetworkConfig: the container's configuration names the store's address
	// and the network leads there.
	NetworkConfig
	// ControlPlane: the principal can copy or take over the store, as by
	// sharing its snapshot.
	ControlPlane
	// ViaIdentity: the principal can act as another one that has access.
	ViaIdentity
)

var channelNames = []string{
	"iam-data", "key", "iam-db-login", "injected", "secret", "network+config", "control-plane", "via-identity",
}

// String returns the channel's name, as "iam-data".
func (c Channel) String() string { return nameOf(channelNames, c) }

// MarshalText returns the channel's name.
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (c *Channel) UnmarshalText(text []byte) error {
	return parseName(c, channelNames, text, "channel")
}

// Grade returns how far the evidence of the channel reaches, from "A" for a
// permission that is enough by itself to "D" for a step that would first have
// to be taken. Access via another identity has the grade of its last step; its
// own is empty.
func (c Channel) Grade() string {
	switch c {
	case IAMData, Key:
		return "A"
	case IAMDBLogin:
		return "A-"
	case Injected:
		return "B+"
	case Secret:
		return "B"
	case NetworkConfig:
		return "C"
	case ControlPlane:
		return "D"
	}
	return ""
}
