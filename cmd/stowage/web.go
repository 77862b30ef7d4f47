package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/web"
)

// A webServer serves the API and the pages.
type webServer struct {
	URL    string
	server *http.Server
	done   chan error
}

// listen starts to serve on an address.
func listen(address string, db *postgres.DB, log *slog.Logger) (*webServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with --listen", address, err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		log.Warn("web exposed", "address", listener.Addr().String(),
			"detail", "everyone who reaches this address reads the inventory: put a proxy with a login before it")
	}
	s := &webServer{
		URL:  "http://" + listener.Addr().String(),
		done: make(chan error, 1),
		server: &http.Server{
			Handler:           handler(db),
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
	}
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

// handler returns the API, the pages and the health checks.
func handler(db *postgres.DB) http.Handler {
	mux := http.NewServeMux()
	store := db.Reader(postgres.DefaultTenant)
	api.Register(mux, store, version())
	web.Register(mux, store)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := db.Ping(ctx); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return web.Protect(mux)
}

// stop ends the server after the requests that run.
func (s *webServer) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if serveErr := <-s.done; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
