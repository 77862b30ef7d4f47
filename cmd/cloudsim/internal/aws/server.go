package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/meter"
)

// Options say what a server serves.
type Options struct {
	Estate *estate.Estate
	// Contents are the images behind the repositories of ECR.
	Contents *content.Store
	// Faults are the rules of what goes wrong; nil for none.
	Faults *fault.Set
	// Meter counts the requests; nil for none.
	Meter *meter.Meter
	// RegistryURL is what ECR names as the endpoint of every registry.
	RegistryURL string
	// Cluster returns the URL of the API server of an EKS cluster and the PEM
	// certificate of its authority.
	Cluster func(name string) (url string, ca []byte)
	// Throttle turns the rate limits on.
	Throttle bool
	// Now is the clock of credentials and limits; [time.Now] if nil.
	Now func() time.Time
}

// A Server answers the requests to all services.
type Server struct {
	Options
	services map[string]*service
	limits   limits
}

// New returns a server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Faults == nil {
		o.Faults = new(fault.Set)
	}
	s := &Server{Options: o, services: map[string]*service{}}
	for _, v := range []*service{ec2, ecr, ecs, eks, elbv2, iam, lambda, organizations, sts} {
		s.services[v.name] = v
	}
	return s
}

// A service is one AWS service, by its name in credential scopes.
type service struct {
	name     string
	protocol protocol
	// prefix is that of the X-Amz-Target header.
	prefix string
	// namespace is that of XML replies.
	namespace string
	faults    faultCodes
	// global services ignore the region.
	global bool
	// operations are keyed by action; for REST by method and path pattern.
	operations map[string]operation
	// limits are the rate limits by class.
	limits map[string]limit
}

// A protocol is how a service writes requests and replies.
type protocol int

const (
	jsonProtocol protocol = iota
	queryProtocol
	ec2Protocol
	restProtocol
)

// An operation is one API action.
type operation struct {
	// action is the permission, if it is not the name of the operation.
	action string
	// class names the rate limit that the action is counted in; "" is the
	// action's own.
	class  string
	handle func(*call) (any, error)
}

// A call is one authenticated request.
type call struct {
	*Server
	ctx     context.Context
	service *service
	action  string
	region  string
	caller  caller
	// body is a JSON request, form a Query request, query a REST request's
	// parameters and params those in its path.
	body   []byte
	form   url.Values
	query  url.Values
	params []string
}

// account returns the account that the call acts in.
func (c *call) account() string { return c.caller.Account }

// cell returns what runs in the call's account and region.
func (c *call) cell() *estate.Cell { return c.Estate.Cell(c.account(), c.region) }

// arn returns an ARN in the call's account and region.
func (c *call) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + c.region + ":" + c.account() + ":" + resource
}

// maxRequest bounds the body of a request.
const maxRequest = 1 << 20

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "request body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	scope, authErr := parseAuthorization(r)
	svc := s.services[scope.service]
	if svc == nil {
		svc = guess(r, s.services)
	}
	if svc == nil {
		http.Error(w, fmt.Sprintf("service %q is not simulated", scope.service), http.StatusNotImplemented)
		return
	}
	c := &call{Server: s, ctx: r.Context(), service: svc, region: scope.region, body: body}
	op, routeErr := c.route(r)
	err = c.authenticate(scope, authErr, r.Header.Get("X-Amz-Security-Token"))
	if err == nil {
		err = routeErr
	}
	effect := s.effect(c)
	if !sleep(c.ctx, effect.Latency) || effect.Unreachable {
		panic(http.ErrAbortHandler) // closes the connection without a word
	}
	var reply any
	if err == nil {
		s.Meter.Add(c.request(op))
		err = c.admit(op, effect)
	}
	if err == nil {
		reply, err = op.handle(c)
	}
	status, header, out := c.encode(reply, err)
	if effect.Truncate {
		// The length promised is that of the whole answer.
		header.Set("Content-Length", fmt.Sprint(len(out)))
		out = out[:len(out)/2]
	}
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	_, _ = w.Write(out) // the client is gone if it fails
}

