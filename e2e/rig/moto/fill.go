//go:build e2e

package moto

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// What moto leaves out: stand-alone tasks in the counts of ECS clusters, the
// other containers of ECS tasks, the digests that ECS and Lambda report, a
// reachable API server of EKS clusters, and the two lists of [Server.missing].

// ecsTarget begins the X-Amz-Target of ECS calls.
const ecsTarget = "AmazonEC2ContainerServiceV20141113."

// fill fills in the answer to a call.
func (s *Server) fill(r *http.Response) error {
	if r.StatusCode != http.StatusOK {
		return nil
	}
	target, path := r.Request.Header.Get("X-Amz-Target"), r.Request.URL.Path
	switch {
	case target == ecsTarget+"DescribeClusters":
		return edit(r, func(body map[string]any) error { return s.fillClusters(r.Request, body) })
	case target == ecsTarget+"DescribeTasks":
		return edit(r, func(body map[string]any) error { return s.fillTasks(r.Request, body) })
	case r.Request.Method == http.MethodGet && strings.HasPrefix(path, "/clusters/") && strings.Count(path, "/") == 2:
		return edit(r, s.fillCluster)
	case r.Request.Method == http.MethodGet && strings.HasPrefix(path, "/2015-03-31/functions/") && strings.Count(path, "/") == 3:
		return edit(r, s.fillFunction)
	}
	return nil
}

// edit replaces the JSON body of an answer.
func edit(r *http.Response, change func(map[string]any) error) error {
	defer r.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return fmt.Errorf("answer to %s: %w", r.Request.URL, err)
	}
	if err := change(body); err != nil {
		return err
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	r.ContentLength = int64(len(data))
	r.Header.Set("Content-Length", fmt.Sprint(len(data)))
	return nil
}

// fillTasks gives each task the containers of its definition, all running, with
// the digests of their images.
func (s *Server) fillTasks(request *http.Request, body map[string]any) error {
	for _, task := range list(body["tasks"]) {
		arn, _ := task["taskArn"].(string)
		definition, err := s.definition(request, task["taskDefinitionArn"])
		if err != nil {
			return err
		}
		var containers []any
		for i, c := range list(definition["containerDefinitions"]) {
			image, _ := c["image"].(string)
			containers = append(containers, map[string]any{
				"name": c["name"], "image": image, "imageDigest": s.Digest(image), "lastStatus": "RUNNING",
				"containerArn": fmt.Sprintf("%s/%d", strings.Replace(arn, ":task/", ":container/", 1), i),
				"taskArn":      arn, "runtimeId": fmt.Sprintf("%s-%d", arn[strings.LastIndexByte(arn, '/')+1:], i),
			})
		}
		task["containers"], task["lastStatus"] = containers, "RUNNING"
		task["attributes"] = []any{map[string]any{"name": "ecs.cpu-architecture", "value": "x86_64"}}
	}
	return nil
}

// fillClusters counts the tasks of ECS clusters, of which moto counts those of
// services only.
func (s *Server) fillClusters(request *http.Request, body map[string]any) error {
	for _, cluster := range list(body["clusters"]) {
		answer, err := s.ask(request, "ListTasks", map[string]any{"cluster": cluster["clusterArn"]})
		if err != nil {
			return err
		}
		tasks, _ := answer["taskArns"].([]any)
		cluster["runningTasksCount"] = len(tasks)
	}
	return nil
}

// definition returns a task definition.
func (s *Server) definition(request *http.Request, arn any) (map[string]any, error) {
	answer, err := s.ask(request, "DescribeTaskDefinition", map[string]any{"taskDefinition": arn})
	if err != nil {
		return nil, err
	}
	definition, ok := answer["taskDefinition"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no task definition %v", arn)
	}
	return definition, nil
}

// ask makes another call to ECS with the credentials of a call.
func (s *Server) ask(of *http.Request, call string, question map[string]any) (map[string]any, error) {
	data, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(of.Context(), http.MethodPost, s.upstream.String(), bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Host, r.Header = of.Host, of.Header.Clone()
	r.Header.Set("X-Amz-Target", ecsTarget+call)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", call, response.Status, err)
	}
	return body, nil
}

// fillCluster points an EKS cluster at its API server.
func (s *Server) fillCluster(body map[string]any) error {
	cluster, _ := body["cluster"].(map[string]any)
	name, _ := cluster["name"].(string)
	endpoint, ok := s.Clusters[name]
	if !ok {
		return fmt.Errorf("EKS cluster %q has no API server", name)
	}
	cluster["endpoint"] = endpoint.URL
	cluster["certificateAuthority"] = map[string]any{"data": base64.StdEncoding.EncodeToString(endpoint.CA)}
	return nil
}

// fillFunction gives an image function the digest of its image.
func (s *Server) fillFunction(body map[string]any) error {
	code, _ := body["Code"].(map[string]any)
	image, ok := code["ImageUri"].(string)
	if !ok {
		return nil
	}
	repository := image
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		repository = image[:i]
	}
	code["ResolvedImageUri"] = repository + "@" + s.Digest(image)
	return nil
}

// list returns the objects of a JSON array.
func list(v any) []map[string]any {
	all, _ := v.([]any)
	objects := make([]map[string]any, 0, len(all))
	for _, v := range all {
		if o, ok := v.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

// missing answers the calls that moto does not know: the pod identity
// associations of EKS clusters, of which there are none, and the list of a
// function's URLs, of which moto knows the one.
func (s *Server) missing(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clusters/{name}/pod-identity-associations", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"associations":[]}`)
	})
	mux.HandleFunc("GET /2021-10-31/functions/{name}/urls", func(w http.ResponseWriter, r *http.Request) {
		one := r.Clone(r.Context())
		one.URL.Path = strings.TrimSuffix(r.URL.Path, "s")
		one.URL.RawPath = ""
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, one)
		urls := []json.RawMessage{}
		if answer.Code/100 == 2 {
			urls = append(urls, answer.Body.Bytes())
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"FunctionUrlConfigs": urls}) // The client is gone if it fails.
	})
	mux.Handle("/", next)
	return mux
}
