// Package embedded runs a private PostgreSQL server, for a Stowage that was
// given no DATABASE_URL.
//
// The server programs are the installed ones (15 or newer), or a pinned build
// that is downloaded once and verified. The server listens on a unix socket
// only, lives in one folder, and ends with the process that started it, however
// that process ends. When Stowage runs as root the server runs as an
// unprivileged user, because PostgreSQL refuses to run as root.
//
// What the data folder holds:
//
//	data/         the PostgreSQL cluster; created as a whole or not at all
//	run/          the socket, recreated at each start
//	lock          held by every process of the server and by its owner
//	postgres.log  what the server said since it was last started
//
// The lock is what makes restarts safe. It is a flock(2) that the server
// inherits, so the kernel releases it exactly when the last process of the last
// server is gone: who holds it may start a server without guessing what a stale
// postmaster.pid means.
package embedded
