package aws

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// ecs serves Amazon ECS. Its rate limits are in
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html.
var ecs = &service{
	name: "ecs", protocol: jsonProtocol, prefix: "AmazonEC2ContainerServiceV20141113", faults: jsonFaults,
	limits: map[string]limit{
		"cluster":         {50, 20},
		"resource":        {100, 20},
		"service":         {100, 20},
		"task-definition": {50, 20},
	},
	operations: map[string]operation{
		"ListClusters":           {class: "cluster", handle: (*call).ecsListClusters},
		"DescribeClusters":       {class: "cluster", handle: (*call).ecsDescribeClusters},
		"ListServices":           {class: "service", handle: (*call).ecsListServices},
		"DescribeServices":       {class: "service", handle: (*call).ecsDescribeServices},
		"ListTasks":              {class: "resource", handle: (*call).ecsListTasks},
		"DescribeTasks":          {class: "resource", handle: (*call).ecsDescribeTasks},
		"DescribeTaskDefinition": {class: "task-definition", handle: (*call).ecsDescribeTaskDefinition},

		"DescribeContainerInstances": {class: "resource", handle: (*call).ecsDescribeMachines},
	},
}

// ecsList is the paging part of the List requests.
type ecsList struct {
	Cluster    string `json:"cluster"`
	MaxResults int    `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

// failure is an entry that a Describe call could not find.
type failure struct {
	ARN    string `json:"arn"`
	Reason string `json:"reason"`
}

func (c *call) ecsListClusters() (any, error) {
	var in ecsList
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var arns []string
	for _, v := range c.cell().Clusters {
		arns = append(arns, v.ARN)
	}
	return ecsPage(in, 100, arns, func(arns []string, next string) any {
		return struct {
			ClusterARNs []string `json:"clusterArns"`
			NextToken   string   `json:"nextToken,omitempty"`
		}{arns, next}
	})
}

// ecsPage answers a List request, of at most 100 results a page.
func ecsPage(in ecsList, standard int, arns []string, reply func([]string, string) any) (any, error) {
	size, err := pageSize(in.MaxResults, standard, 100)
	if err != nil {
		return nil, err
	}
	arns, next, err := page(arns, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	return reply(arns, next), nil
}

func (c *call) ecsDescribeClusters() (any, error) {
	var in struct {
		Clusters []string `json:"clusters"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Clusters) == 0 {
		in.Clusters = []string{"default"}
	}
	if err := atMost("Clusters", len(in.Clusters), 100); err != nil {
		return nil, err
	}
	type cluster struct {
		ClusterARN  string `json:"clusterArn"`
		ClusterName string `json:"clusterName"`
		Status      string `json:"status"`
		Running     int    `json:"runningTasksCount"`
		Pending     int    `json:"pendingTasksCount"`
		Services    int    `json:"activeServicesCount"`
		Instances   int    `json:"registeredContainerInstancesCount"`
	}
	out := struct {
		Clusters []cluster `json:"clusters"`
		Failures []failure `json:"failures"`
	}{[]cluster{}, []failure{}}
	for _, name := range in.Clusters {
		v, err := c.ecsCluster(name)
		if err != nil {
			out.Failures = append(out.Failures, failure{c.arn("ecs", "cluster/"+lastPart(name)), "MISSING"})
			continue
		}
		machines := 0
		for _, t := range c.cell().Tasks {
			if t.Cluster == v && t.ContainerInstance() != "" {
				machines++
			}
		}
		out.Clusters = append(out.Clusters, cluster{v.ARN, v.Name, "ACTIVE", v.Running, 0, v.Services, machines})
	}
	return out, nil
}

// ecsCluster finds a cluster by name or ARN; "" is the default cluster.
func (c *call) ecsCluster(name string) (*estate.ECSCluster, error) {
	if name == "" {
		name = "default"
	}
	for _, v := range c.cell().Clusters {
		if v.ARN == name || v.Name == name {
			return v, nil
		}
	}
	return nil, &apiError{Code: "ClusterNotFoundException", Message: "Cluster not found.", Status: 400}
}

func (c *call) ecsListServices() (any, error) {
	var in struct {
		ecsList
		LaunchType string `json:"launchType"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cluster, err := c.ecsCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, s := range c.cell().Services {
		if s.Cluster == cluster && (in.LaunchType == "" || s.LaunchType == in.LaunchType) {
			arns = append(arns, s.ARN)
		}
	}
	return ecsPage(in.ecsList, 10, arns, func(arns []string, next string) any {
		return struct {
			ServiceARNs []string `json:"serviceArns"`
			NextToken   string   `json:"nextToken,omitempty"`
		}{arns, next}
	})
}

func (c *call) ecsDescribeServices() (any, error) {
	var in struct {
		Cluster  string   `json:"cluster"`
		Services []string `json:"services"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cluster, err := c.ecsCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Services) == 0 {
		return nil, invalidParameter("Services cannot be empty.")
	}
	if err := atMost("Services", len(in.Services), 10); err != nil {
		return nil, err
	}
	cell := c.cell()
	out := struct {
		Services []ecsService `json:"services"`
		Failures []failure    `json:"failures"`
	}{[]ecsService{}, []failure{}}
	for _, name := range in.Services {
		i := slices.IndexFunc(cell.Services, func(s *estate.ECSService) bool {
			return s.Cluster == cluster && (s.ARN == name || s.Name == name)
		})
		if i < 0 {
			out.Failures = append(out.Failures, failure{c.arn("ecs", "service/"+cluster.Name+"/"+lastPart(name)), "MISSING"})
			continue
		}
		out.Services = append(out.Services, newECSService(cell, cell.Services[i]))
	}
	return out, nil
}

