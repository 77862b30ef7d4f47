// Package kubernetes answers as whom a pod can act.
package kubernetes
