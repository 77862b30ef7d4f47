package aws

import (
	"encoding/base64"
	"slices"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// eks serves Amazon EKS. Its limits are not published.
var eks = &service{
	name: "eks", protocol: restProtocol, faults: restFaults,
	operations: map[string]operation{
		"GET /clusters":    {action: "ListClusters", handle: (*call).eksListClusters},
		"GET /clusters/{}": {action: "DescribeCluster", handle: (*call).eksDescribeCluster},
		"GET /clusters/{}/pod-identity-associations":    {action: "ListPodIdentityAssociations", handle: (*call).eksListPodIdentities},
		"GET /clusters/{}/pod-identity-associations/{}": {action: "DescribePodIdentityAssociation", handle: (*call).eksDescribePodIdentity},
	},
}

// eksPage cuts the page of a list that the query asks for.
func eksPage[T any](c *call, items []T) ([]T, string, error) {
	limit, err := integer(c.query.Get("maxResults"))
	if err != nil {
		return nil, "", err
	}
	if limit, err = pageSize(limit, 100, 100); err != nil {
		return nil, "", err
	}
	return page(items, c.query.Get("nextToken"), limit)
}

func (c *call) eksListClusters() (any, error) {
	var names []string
	if k := c.cell().Kubernetes; k != nil {
		names = append(names, k.Name)
	}
	names, next, err := eksPage(c, names)
	if err != nil {
		return nil, err
	}
	return struct {
		Clusters  []string `json:"clusters"`
		NextToken string   `json:"nextToken,omitempty"`
	}{names, next}, nil
}

// kubeCluster finds the cluster that the path names.
func (c *call) kubeCluster() (*estate.KubeCluster, error) {
	if k := c.cell().Kubernetes; k != nil && k.Name == c.params[0] {
		return k, nil
	}
	return nil, &apiError{Code: "ResourceNotFoundException", Message: "No cluster found for name: " + c.params[0] + ".", Status: 404}
}

// An eksCluster is a cluster as DescribeCluster writes it.
type eksCluster struct {
	Name            string    `json:"name"`
	ARN             string    `json:"arn"`
	Status          string    `json:"status"`
	Version         string    `json:"version"`
	PlatformVersion string    `json:"platformVersion"`
	Endpoint        string    `json:"endpoint"`
	RoleARN         string    `json:"roleArn"`
	CreatedAt       timestamp `json:"createdAt"`
	CA              struct {
		Data string `json:"data"`
	} `json:"certificateAuthority"`
	Identity struct {
		OIDC struct {
			Issuer string `json:"issuer"`
		} `json:"oidc"`
	} `json:"identity"`
	Access struct {
		Mode string `json:"authenticationMode"`
	} `json:"accessConfig"`
	VPC struct {
		VPC           string   `json:"vpcId"`
		Subnets       []string `json:"subnetIds"`
		Public        bool     `json:"endpointPublicAccess"`
		Private       bool     `json:"endpointPrivateAccess"`
		PublicSources []string `json:"publicAccessCidrs"`
	} `json:"resourcesVpcConfig"`
	Tags map[string]string `json:"tags"`
}

func (c *call) eksDescribeCluster() (any, error) {
	k, err := c.kubeCluster()
	if err != nil {
		return nil, err
	}
	url, ca := c.Cluster(k.Name)
	out := eksCluster{
		Name: k.Name, ARN: k.ARN(), Status: "ACTIVE", Version: k.Version[1:len("v1.31")], PlatformVersion: "eks.9", Endpoint: url,
		RoleARN: "arn:aws:iam::" + c.account() + ":role/eks-cluster", CreatedAt: timestamp(k.CreatedAt), Tags: map[string]string{},
	}
	out.CA.Data = base64.StdEncoding.EncodeToString(ca)
	out.Identity.OIDC.Issuer = "https://" + k.Issuer()
	out.Access.Mode = "API_AND_CONFIG_MAP"
	n := c.cell().Network
	out.VPC.VPC, out.VPC.Public, out.VPC.PublicSources = n.VPC, true, []string{estate.World}
	for _, s := range n.Private {
		out.VPC.Subnets = append(out.VPC.Subnets, s.ID)
	}
	return struct {
		Cluster eksCluster `json:"cluster"`
	}{out}, nil
}

// A podIdentity is a pod identity association; lists leave the role out.
type podIdentity struct {
	ClusterName    string `json:"clusterName"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"serviceAccount"`
	ARN            string `json:"associationArn"`
	ID             string `json:"associationId"`
	RoleARN        string `json:"roleArn,omitempty"`
}

func (c *call) newPodIdentity(k *estate.KubeCluster, p estate.PodIdentity) podIdentity {
	return podIdentity{
		ClusterName: k.Name, Namespace: p.Namespace, ServiceAccount: p.ServiceAccount,
		ARN: c.arn("eks", "podidentityassociation/"+k.Name+"/"+p.ID), ID: p.ID,
	}
}

func (c *call) eksListPodIdentities() (any, error) {
	k, err := c.kubeCluster()
	if err != nil {
		return nil, err
	}
	list, next, err := eksPage(c, k.PodIdentities())
	if err != nil {
		return nil, err
	}
	out := struct {
		Associations []podIdentity `json:"associations"`
		NextToken    string        `json:"nextToken,omitempty"`
	}{[]podIdentity{}, next}
	for _, p := range list {
		out.Associations = append(out.Associations, c.newPodIdentity(k, p))
	}
	return out, nil
}

func (c *call) eksDescribePodIdentity() (any, error) {
	k, err := c.kubeCluster()
	if err != nil {
		return nil, err
	}
	list := k.PodIdentities()
	i := slices.IndexFunc(list, func(p estate.PodIdentity) bool { return p.ID == c.params[1] })
	if i < 0 {
		return nil, &apiError{Code: "ResourceNotFoundException", Message: "The association " + c.params[1] + " does not exist.", Status: 404}
	}
	out := c.newPodIdentity(k, list[i])
	out.RoleARN = list[i].RoleARN
	return struct {
		Association podIdentity `json:"association"`
	}{out}, nil
}
