package aws

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// The parameters of the child scope of a cluster, which the Kubernetes
// collector reads.
const (
	paramAuth           = "auth" // authEKS
	paramEndpoint       = "endpoint"
	paramCA             = "ca" // base64 of PEM, as EKS gives it
	paramClusterARN     = "cluster_arn"
	paramClusterName    = "cluster_name"
	paramVersion        = "version"
	paramEndpointPublic = "endpoint_public_access"
)

// authEKS is the value of the parameter "auth" of clusters whose token comes
// from [Cloud.EKSToken].
const authEKS = "eks"

const (
	eksClusterKind     inventory.Kind = "aws.eks.cluster"
	eksAssociationKind inventory.Kind = "aws.eks.pod_identity_association"
)

// eksService finds the clusters of a region; what runs in them is read by the
// Kubernetes collector.
var eksService = service{
	name:  "eks",
	kinds: []inventory.Kind{eksClusterKind, eksAssociationKind},
	calls: []collect.Call{
		{Action: "eks:ListClusters", Class: "eks"},
		{Action: "eks:DescribeCluster", Class: "eks"},
		{Action: "eks:ListPodIdentityAssociations", Class: "eks"},
		{Action: "eks:DescribePodIdentityAssociation", Class: "eks"},
	},
	collect: collectEKS,
}

// eksCluster is the attributes of aws.eks.cluster; the UID is its ARN.
type eksCluster struct {
	Version              string   `json:"version"`
	Status               string   `json:"status"`
	Endpoint             string   `json:"endpoint,omitempty"`
	EndpointPublicAccess bool     `json:"endpoint_public_access"`
	PublicAccessCIDRs    []string `json:"public_access_cidrs,omitempty"`
	VPC                  string   `json:"vpc,omitempty"`
	Subnets              []string `json:"subnets,omitempty"`
	SecurityGroups       []string `json:"security_groups,omitempty"`
	// OIDCIssuer is the issuer that roles trust for IRSA.
	OIDCIssuer string `json:"oidc_issuer,omitempty"`
	// AuthenticationMode is "API", "API_AND_CONFIG_MAP" or "CONFIG_MAP".
	AuthenticationMode string `json:"authentication_mode,omitempty"`
	Role               string `json:"role,omitempty"`
	// Connector is the provider of a cluster that is only registered with EKS.
	Connector string `json:"connector,omitempty"`
}

// eksAssociation is the attributes of aws.eks.pod_identity_association; the
// UID is its ARN.
type eksAssociation struct {
	ClusterARN     string `json:"cluster_arn"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"service_account"`
	RoleARN        string `json:"role_arn"`
	// TargetRoleARN is assumed from RoleARN, in another account.
	TargetRoleARN string `json:"target_role_arn,omitempty"`
}

