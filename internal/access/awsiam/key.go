package awsiam

import "strings"

// keyNames is how the documentation writes keys, for terms: by the names in
// lower case, as upper and lower case make no difference.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var keyNames = byLower(
	"aws:AssumedRoot", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:CurrentTime",
	"aws:Ec2InstanceSourcePrivateIPv4", "aws:Ec2InstanceSourceVpc", "aws:EpochTime", "aws:FederatedProvider",
	"aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
	"aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalServiceName",
	"aws:PrincipalServiceNamesList", "aws:PrincipalType", "aws:Referer", "aws:RequestedRegion",
	"aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:SecureTransport",
	"aws:SourceAccount", "aws:SourceArn", "aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID",
	"aws:SourceOrgPaths", "aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce",
	"aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent", "aws:ViaAWSService", "aws:VpceAccount",
	"aws:VpceOrgID", "aws:VpceOrgPaths", "aws:VpcSourceIp", "aws:userid", "aws:username",
	"ec2:SourceInstanceARN", "iam:PassedToService", "iam:PermissionsBoundary",
	"kms:CallerAccount", "kms:EncryptionContextKeys", "kms:GrantConstraintType", "kms:GrantIsForAWSResource",
	"kms:GrantOperations", "kms:GranteePrincipal", "kms:ViaService",
	"lambda:SourceFunctionArn", "s3:AccessPointNetworkOrigin", "s3:DataAccessPointAccount",
	"s3:DataAccessPointArn", "s3:ResourceAccount", "s3:TlsVersion",
	"sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys",
)

// keyPrefixes is the same for keys that end in a name of somebody's choice.
var keyPrefixes = byLower(
	"aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/", "kms:EncryptionContext:", "s3:ExistingObjectTag/",
	"s3:RequestObjectTag/", "secretsmanager:ResourceTag/", "iam:ResourceTag/",
)

func byLower(names ...string) map[string]string {
	m := make(map[string]string, len(names))
	for _, name := range names {
		m[strings.ToLower(name)] = name
	}
	return m
}

// keyName returns a key, which is in lower case, as the documentation writes it.
func keyName(key string) string {
	if name, ok := keyNames[key]; ok {
		return name
	}
	for prefix, name := range keyPrefixes {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			return name + rest
		}
	}
	return key
}
