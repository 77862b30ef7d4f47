//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage-dev/stowage/e2e/rig/moto"
)

// ecrHost is the registry of the account and region of the tests.
const ecrHost = moto.Account + ".dkr.ecr." + moto.Region + ".amazonaws.com"

// must returns the answer to a call that makes a part of the estate.
func must[T any](answer T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// makeRole makes a role that a service may assume, with an inline policy and an
// attached one, and returns its ARN.
func makeRole(t *testing.T, cfg aws.Config, name, service string) string {
	t.Helper()
	ctx, client := t.Context(), iam.NewFromConfig(cfg)
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":%q}}]}`, service)
	role := must(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust}))(t)
	const inline = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	must(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("read"), PolicyDocument: aws.String(inline)}))(t)
	policy := must(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(name + "-policy"), PolicyDocument: aws.String(inline)}))(t)
	must(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: policy.Policy.Arn}))(t)
	return *role.Role.Arn
}

// mirrorToECR tells moto's ECR of the images in the registry.
func mirrorToECR(t *testing.T, cfg aws.Config, images *imageSet) {
	t.Helper()
	ctx, client := t.Context(), ecr.NewFromConfig(cfg)
	for _, pushed := range images.pushed {
		_, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: &pushed.repository})
		if err != nil && !strings.Contains(err.Error(), "RepositoryAlreadyExists") {
			t.Fatal(err)
		}
		must(client.PutImage(ctx, &ecr.PutImageInput{
			RepositoryName: &pushed.repository, ImageTag: &pushed.tag, ImageDigest: &pushed.digest,
			ImageManifest: aws.String(string(pushed.manifest)), ImageManifestMediaType: aws.String(string(pushed.mediaType)),
		}))(t)
	}
}

// A network is where the tasks are.
type network struct {
	vpc, public string // public is a subnet with a route to the internet
	open        string // open is a security group that lets everyone in at 80
	closed      string
}

// makeNetwork makes a VPC with a public subnet and two security groups.
func makeNetwork(t *testing.T, cfg aws.Config) network {
	t.Helper()
	ctx, client := t.Context(), ec2.NewFromConfig(cfg)
	vpc := must(client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")}))(t).Vpc.VpcId
	must(client.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{
		VpcId: vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}, // Moto's tasks need it.
	}))(t)
	subnet := must(client.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: vpc, CidrBlock: aws.String("10.1.1.0/24"), AvailabilityZone: aws.String(moto.Region + "a")}))(t)
	gateway := must(client.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{}))(t).InternetGateway.InternetGatewayId
	must(client.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway, VpcId: vpc}))(t)
	routes := must(client.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: vpc}))(t).RouteTable.RouteTableId
	must(client.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: routes, GatewayId: gateway, DestinationCidrBlock: aws.String("0.0.0.0/0")}))(t)
	must(client.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: routes, SubnetId: subnet.Subnet.SubnetId}))(t)
	group := func(name, source string) string {
		id := must(client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &name, VpcId: vpc}))(t).GroupId
		must(client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: id,
			IpPermissions: []ec2types.IpPermission{{
				IpProtocol: aws.String("tcp"), FromPort: aws.Int32(80), ToPort: aws.Int32(80), IpRanges: []ec2types.IpRange{{CidrIp: &source}},
			}},
		}))(t)
		return *id
	}
	return network{vpc: *vpc, public: *subnet.Subnet.SubnetId, open: group("open", "0.0.0.0/0"), closed: group("closed", "10.0.0.0/8")}
}

// makeBalancer makes an application load balancer that listens on port 80 and
// returns its name for the internet and its target group.
func makeBalancer(t *testing.T, cfg aws.Config, n network, name string, scheme elbtypes.LoadBalancerSchemeEnum) (address, group string) {
	t.Helper()
	ctx, client := t.Context(), elb.NewFromConfig(cfg)
	second := must(ec2.NewFromConfig(cfg).CreateSubnet(ctx, &ec2.CreateSubnetInput{
		VpcId: &n.vpc, CidrBlock: aws.String(fmt.Sprintf("10.1.%d.0/24", 10+len(name))), AvailabilityZone: aws.String(moto.Region + "b"),
	}))(t)
	balancer := must(client.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: &name, Scheme: scheme, Type: elbtypes.LoadBalancerTypeEnumApplication, SecurityGroups: []string{n.open},
		Subnets: []string{n.public, *second.Subnet.SubnetId},
	}))(t).LoadBalancers[0]
	target := must(client.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &n.vpc, TargetType: elbtypes.TargetTypeEnumIp,
	}))(t).TargetGroups[0].TargetGroupArn
	must(client.CreateListener(ctx, &elb.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: target}},
	}))(t)
	return *balancer.DNSName, *target
}

