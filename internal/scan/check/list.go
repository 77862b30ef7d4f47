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
	userName,
	envPathUnsafe,
	envPreload,
	portExposed,
	portPrivileged,
	portInvalid,
	commandShell,
	stopSignalOdd,
	workdirRelative,
	labelMissing,
	referenceMutable,
	baseUntrusted,
	healthcheckMissing,
	imageOld,
	platformMismatch,
	distributionEndOfLife,
	runtimeEndOfLife,
	serverEndOfLife,
	libraryEndOfLife,
	accountPasswordEmpty,
	accountPasswordSet,
	accountRootExtra,
	accountDuplicate,
	fileSetuid,
	fileCapability,
	fileWorldWritable,
	pathWritable,
	privateKeyReadable,
	credentialFile,
	leftoverFile,
	runtimeSocketLeft,
	remoteServerPresent,
	privilegeToolPresent,
	compilerPresent,
	debuggerPresent,
	networkToolPresent,
	minimalTool,
	minerSuspected,
	reverseShell,
	addRemote,
	addLocal,
	pipeToShell,
	packageUnverified,
	packageUnpinned,
	updateAlone,
	distributionUpgrade,
	historyMissing,
	cacheLeft,
	bytesWasted,
	fileDuplicate,
	layerMany,
	layerLarge,
	layerForeign,
	volumeSensitive,
	signatureMissing,
	provenanceMissing,
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
	workloadNonRootOpen,
	workloadPrivilegeEscalation,
	workloadPrivilegeEscalationOpen,
	workloadCapabilityKept,
	workloadRootFilesystem,
	workloadEnvSecret,
	workloadEnvSecretRef,
	workloadServiceAccountDefault,
	workloadIdentityShared,
	workloadNamespaceDefault,
	workloadHostPort,
	workloadPortSensitive,
	workloadPublicAddress,
	workloadProbeMissing,
	workloadContainerEphemeral,
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
