package estate

import "time"

// A Function is a Lambda function.
type Function struct {
	Name, ARN string
	Role      string // ARN
	// Image is nil for a function that is built from a zip file.
	Image        *Container
	Architecture string // "x86_64" or "arm64"
	Memory       int
	Env          map[string]string
	ModifiedAt   time.Time
	// URL is the function URL; empty if there is none.
	URL string
	// URLAuth is "NONE" or "AWS_IAM".
	URLAuth string
	// PublicPolicy is whether the resource policy lets everyone call the URL.
	PublicPolicy bool
}

// Exposed reports whether the internet can call the function.
func (f *Function) Exposed() bool { return f.URLAuth == "NONE" && f.PublicPolicy }

// drawFunction adds the Lambda image function of a slot. Beside each third one
// is a function from a zip file, which is no workload.
func (b *builder) drawFunction(s slot) {
	p, a := s.place, pick(s.place.in("app"), lambdaApps)
	c := b.container(s, a)
	c.Reference = c.Image.Reference()
	f := &Function{Name: s.name(a), Image: &c, ModifiedAt: s.deployed, Env: map[string]string{"STAGE": "prod"}}
	switch draw := p.in("url").below(100); {
	case draw < 15:
		f.URLAuth, f.PublicPolicy = "NONE", true
	case draw < 20: // no policy: the URL answers 403
		f.URLAuth = "NONE"
	case draw < 30:
		f.URLAuth = "AWS_IAM"
	}
	b.addFunction(f, p)
	if p.in("zip").chance(33) {
		b.addFunction(&Function{Name: "hook-" + f.Name, ModifiedAt: s.since}, p.in("hook"))
	}
}

// addFunction adds a function with its role.
func (b *builder) addFunction(f *Function, p place) {
	f.ARN = b.arn("lambda", "function:"+f.Name)
	f.Role = b.drawRole(p.in("role"), f.Name, "lambda.amazonaws.com")
	f.Architecture, f.Memory = "x86_64", 512
	if f.URLAuth != "" {
		f.URL = "https://" + p.in("url-id").hex(32) + ".lambda-url." + b.region + ".on.aws/"
	}
	b.Functions = append(b.Functions, f)
}