// define registers a task definition.
func define(t *testing.T, cfg aws.Config, family, role, execution string, containers ...ecstypes.ContainerDefinition) string {
	t.Helper()
	for i := range containers {
		containers[i].Cpu, containers[i].Memory = 128, aws.Int32(256)
	}
	in := &ecs.RegisterTaskDefinitionInput{
		Family: &family, NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		ContainerDefinitions:    containers, ExecutionRoleArn: &execution,
	}
	if role != "" {
		in.TaskRoleArn = &role
	}
	return *must(ecs.NewFromConfig(cfg).RegisterTaskDefinition(t.Context(), in))(t).TaskDefinition.TaskDefinitionArn
}

// runTasks starts tasks of a definition. Moto starts none for services: theirs
// are started here, with the group that ECS gives them.
func runTasks(t *testing.T, cfg aws.Config, n network, cluster, definition, group string, count int32) {
	t.Helper()
	in := &ecs.RunTaskInput{
		Cluster: &cluster, TaskDefinition: &definition, Count: &count, LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: n.awsvpc(n.closed, ecstypes.AssignPublicIpDisabled),
	}
	if group != "" {
		in.Group = &group
	}
	started := must(ecs.NewFromConfig(cfg).RunTask(t.Context(), in))(t)
	if len(started.Tasks) != int(count) {
		t.Fatalf("%d of %d tasks of %s started: %v", len(started.Tasks), count, definition, started.Failures)
	}
}

// awsvpc is where tasks are attached.
func (n network) awsvpc(group string, address ecstypes.AssignPublicIp) *ecstypes.NetworkConfiguration {
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		Subnets: []string{n.public}, SecurityGroups: []string{group}, AssignPublicIp: address,
	}}
}

// makeFunction makes a Lambda function of an image, with a URL if it is public.
func makeFunction(t *testing.T, cfg aws.Config, name, image, role string, public bool) (address string) {
	t.Helper()
	ctx, client := t.Context(), lambda.NewFromConfig(cfg)
	must(client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, PackageType: lambdatypes.PackageTypeImage, Role: &role, Code: &lambdatypes.FunctionCode{ImageUri: &image},
	}))(t)
	if !public {
		return ""
	}
	return *must(client.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{
		FunctionName: &name, AuthType: lambdatypes.FunctionUrlAuthTypeNone,
	}))(t).FunctionUrl
}

// makeMember makes the account the management account of an organization with
// one member, and returns the member and how to act in it.
func makeMember(t *testing.T, cfg aws.Config, role string) (account string, in aws.Config) {
	t.Helper()
	ctx, client := t.Context(), organizations.NewFromConfig(cfg)
	must(client.CreateOrganization(ctx, &organizations.CreateOrganizationInput{}))(t)
	account = *must(client.CreateAccount(ctx, &organizations.CreateAccountInput{
		AccountName: aws.String("member"), Email: aws.String("member@example.com"),
	}))(t).CreateAccountStatus.AccountId
	arn := "arn:aws:iam::" + account + ":role/" + role
	session := must(sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("e2e")}))(t).Credentials
	in = cfg.Copy()
	in.Credentials = credentials.NewStaticCredentialsProvider(*session.AccessKeyId, *session.SecretAccessKey, *session.SessionToken)
	return account, in
}

// makeCluster makes an EKS cluster and returns its ARN.
func makeCluster(t *testing.T, cfg aws.Config, n network, name, role string) string {
	t.Helper()
	return *must(eks.NewFromConfig(cfg).CreateCluster(t.Context(), &eks.CreateClusterInput{
		Name: &name, RoleArn: &role, Version: aws.String("1.37"),
		ResourcesVpcConfig: &ekstypes.VpcConfigRequest{SubnetIds: []string{n.public}, EndpointPublicAccess: aws.Bool(true)},
	}))(t).Cluster.Arn
}

// eksAuthenticator takes the tokens of EKS as a cluster does: they hold a signed
// request that tells, when it is sent to STS, who signed it. See
// https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
func eksAuthenticator(server *moto.Server) func(context.Context, string) (string, []string, error) {
	return func(ctx context.Context, token string) (string, []string, error) {
		signed, ok := strings.CutPrefix(token, "k8s-aws-v1.")
		if !ok {
			return "", nil, errors.New("not a token of EKS")
		}
		address, err := base64.RawURLEncoding.DecodeString(signed)
		if err != nil {
			return "", nil, err
		}
		u, err := url.Parse(string(address))
		if err != nil {
			return "", nil, err
		}
		q := u.Query()
		headers := strings.Split(q.Get("X-Amz-SignedHeaders"), ";")
		if q.Get("Action") != "GetCallerIdentity" || len(headers) != 2 || headers[1] != "x-k8s-aws-id" || u.Scheme+"://"+u.Host != server.URL {
			return "", nil, fmt.Errorf("not a request for the identity of the signer: %s", u.Redacted())
		}
		// Moto checks no signature and finds no service in a signed URL, so the
		// question is asked anew with the key that signed.
		key, _, _ := strings.Cut(q.Get("X-Amz-Credential"), "/")
		cfg := server.Config()
		cfg.Credentials = credentials.NewStaticCredentialsProvider(key, "unknown", q.Get("X-Amz-Security-Token"))
		who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", nil, err
		}
		return *who.Arn, nil, nil
	}
}