func collectEKS(ctx context.Context, s *session, out collect.Sink) error {
	client := eks.NewFromConfig(s.config)
	list := pages(ctx, client.ListClusters, &eks.ListClustersInput{Include: []string{"all"}, MaxResults: aws.Int32(100)},
		func(in *eks.ListClustersInput, out *eks.ListClustersOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	var clusters []*types.Cluster
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, name := range page.Clusters {
			described, err := client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
			if isError[*types.ResourceNotFoundException](err) {
				continue // Deleted since it was listed.
			}
			if err != nil {
				return err
			}
			if err := emitCluster(s, described.Cluster, out); err != nil {
				return err
			}
			clusters = append(clusters, described.Cluster)
		}
	}
	// After all clusters: their workloads are read even if this is denied.
	for _, c := range clusters {
		if err := emitAssociations(ctx, client, c, out); err != nil {
			return err
		}
	}
	return nil
}

// emitCluster emits a cluster and, if it has an endpoint, its scope.
func emitCluster(s *session, c *types.Cluster, out collect.Sink) error {
	attrs := eksCluster{
		Version: aws.ToString(c.Version), Status: string(c.Status), Endpoint: aws.ToString(c.Endpoint), Role: aws.ToString(c.RoleArn),
	}
	if v := c.ResourcesVpcConfig; v != nil {
		attrs.EndpointPublicAccess = v.EndpointPublicAccess
		attrs.PublicAccessCIDRs = v.PublicAccessCidrs
		attrs.VPC = aws.ToString(v.VpcId)
		attrs.Subnets = sorted(v.SubnetIds)
		attrs.SecurityGroups = sorted(v.SecurityGroupIds)
		if group := aws.ToString(v.ClusterSecurityGroupId); group != "" {
			attrs.SecurityGroups = append(attrs.SecurityGroups, group)
		}
	}
	if c.Identity != nil && c.Identity.Oidc != nil {
		attrs.OIDCIssuer = aws.ToString(c.Identity.Oidc.Issuer)
	}
	if c.AccessConfig != nil {
		attrs.AuthenticationMode = string(c.AccessConfig.AuthenticationMode)
	}
	if c.ConnectorConfig != nil {
		attrs.Connector = aws.ToString(c.ConnectorConfig.Provider)
	}
	if err := emitResource(out, eksClusterKind, aws.ToString(c.Arn), aws.ToString(c.Name), attrs); err != nil {
		return err
	}
	// A cluster that is being created, or is only registered, has no endpoint.
	if attrs.Endpoint == "" || c.CertificateAuthority == nil {
		return nil
	}
	return out.Emit(inventory.ChildScope{
		ScopeKey: inventory.ScopeKey{
			Provider: inventory.AWS, Account: s.Account, Region: s.Region,
			Collector: collect.KubernetesCollector, Target: aws.ToString(c.Name),
		},
		Params: map[string]string{
			paramAuth:           authEKS,
			paramEndpoint:       attrs.Endpoint,
			paramCA:             aws.ToString(c.CertificateAuthority.Data),
			paramClusterARN:     aws.ToString(c.Arn),
			paramClusterName:    aws.ToString(c.Name),
			paramVersion:        attrs.Version,
			paramEndpointPublic: strconv.FormatBool(attrs.EndpointPublicAccess),
		},
	})
}

// emitAssociations emits which service accounts of a cluster act as which
// roles by EKS Pod Identity.
func emitAssociations(ctx context.Context, client *eks.Client, c *types.Cluster, out collect.Sink) error {
	if c.ConnectorConfig != nil {
		return nil
	}
	list := pages(ctx, client.ListPodIdentityAssociations, &eks.ListPodIdentityAssociationsInput{ClusterName: c.Name, MaxResults: aws.Int32(100)},
		func(in *eks.ListPodIdentityAssociationsInput, out *eks.ListPodIdentityAssociationsOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if isError[*types.ResourceNotFoundException](err) {
			return nil // The cluster was deleted.
		}
		if err != nil {
			return err
		}
		for _, summary := range page.Associations {
			// The summary lacks the role.
			described, err := client.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{
				ClusterName: c.Name, AssociationId: summary.AssociationId,
			})
			if isError[*types.ResourceNotFoundException](err) {
				continue
			}
			if err != nil {
				return err
			}
			a := described.Association
			err = emitResource(out, eksAssociationKind, aws.ToString(a.AssociationArn), aws.ToString(a.AssociationId), eksAssociation{
				ClusterARN: aws.ToString(c.Arn), Namespace: aws.ToString(a.Namespace), ServiceAccount: aws.ToString(a.ServiceAccount),
				RoleARN: aws.ToString(a.RoleArn), TargetRoleARN: aws.ToString(a.TargetRoleArn),
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// emitResource emits a resource with its attributes as JSON.
func emitResource(out collect.Sink, kind inventory.Kind, uid, name string, attrs any) error {
	data, err := json.Marshal(attrs)
	if err != nil {
		return fmt.Errorf("attributes of %s %s: %w", kind, uid, err)
	}
	return out.Emit(inventory.Resource{UID: uid, Kind: kind, Name: name, Attrs: data})
}

// An EKS token is a signed request that the cluster sends to STS. EKS takes
// one for 15 minutes after its signing; it is renewed a little before.
const (
	eksTokenPrefix = "k8s-aws-v1."
	eksTokenLife   = 14 * time.Minute
	// presignExpires is what EKS' own clients ask for, in seconds.
	presignExpires = "60"
)

// EKSToken returns a bearer token for the API of an EKS cluster, as the
// identity that reads its account, and when to ask for the next one. It is
// signed here, without a call to AWS. See
// https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
func (c *Cloud) EKSToken(ctx context.Context, account, region, cluster string) (token string, expires time.Time, err error) {
	credentials, err := c.accountCredentials(ctx, account)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("token of EKS cluster %s: %w", cluster, err)
	}
	cfg := c.base.Copy()
	cfg.Region, cfg.Credentials = region, credentials
	presigned, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{},
		func(o *sts.PresignOptions) {
			o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
				o.APIOptions = append(o.APIOptions,
					smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster),
					smithyhttp.SetHeaderValue("X-Amz-Expires", presignExpires),
				)
			})
		})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("token of EKS cluster %s: %w", cluster, err)
	}
	expires = time.Now().Add(eksTokenLife)
	if creds, err := credentials.Retrieve(ctx); err == nil && creds.CanExpire && creds.Expires.Before(expires) {
		expires = creds.Expires
	}
	return eksTokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(presigned.URL)), expires, nil
}
