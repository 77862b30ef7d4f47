package inventory

import "fmt"

// An Exposure is one way in which the internet reaches a workload.
type Exposure struct {
	// Workload is the UID of the workload that is reached.
	Workload string `json:"workload"`
	// Via is the kind of the outermost thing that lets the internet in:
	// "aws.elbv2.load_balancer", "kubernetes.service", "aws.ec2.public_ip".
	Via Kind `json:"via"`
	// Address is the DNS name, URL or IP that the internet uses.
	Address string `json:"address"`
	// Ports are the reachable ports; empty means all.
	Ports []int `json:"ports,omitempty"`
	// Evidence is the chain from the internet to the workload, in order.
	Evidence []Evidence `json:"evidence"`
}

// Evidence is one link of a chain that explains a derived fact.
type Evidence struct {
	Kind Kind   `json:"kind"`
	UID  string `json:"uid"`
	// Detail is one phrase for a person: "listener 443 forwards to …".
	Detail string `json:"detail"`
}

// RecordUID implements [Record].
func (e Exposure) RecordUID() string {
	return fmt.Sprintf("%s|%s|%s|%v", e.Workload, e.Via, e.Address, e.Ports)
}

// RecordType implements [Record].
func (Exposure) RecordType() RecordType { return ExposureRecord }
