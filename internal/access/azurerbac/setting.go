package azurerbac

import (
	"github.com/stowage-dev/stowage/internal/access"
)

// A Setting is a switch of a store; the zero Setting could not be read.
type Setting int8

// The states of a setting.
const (
	SettingUnknown Setting = iota
	Off
	On
)

// SharedKey returns whether a storage account takes requests that are signed
// with its keys, which account and service SAS are, too. The property is
// allowSharedKeyAccess; when it was read and is null, the account takes them.
// Settings of single services beside it (allowSharedKeyAccessForServices) are
// not documented enough to be judged: pass SettingUnknown where there are any.
//
// https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
func SharedKey(allowSharedKeyAccess *bool) Setting {
	return settingOf(allowSharedKeyAccess == nil || *allowSharedKeyAccess)
}

// LocalAuth returns whether a store takes its keys or connection strings. The
// property is disableLocalAuth, of Cosmos DB, Service Bus, Event Hubs, App
// Configuration, Azure AI services and AI Search, and
// disableAccessKeyAuthentication of Azure Cache for Redis; when it was read and
// is null, the store takes them.
//
// https://learn.microsoft.com/azure/cosmos-db/how-to-connect-role-based-access-control
func LocalAuth(disableLocalAuth *bool) Setting {
	return settingOf(disableLocalAuth == nil || !*disableLocalAuth)
}

// RBACMode returns whether a key vault uses Azure RBAC. The property is
// enableRbacAuthorization; when it was read and is null, the vault uses access
// policies.
//
// https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy
func RBACMode(enableRbacAuthorization *bool) Setting {
	return settingOf(enableRbacAuthorization != nil && *enableRbacAuthorization)
}

// EvaluateKey answers whether a principal can come at the content of a store by
// its keys ([access.Key]): it may do an operation that gives a key away, as
// Microsoft.Storage/storageAccounts/listKeys/action, and the store takes keys.
func EvaluateKey(in Input, keys Setting) access.Decision {
	d := Evaluate(in)
	layer := access.Layer{Name: "keys of the store"}
	switch keys {
	case On:
		layer.Result, layer.Note = access.True(), "the store takes its keys"
	case Off:
		layer.Note = "the store does not take its keys: they are no use"
	default:
		layer.Result = access.Missing("whether " + in.Request.Resource.ID + " takes its keys")
		layer.Note = "the setting could not be read"
	}
	d.Formula = access.And(d.Formula, layer.Result)
	d.Evidence.Layers = append(d.Evidence.Layers, layer)
	return d
}

func settingOf(on bool) Setting {
	if on {
		return On
	}
	return Off
}
