package kubernetes

// The scan methods follow k8s.io/api/core/v1/generated.proto.

func (o *pod) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			m.within(func(b []byte) error { return o.Metadata.scan(b, in) })
		case 2:
			m.within(func(b []byte) error { return o.Spec.scan(b, in) })
		case 3:
			m.within(func(b []byte) error { return o.Status.scan(b, in) })
		}
	}
	return m.err
}

func (o *podSpec) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			v := extend(&o.Volumes)
			*v = volume{}
			m.within(func(b []byte) error { return v.scan(b, in) })
		case 2:
			m.within(func(b []byte) error { return scanContainer(&o.Containers, b, in) })
		case 8:
			o.ServiceAccount = in.string(m.bytes())
		case 10:
			o.NodeName = in.string(m.bytes())
		case 11:
			o.HostNetwork = m.bool()
		case 12:
			o.HostPID = m.bool()
		case 13:
			o.HostIPC = m.bool()
		case 14:
			m.within(o.Security.scanPod)
		case 20:
			m.within(func(b []byte) error { return scanContainer(&o.InitContainers, b, in) })
		case 34:
			// An EphemeralContainer has the fields of a Container in its
			// field 1.
			common, err := submessage(m.bytes(), 1)
			m.fail(err)
			m.fail(scanContainer(&o.EphemeralContainers, common, in))
		}
	}
	return m.err
}

func scanContainer(list *[]container, b []byte, in interner) error {
	c := extend(list)
	c.reset()
	return c.scan(b, in)
}

func (o *container) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Name = in.string(m.bytes())
		case 2:
			o.Image = in.string(m.bytes())
		case 6:
			p := extend(&o.Ports)
			*p = containerPort{}
			m.within(func(b []byte) error { return p.scan(b, in) })
		case 7:
			e := extend(&o.Env)
			*e = envVar{}
			m.within(func(b []byte) error { return e.scan(b, in) })
		case 9:
			v := extend(&o.VolumeMounts)
			*v = volumeMount{}
			m.within(func(b []byte) error { return v.scan(b, in) })
		case 10:
			o.LivenessProbe = m.present()
		case 11:
			o.ReadinessProbe = m.present()
		case 15:
			m.within(func(b []byte) error { return o.Security.scan(b, in) })
		case 19:
			e := extend(&o.EnvFrom)
			*e = envFrom{}
			m.within(func(b []byte) error { return e.scan(b, in) })
		case 22:
			o.StartupProbe = m.present()
		case 24:
			o.RestartPolicy = in.string(m.bytes())
		}
	}
	return m.err
}

func (o *containerPort) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 2:
			o.Host = int32(m.int())
		case 3:
			o.Container = int32(m.int())
		case 4:
			o.Protocol = in.string(m.bytes())
		case 5:
			o.HostIP = in.string(m.bytes())
		}
	}
	return m.err
}

// scan skips field 2, the value.
func (o *envVar) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Name = in.string(m.bytes())
		case 3:
			ref, err := submessage(m.bytes(), 4)
			m.fail(err)
			m.fail(o.From.Secret.scan(ref, in))
		}
	}
	return m.err
}

func (o *secretKey) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			name, err := submessage(m.bytes(), 1)
			m.fail(err)
			o.Name = in.string(name)
		case 2:
			o.Key = in.string(m.bytes())
		}
	}
	return m.err
}

func (o *envFrom) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Prefix = in.string(m.bytes())
		case 3:
			ref, err := submessage(m.bytes(), 1)
			m.fail(err)
			name, err := submessage(ref, 1)
			m.fail(err)
			o.Secret.Name = in.string(name)
		}
	}
	return m.err
}

func (o *volumeMount) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Name = in.string(m.bytes())
		case 3:
			o.Path = in.string(m.bytes())
		}
	}
	return m.err
}

func (o *volume) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Name = in.string(m.bytes())
		case 2:
			m.within(func(b []byte) error { return o.scanSource(b, in) })
		}
	}
	return m.err
}

func (o *volume) scanSource(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		var v []byte
		var err error
		switch m.field {
		case 1:
			v, err = submessage(m.bytes(), 1)
			o.HostPath.Path = in.string(v)
		case 6:
			v, err = submessage(m.bytes(), 1)
			o.Secret.Name = in.string(v)
		case 26:
			m.within(func(b []byte) error { return o.scanProjected(b, in) })
		case 30:
			v, err = submessage(m.bytes(), 1)
			o.Image.Reference = in.string(v)
		}
		m.fail(err)
	}
	return m.err
}

func (o *volume) scanProjected(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		if m.field != 1 {
			continue
		}
		secret, err := submessage(m.bytes(), 1)
		m.fail(err)
		ref, err := submessage(secret, 1)
		m.fail(err)
		name, err := submessage(ref, 1)
		m.fail(err)
		p := extend(&o.Projected.Sources)
		p.Secret.Name = in.string(name)
	}
	return m.err
}

func (o *securityContext) scanPod(b []byte) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 2:
			o.RunAsUser = m.intPointer()
		case 3:
			o.RunAsNonRoot = m.boolPointer()
		}
	}
	return m.err
}

func (o *securityContext) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			m.within(func(b []byte) error { return o.Capabilities.scan(b, in) })
		case 2:
			o.Privileged = m.boolPointer()
		case 4:
			o.RunAsUser = m.intPointer()
		case 5:
			o.RunAsNonRoot = m.boolPointer()
		case 6:
			o.ReadOnlyRootFilesystem = m.boolPointer()
		case 7:
			o.AllowPrivilegeEscalation = m.boolPointer()
		}
	}
	return m.err
}

func (o *capabilities) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Add = append(o.Add, in.string(m.bytes()))
		case 2:
			o.Drop = append(o.Drop, in.string(m.bytes()))
		}
	}
	return m.err
}

func (o *podStatus) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Phase = in.string(m.bytes())
		case 8:
			m.within(func(b []byte) error { return scanStatus(&o.Containers, b, in) })
		case 10:
			m.within(func(b []byte) error { return scanStatus(&o.InitContainers, b, in) })
		case 13:
			m.within(func(b []byte) error { return scanStatus(&o.EphemeralContainers, b, in) })
		}
	}
	return m.err
}

func scanStatus(list *[]containerStatus, b []byte, in interner) error {
	s := extend(list)
	*s = containerStatus{VolumeMounts: s.VolumeMounts[:0]}
	return s.scan(b, in)
}

func (o *containerStatus) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Name = in.string(m.bytes())
		case 7:
			o.ImageID = in.string(m.bytes())
		case 12:
			m.within(func(b []byte) error { return o.scanMount(b, in) })
		}
	}
	return m.err
}

// scanMount keeps the mounts of image volumes only.
func (o *containerStatus) scanMount(b []byte, in interner) error {
	var mount volumeMountStatus
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			mount.Name = in.string(m.bytes())
		case 5:
			image, err := submessage(m.bytes(), 1)
			m.fail(err)
			ref, err := submessage(image, 1)
			m.fail(err)
			mount.Status.Image.Ref = in.string(ref)
		}
	}
	if mount.Status.Image.Ref != "" {
		o.VolumeMounts = append(o.VolumeMounts, mount)
	}
	return m.err
}
