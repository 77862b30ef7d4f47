package aws

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func TestECRTagsAndManifests(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsecr.NewFromConfig(c.in(1, "eu-west-1"))
	repos, err := client.DescribeRepositories(background, &awsecr.DescribeRepositoriesInput{MaxResults: awssdk.Int32(3)})
	if err != nil || len(repos.Repositories) != 3 || repos.NextToken == nil {
		t.Fatalf("repositories = %+v, %v, want three and a token", repos, err)
	}
	cart := awssdk.String("shop/cart")
	index, manifests, _ := c.Contents.Digests("cart-2.3.1")
	byTag, err := client.DescribeImages(background, &awsecr.DescribeImagesInput{RepositoryName: cart, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: awssdk.String("2.3.1")}}})
	if err != nil {
		t.Fatal(err)
	}
	if d := byTag.ImageDetails[0]; value(d.ImageDigest) != index || !slices.Equal(d.ImageTags, []string{"2.3.1"}) || value(d.ImageSizeInBytes) == 0 || d.ImagePushedAt == nil {
		t.Errorf("cart:2.3.1 = %+v, want digest %s", d, index)
	}
	seen := map[string]bool{}
	for p := awsecr.NewDescribeImagesPaginator(client, &awsecr.DescribeImagesInput{RepositoryName: cart, MaxResults: awssdk.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.ImageDetails {
			seen[*d.ImageDigest] = true
		}
	}
	if !seen[index] || !seen[manifests["amd64"]] || !seen[manifests["arm64"]] {
		t.Errorf("repository lists %v, want the index %s and the manifests %v", seen, index, manifests)
	}
	got, err := client.BatchGetImage(background, &awsecr.BatchGetImageInput{
		RepositoryName: cart, AcceptedMediaTypes: []string{"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"},
		ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: awssdk.String("2.3.1")}, {ImageTag: awssdk.String("none")}},
	})
	if err != nil || len(got.Images) != 1 || len(got.Failures) != 1 {
		t.Fatalf("BatchGetImage = %+v, %v, want one image and one failure", got, err)
	}
	if d := digest([]byte(*got.Images[0].ImageManifest)); d != index {
		t.Errorf("the manifest has digest %s, want %s", d, index)
	}
	single, err := client.BatchGetImage(background, &awsecr.BatchGetImageInput{
		RepositoryName: cart, AcceptedMediaTypes: []string{"application/vnd.oci.image.manifest.v1+json"}, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: awssdk.String("2.3.1")}},
	})
	if err != nil || value(single.Images[0].ImageId.ImageDigest) != manifests["amd64"] {
		t.Errorf("for a client that knows no index: %+v, %v, want the amd64 manifest", single, err)
	}
}

func TestECRErrorsAndToken(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsecr.NewFromConfig(c.in(1, "eu-west-1"))
	token, err := client.GetAuthorizationToken(background, &awsecr.GetAuthorizationTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	data := token.AuthorizationData[0]
	user, err := base64.StdEncoding.DecodeString(*data.AuthorizationToken)
	if err != nil || !strings.HasPrefix(string(user), "AWS:") || *data.ProxyEndpoint != c.RegistryURL || time.Until(*data.ExpiresAt) < 11*time.Hour {
		t.Errorf("authorization = %s %s %v %v, want the user AWS at the registry for half a day", user, *data.ProxyEndpoint, data.ExpiresAt, err)
	}
	_, err = client.DescribeImages(background, &awsecr.DescribeImagesInput{RepositoryName: awssdk.String("no/such")})
	wantCode(t, "unknown repository", err, "RepositoryNotFoundException")
	_, err = client.DescribeImages(background, &awsecr.DescribeImagesInput{RepositoryName: awssdk.String("shop/cart"), RegistryId: awssdk.String(c.Estate.Account(0).ID)})
	wantCode(t, "another account's registry", err, "RepositoryNotFoundException")
	_, err = client.DescribeImages(background, &awsecr.DescribeImagesInput{RepositoryName: awssdk.String("shop/cart"), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: awssdk.String("no")}}})
	wantCode(t, "unknown tag", err, "ImageNotFoundException")
	_, err = client.DescribeRepositories(background, &awsecr.DescribeRepositoriesInput{MaxResults: awssdk.Int32(1001)})
	wantCode(t, "1001 results", err, "InvalidParameterException")
	_, err = client.DescribeImages(background, &awsecr.DescribeImagesInput{RepositoryName: awssdk.String("shop/cart"), MaxResults: awssdk.Int32(5), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: awssdk.String("2.3.1")}}})
	wantCode(t, "results and identifiers", err, "InvalidParameterException")
	other, err := awsecr.NewFromConfig(c.in(1, "us-east-1")).DescribeRepositories(background, &awsecr.DescribeRepositoriesInput{})
	if err != nil || len(other.Repositories) != 0 {
		t.Errorf("repositories of another region = %+v, %v, want none", other, err)
	}
}