// guess finds the service of a request without a usable signature.
func guess(r *http.Request, services map[string]*service) *service {
	if prefix, _, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		for _, v := range services {
			if v.prefix == prefix {
				return v
			}
		}
	}
	if r.Header.Get("Authorization") == "" && r.Method == http.MethodPost {
		return sts
	}
	return nil
}

// effect returns what goes wrong with the call.
func (s *Server) effect(c *call) fault.Effect {
	region := c.region
	if c.service.global {
		region = "global"
	}
	return s.Faults.Match(fault.Target{Account: c.caller.Account, Region: region, Action: c.permission()})
}

// permission returns the action as a policy names it.
func (c *call) permission() string {
	return c.service.name + ":" + c.action
}

// admit lets the call through unless it is denied, throttled or unlucky.
func (c *call) admit(op operation, effect fault.Effect) error {
	codes := c.service.faults
	switch {
	case effect.Throttle, c.Throttle && !c.limits.allow(c, op):
		return codes.throttled
	case effect.ServerError:
		return codes.internal
	case effect.Deny && c.action != "GetCallerIdentity": // which nothing can forbid
		return c.denied(effect.SCP)
	}
	return nil
}

// route finds the operation that the request asks for.
func (c *call) route(r *http.Request) (operation, error) {
	c.query = r.URL.Query()
	unknown := func(code, name string) error {
		return &apiError{Code: code, Message: fmt.Sprintf("The action %s is not valid for this endpoint or not simulated.", name), Status: http.StatusBadRequest}
	}
	switch c.service.protocol {
	case jsonProtocol:
		_, c.action, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if op, ok := c.service.operations[c.action]; ok {
			return op, nil
		}
		return operation{}, unknown("UnknownOperationException", c.action)
	case restProtocol:
		for pattern, op := range c.service.operations {
			if params, ok := matchPath(pattern, r.Method, r.URL.EscapedPath()); ok {
				c.action, c.params = op.action, params
				return op, nil
			}
		}
		return operation{}, unknown("UnknownOperationException", r.Method+" "+r.URL.Path)
	default:
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return operation{}, &apiError{Code: "MalformedQueryString", Message: "The request body is not a form.", Status: http.StatusNotFound}
		}
		c.form, c.action = form, form.Get("Action")
		if op, ok := c.service.operations[c.action]; ok {
			return op, nil
		}
		return operation{}, unknown("InvalidAction", c.action)
	}
}

// matchPath matches a pattern such as "GET /clusters/{}/x" and returns what is
// in the place of each {}.
func matchPath(pattern, method, path string) ([]string, bool) {
	m, pattern, _ := strings.Cut(pattern, " ")
	want, got := strings.Split(pattern, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if m != method || len(want) != len(got) {
		return nil, false
	}
	var params []string
	for i := range want {
		if want[i] == "{}" {
			v, err := url.PathUnescape(got[i])
			if err != nil || v == "" {
				return nil, false
			}
			params = append(params, v)
		} else if want[i] != got[i] {
			return nil, false
		}
	}
	return params, true
}

// sleep waits and reports whether the client still does.
func sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// encode writes the reply or the error as the service's protocol has it.
func (c *call) encode(reply any, err error) (status int, header http.Header, body []byte) {
	id := requestID()
	header = http.Header{"X-Amzn-Requestid": {id}}
	var fail *apiError
	if err != nil {
		fail = c.asAPIError(err)
	}
	var b bytes.Buffer
	switch c.service.protocol {
	case jsonProtocol:
		header.Set("Content-Type", "application/x-amz-json-1.1")
		status = writeJSON(&b, header, reply, fail)
	case restProtocol:
		header.Set("Content-Type", "application/json")
		status = writeJSON(&b, header, reply, fail)
	case queryProtocol:
		header.Set("Content-Type", "text/xml")
		status = c.writeQuery(&b, id, reply, fail)
	case ec2Protocol:
		header.Set("Content-Type", "text/xml;charset=UTF-8")
		status = c.writeEC2(&b, id, reply, fail)
	}
	return status, header, b.Bytes()
}
