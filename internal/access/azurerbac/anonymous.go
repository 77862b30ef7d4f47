package azurerbac

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// Anonymous returns what has to hold for somebody without credentials to have
// an access level to a blob container. The account allows it by
// allowBlobPublicAccess, whose meaning when it is null has been documented both
// ways, and the container by its publicAccess: "None", "Blob" or "Container".
//
// https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure
func Anonymous(allowBlobPublicAccess *bool, publicAccess string, level access.Level) access.Formula {
	if level != access.Read && level != access.List {
		return access.False() // anonymous access is never more than to read
	}
	permits := access.False()
	switch lowerASCII(publicAccess) {
	case "", "none":
	case "blob":
		permits = access.Of(level == access.Read)
	case "container":
		permits = access.True()
	default:
		permits = access.Missing(fmt.Sprintf("public access %q of a container is not documented", shorten(publicAccess)))
	}
	if allowBlobPublicAccess == nil {
		return access.And(permits, access.Missing("allowBlobPublicAccess of the storage account: its default is not clear"))
	}
	return access.And(permits, access.Of(*allowBlobPublicAccess))
}
