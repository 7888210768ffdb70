#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reactor/transport.h"

// OpenSSL's, whose headers stay out of this one.
struct ssl_ctx_st;

namespace reactor {

// A handle to what OpenSSL shares between connections. Copies name the same thing, which never
// changes once it is made and goes with its last user: copies are made, used and dropped on any
// thread. Whoever has new certificates loads another context; connections keep theirs.
class TlsContext {
 public:
  explicit TlsContext(ssl_ctx_st* owned) : context_(owned) {}
  TlsContext(const TlsContext& other);
  TlsContext(TlsContext&& other) noexcept;
  TlsContext& operator=(TlsContext other) noexcept;
  ~TlsContext();

  ssl_ctx_st* get() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

// What a peer may cost. Passing either ends the connection (CloseReason::kTransportFailed).
struct TlsLimits {
  // What a peer sends until its handshake is complete.
  std::size_t handshake_bytes_max = std::size_t{64} << 10;
  // Records that carry no data (updates of keys, tickets, warnings, empty ones) between two that
  // do.
  int idle_records_max = 16;
};

struct TlsServerOptions {
  std::string certificate_file;  // PEM: the server's own certificate first, then those above it
  std::string key_file;          // PEM, not encrypted
  // The protocols to agree to by ALPN, the best first. Who offers none of them is served without.
  std::vector<std::string> protocols = {};
  TlsLimits limits = {};
};

// The server's side of TLS 1.2 and 1.3, with ciphers that keep past sessions secret and detect
// tampering (ECDHE, AEAD); no renegotiation, no compression, no early data. Sessions are resumed by
// tickets that the client keeps, sealed with a key of this context: the server remembers nothing.
class TlsServerContext {
 public:
  // Reads the files now. None, with error in words for the operator, when they are of no use.
  static std::optional<TlsServerContext> load(const TlsServerOptions& options, std::string& error);

  // For a connection accepted.
  std::unique_ptr<Transport> new_transport() const;

  // Whom the certificate names ("chat.example.org, 192.0.2.7"), for the log.
  const std::string& names() const { return names_; }
  // Until when it is valid, in milliseconds since 1970.
  std::int64_t valid_until_ms() const { return valid_until_ms_; }
  // What clients will not like about the certificate (it has expired, …); empty if nothing.
  std::string warning(std::int64_t unix_ms) const;

 private:
  TlsServerContext(TlsContext context, const TlsLimits& limits)
      : context_(std::move(context)), limits_(limits) {}

  TlsContext context_;
  TlsLimits limits_;
  std::string names_;
  std::int64_t valid_from_ms_ = 0;
  std::int64_t valid_until_ms_ = 0;
};

struct TlsClientOptions {
  std::string ca_file = {};  // PEM: whom to trust; empty: whom the system trusts
  bool verify = true;        // false: takes any certificate, so anybody can be in between
  std::vector<std::string> protocols = {};  // to offer by ALPN, the best first
  TlsLimits limits = {};
};

// The client's side of the same.
class TlsClientContext {
 public:
  static std::optional<TlsClientContext> load(const TlsClientOptions& options, std::string& error);

  // For a connection to host, a name or an address as the user wrote it: the server's certificate
  // has to be for it.
  std::unique_ptr<Transport> new_transport(const std::string& host) const;

 private:
  TlsClientContext(TlsContext context, const TlsLimits& limits)
      : context_(std::move(context)), limits_(limits) {}

  TlsContext context_;
  TlsLimits limits_;
};

}  // namespace reactor
