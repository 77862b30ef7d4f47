package check

import "github.com/stowage-dev/stowage/internal/finding"

// images are all checks on images.
var images = []imageCheck{
	userRoot,
	userMissing,
	envSecret,
	envTLSDisabled,
	historySecret,
	metadataSecret,
	fileSecret,
	portExposed,
	referenceMutable,
	healthcheckMissing,
	imageOld,
	distributionEndOfLife,
	fileSetuid,
	fileWorldWritable,
	addRemote,
	pipeToShell,
	packageUnverified,
	volumeSensitive,
}

// workloads are all checks on workloads.
var workloads = []workloadCheck{
	workloadPrivileged,
	workloadCapability,
	workloadHostNetwork,
	workloadHostPID,
	workloadHostIPC,
	workloadRuntimeSocket,
	workloadHostPath,
	workloadUserRoot,
	workloadPrivilegeEscalation,
	workloadRootFilesystem,
	workloadEnvSecret,
	workloadReferenceMutable,
}

// All returns the descriptions of all checks, those on images first.
func All() []finding.Check {
	var all []finding.Check
	for _, c := range images {
		all = append(all, c.Check)
	}
	for _, c := range workloads {
		all = append(all, c.Check)
	}
	return all
}