func (c *call) ecsListTasks() (any, error) {
	var in struct {
		ecsList
		ServiceName   string `json:"serviceName"`
		Family        string `json:"family"`
		DesiredStatus string `json:"desiredStatus"`
		LaunchType    string `json:"launchType"`
		StartedBy     string `json:"startedBy"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cluster, err := c.ecsCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	service := lastPart(in.ServiceName)
	var arns []string
	for _, t := range c.cell().Tasks {
		if t.Cluster == cluster &&
			(in.DesiredStatus == "" || in.DesiredStatus == "RUNNING") &&
			(service == "" || t.Group() == "service:"+service) &&
			(in.Family == "" || t.Definition.Family == in.Family) &&
			(in.LaunchType == "" || t.LaunchType == in.LaunchType) &&
			(in.StartedBy == "" || t.StartedBy == in.StartedBy) {
			arns = append(arns, t.ARN)
		}
	}
	return ecsPage(in.ecsList, 100, arns, func(arns []string, next string) any {
		return struct {
			TaskARNs  []string `json:"taskArns"`
			NextToken string   `json:"nextToken,omitempty"`
		}{arns, next}
	})
}

func (c *call) ecsDescribeTasks() (any, error) {
	var in struct {
		Cluster string   `json:"cluster"`
		Tasks   []string `json:"tasks"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cluster, err := c.ecsCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Tasks) == 0 {
		return nil, invalidParameter("Tasks cannot be empty.")
	}
	if err := atMost("Tasks", len(in.Tasks), 100); err != nil {
		return nil, err
	}
	cell := c.cell()
	out := struct {
		Tasks    []ecsTask `json:"tasks"`
		Failures []failure `json:"failures"`
	}{[]ecsTask{}, []failure{}}
	for _, name := range in.Tasks {
		arn := name
		if !strings.HasPrefix(arn, "arn:") {
			arn = c.arn("ecs", "task/"+cluster.Name+"/"+name)
		}
		if t := cell.Task(arn); t != nil && t.Cluster == cluster {
			out.Tasks = append(out.Tasks, c.newECSTask(t))
		} else {
			out.Failures = append(out.Failures, failure{arn, "MISSING"})
		}
	}
	return out, nil
}

// ecsDescribeMachines describes container instances. Every task that needs one
// has its own.
func (c *call) ecsDescribeMachines() (any, error) {
	var in struct {
		Cluster  string   `json:"cluster"`
		Machines []string `json:"containerInstances"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cluster, err := c.ecsCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Machines) == 0 {
		return nil, invalidParameter("Container instances cannot be empty.")
	}
	if err := atMost("Container instances", len(in.Machines), 100); err != nil {
		return nil, err
	}
	type machine struct {
		ARN      string `json:"containerInstanceArn"`
		Instance string `json:"ec2InstanceId"`
		Status   string `json:"status"`
		Running  int    `json:"runningTasksCount"`
	}
	out := struct {
		Machines []machine `json:"containerInstances"`
		Failures []failure `json:"failures"`
	}{[]machine{}, []failure{}}
	for _, name := range in.Machines {
		i := slices.IndexFunc(c.cell().Tasks, func(t *estate.ECSTask) bool {
			arn := t.ContainerInstance()
			return t.Cluster == cluster && arn != "" && (arn == name || lastPart(arn) == name)
		})
		if i < 0 {
			out.Failures = append(out.Failures, failure{c.arn("ecs", "container-instance/"+cluster.Name+"/"+lastPart(name)), "MISSING"})
			continue
		}
		t := c.cell().Tasks[i]
		out.Machines = append(out.Machines, machine{t.ContainerInstance(), t.Instance(), "ACTIVE", 1})
	}
	return out, nil
}

func (c *call) ecsDescribeTaskDefinition() (any, error) {
	var in struct {
		TaskDefinition string `json:"taskDefinition"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := c.cell().TaskDefinition(in.TaskDefinition)
	if d == nil {
		return nil, &apiError{Code: "ClientException", Message: "Unable to describe task definition.", Status: 400}
	}
	return struct {
		TaskDefinition ecsTaskDefinition `json:"taskDefinition"`
		Tags           []string          `json:"tags"`
	}{c.newTaskDefinition(d), []string{}}, nil
}

// atMost refuses a list that is longer than the service takes.
func atMost(what string, n, limit int) error {
	if n > limit {
		return invalidParameter(what + " cannot have more than " + strconv.Itoa(limit) + " elements.")
	}
	return nil
}

// invalidParameter returns the error of the JSON services about a parameter.
func invalidParameter(message string) error {
	return &apiError{Code: "InvalidParameterException", Message: message, Status: 400}
}

// lastPart returns what follows the last slash: the name in an ARN.
func lastPart(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
