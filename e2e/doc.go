//go:build e2e

// Package e2e holds the end-to-end tests: the real binaries against servers
// that were not written here, and against the simulated clouds with faults.
// "make e2e" runs them. What they need beside Go is Debian's: mmdebstrap,
// chromium, python3-venv and postgresql; .ci/run installs it. The first run
// builds a Kubernetes control plane, which takes some 15 minutes of processor
// time, and keeps it in the user's cache folder, or uses the one that
// KUBEBUILDER_ASSETS names.
package e2e
