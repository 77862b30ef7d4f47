package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// answerEstate answers for clusters numbered from 0, each with the given
// number of like stand-alone tasks.
func answerEstate(t testing.TB, w http.ResponseWriter, r *http.Request, clusters, tasks int) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("read request: %v", err)
	}
	body := string(data)
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch action {
	case "ListClusters":
		first := 0
		if _, token, ok := strings.Cut(body, `"nextToken":"`); ok {
			first, _ = strconv.Atoi(strings.Split(token, `"`)[0])
		}
		var arns []string
		last := min(first+100, clusters)
		for i := first; i < last; i++ {
			arns = append(arns, fmt.Sprintf(`"arn:aws:ecs:eu-west-1:111122223333:cluster/c%d"`, i))
		}
		next := ""
		if last < clusters {
			next = fmt.Sprintf(`, "nextToken": "%d"`, last)
		}
		answer(w, 200, fmt.Sprintf(`{"clusterArns": [%s]%s}`, strings.Join(arns, ","), next))
	case "DescribeClusters":
		var all []string
		for _, part := range strings.Split(body, `"`) {
			if strings.HasPrefix(part, "arn:") {
				all = append(all, fmt.Sprintf(`{"clusterArn": %q, "clusterName": %q, "status": "ACTIVE", "runningTasksCount": %d}`, part, part[strings.LastIndex(part, "/")+1:], tasks))
			}
		}
		answer(w, 200, fmt.Sprintf(`{"clusters": [%s]}`, strings.Join(all, ",")))
	case "ListServices":
		answer(w, 200, `{"serviceArns": []}`)
	case "ListTasks":
		answer(w, 200, `{"taskArns": [`+strings.TrimSuffix(strings.Repeat(`"t",`, tasks), ",")+`]}`)
	case "DescribeTasks":
		task := `{"taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/etl:3", "group": "family:etl", "lastStatus": "RUNNING", "containers": [{"name": "etl", "image": "etl:1", "imageDigest": "sha256:` + strings.Repeat("a", 64) + `"}]},`
		answer(w, 200, `{"tasks": [`+strings.TrimSuffix(strings.Repeat(task, tasks), ",")+`]}`)
	case "DescribeTaskDefinition":
		answer(w, 200, `{"taskDefinition": {"family": "etl", "revision": 3, "containerDefinitions": [{"name": "etl", "image": "etl:1"}]}}`)
	default:
		t.Errorf("unexpected %s", action)
	}
}

func BenchmarkAddTask(b *testing.B) {
	c := newECSCluster(types.Cluster{ClusterArn: aws.String("arn:aws:ecs:eu-west-1:111122223333:cluster/shop"), ClusterName: aws.String("shop")})
	d := &taskDefinition{Family: "etl", Revision: 3, Containers: []inventory.Container{{Name: "etl", Image: "etl:1"}}}
	task := types.Task{
		Group: aws.String("family:etl"), LaunchType: types.LaunchTypeFargate,
		Containers: []types.Container{{Name: aws.String("etl"), Image: aws.String("etl:1"), ImageDigest: aws.String("sha256:" + strings.Repeat("a", 64))}},
	}
	b.ReportAllocs()
	for b.Loop() {
		c.addTask(newECSTask(task), d)
	}
}

// TestCachedDefinitionIsTheSame reads a definition from ECS and from the cache.
func TestCachedDefinitionIsTheSame(t *testing.T) {
	t.Parallel()
	want := newTaskDefinition(&types.TaskDefinition{
		Family: aws.String("shop"), Revision: 7, TaskRoleArn: aws.String("arn:aws:iam::111122223333:role/shop"),
		ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/start"), NetworkMode: types.NetworkModeHost,
		PidMode: types.PidModeHost, IpcMode: types.IpcModeHost,
		RuntimePlatform: &types.RuntimePlatform{CpuArchitecture: types.CPUArchitectureArm64},
		Volumes:         []types.Volume{{Name: aws.String("logs"), Host: &types.HostVolumeProperties{SourcePath: aws.String("/var/log")}}},
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("shop:1"), User: aws.String("1000"), Privileged: aws.Bool(true),
			ReadonlyRootFilesystem: aws.Bool(true), Essential: aws.Bool(false), HealthCheck: &types.HealthCheck{},
			LinuxParameters: &types.LinuxParameters{Capabilities: &types.KernelCapabilities{Add: []string{"SYS_ADMIN"}, Drop: []string{"ALL"}}},
			PortMappings:    []types.PortMapping{{ContainerPort: aws.Int32(8080), HostPort: aws.Int32(80)}},
			Environment:     []types.KeyValuePair{{Name: aws.String("TOKEN"), Value: aws.String("hunter2")}},
			Secrets:         []types.Secret{{Name: aws.String("KEY"), ValueFrom: aws.String("arn:aws:ssm:eu-west-1:111122223333:parameter/key")}},
			MountPoints:     []types.MountPoint{{SourceVolume: aws.String("logs")}},
		}},
	})
	encoded, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(encoded), "hunter2") {
		t.Errorf("the cache holds a value of the environment: %s", encoded)
	}
	got := &taskDefinition{}
	if err := json.Unmarshal(encoded, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cached definition mismatch (-want +got):\n%s", diff)
	}
}