func TestLambdaFunctions(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 3000, Accounts: 3}, nil)
	cell, account := c.cell(t, "more than a page of functions", func(v *estate.Cell) bool { return len(v.Functions) > 50 })
	client := awslambda.NewFromConfig(c.in(account, cell.Region))
	got, pages := map[string]lambdatypes.FunctionConfiguration{}, 0
	for p := awslambda.NewListFunctionsPaginator(client, &awslambda.ListFunctionsInput{MaxItems: awssdk.Int32(1000)}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Functions) > 50 {
			t.Errorf("a page has %d functions, want at most 50", len(page.Functions))
		}
		for _, f := range page.Functions {
			got[*f.FunctionArn] = f
		}
	}
	if len(got) != len(cell.Functions) || pages < 2 {
		t.Errorf("got %d functions over %d pages, want %d over several", len(got), pages, len(cell.Functions))
	}
	exposed, zips := 0, 0
	for _, want := range cell.Functions {
		f := got[want.ARN]
		if (f.PackageType == lambdatypes.PackageTypeImage) != (want.Image != nil) || value(f.Role) != want.Role {
			t.Errorf("function %+v, want %+v", f, want)
		}
		if want.Image == nil {
			zips++
			continue
		}
		out, err := client.GetFunction(background, &awslambda.GetFunctionInput{FunctionName: &want.Name})
		if err != nil {
			t.Fatal(err)
		}
		if value(out.Code.ImageUri) != want.Image.Reference || !strings.HasSuffix(value(out.Code.ResolvedImageUri), "@"+c.Estate.RunningDigest(*want.Image)) {
			t.Errorf("code of %s = %+v, want image %s at its digest", want.Name, out.Code, want.Image.Reference)
		}
		urls, err := client.ListFunctionUrlConfigs(background, &awslambda.ListFunctionUrlConfigsInput{FunctionName: &want.ARN})
		if err != nil || (len(urls.FunctionUrlConfigs) > 0) != (want.URL != "") {
			t.Errorf("URLs of %s = %+v, %v, want %q", want.Name, urls, err, want.URL)
		}
		_, err = client.GetPolicy(background, &awslambda.GetPolicyInput{FunctionName: &want.Name})
		if want.PublicPolicy {
			exposed++
			if err != nil {
				t.Errorf("policy of %s: %v", want.Name, err)
			}
		} else {
			wantCode(t, "policy of "+want.Name, err, "ResourceNotFoundException")
		}
	}
	if exposed == 0 || zips == 0 {
		t.Errorf("%d exposed functions and %d from zip files, want some of each", exposed, zips)
	}
	_, err := client.GetFunction(background, &awslambda.GetFunctionInput{FunctionName: awssdk.String("nobody")})
	wantCode(t, "unknown function", err, "ResourceNotFoundException")
}

func TestEKSClusters(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 3000, Accounts: 3}, nil)
	cell, account := c.cell(t, "a cluster with pod identities", func(v *estate.Cell) bool { return v.Kubernetes != nil && len(v.Kubernetes.PodIdentities()) > 1 })
	client := awseks.NewFromConfig(c.in(account, cell.Region))
	names, err := client.ListClusters(background, &awseks.ListClustersInput{MaxResults: awssdk.Int32(100)})
	if err != nil || len(names.Clusters) != 1 {
		t.Fatalf("clusters = %+v, %v, want one", names, err)
	}
	out, err := client.DescribeCluster(background, &awseks.DescribeClusterInput{Name: &names.Clusters[0]})
	if err != nil {
		t.Fatal(err)
	}
	k := out.Cluster
	ca, err := base64.StdEncoding.DecodeString(value(k.CertificateAuthority.Data))
	if err != nil || string(ca) != "certificate" || value(k.Endpoint) != "https://127.0.0.1:6443/"+names.Clusters[0] || value(k.Version) != "1.31" || !strings.HasPrefix(value(k.Identity.Oidc.Issuer), "https://oidc.eks.") {
		t.Errorf("cluster = %+v, want the endpoint, certificate and issuer", k)
	}
	found := 0
	for p := awseks.NewListPodIdentityAssociationsPaginator(client, &awseks.ListPodIdentityAssociationsInput{ClusterName: k.Name, MaxResults: awssdk.Int32(1)}); p.HasMorePages(); {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Associations {
			found++
			d, err := client.DescribePodIdentityAssociation(background, &awseks.DescribePodIdentityAssociationInput{ClusterName: k.Name, AssociationId: a.AssociationId})
			if err != nil || value(d.Association.RoleArn) == "" || value(d.Association.ServiceAccount) != value(a.ServiceAccount) {
				t.Errorf("association %s = %+v, %v, want its role", *a.AssociationId, d, err)
			}
		}
	}
	if want := len(cell.Kubernetes.PodIdentities()); found != want {
		t.Errorf("found %d pod identity associations, want %d", found, want)
	}
	_, err = client.DescribeCluster(background, &awseks.DescribeClusterInput{Name: awssdk.String("nowhere")})
	wantCode(t, "unknown cluster", err, "ResourceNotFoundException")
	_, err = client.ListClusters(background, &awseks.ListClustersInput{MaxResults: awssdk.Int32(101)})
	wantCode(t, "101 results", err, "InvalidParameterException")
	_, err = client.DescribePodIdentityAssociation(background, &awseks.DescribePodIdentityAssociationInput{ClusterName: k.Name, AssociationId: awssdk.String("a-0")})
	wantCode(t, "unknown association", err, "ResourceNotFoundException")
}
