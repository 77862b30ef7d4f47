package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/web"
)

// A webServer serves the API and the pages.
type webServer struct {
	URL     string
	server  *http.Server
	serving sync.WaitGroup
}

// listen takes the address of the API and the pages. Nothing is answered
// before [serve].
func listen(address string, log *slog.Logger) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with --listen", address, err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		log.Warn("web exposed", "address", listener.Addr().String(),
			"detail", "everyone who reaches this address reads the inventory: put a proxy with a login before it")
	}
	return listener, nil
}

// serve starts to serve. When it fails later, fail is told.
func serve(listener net.Listener, db *postgres.DB, log *slog.Logger, fail func(error)) *webServer {
	s := &webServer{
		URL: "http://" + listener.Addr().String(),
		server: &http.Server{
			Handler:           handler(db),
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
	}
	s.serving.Go(func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("serve %s: %w", s.URL, err))
		}
	})
	return s
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

// drainTimeout is how long requests that run get to end.
const drainTimeout = 5 * time.Second

// stop ends the server: after the requests that run, or with them if they take
// long, such as an export to a client that reads slowly.
func (s *webServer) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	s.serving.Wait()
	return err
}
