#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace chat {

// How much is taken of what only IRC has bounds for, in bytes. There clients are told.
inline constexpr std::size_t kUserBytesMax = 16;
inline constexpr std::size_t kRealNameBytesMax = 150;
inline constexpr std::size_t kAwayBytesMax = 300;
inline constexpr std::size_t kReasonBytesMax = 300;  // of a kick
inline constexpr std::size_t kRoomKeyBytesMax = 32;
inline constexpr std::size_t kMaskBytesMax = 80;
// Changes of modes with a parameter in one command; more are not looked at.
inline constexpr std::size_t kModeParametersMax = 4;

// Every bound the chat keeps, with its default. Each has a flag of the same name in chat-server.
struct Limits {
  // Lines and names.
  std::size_t line_bytes_max = 4096;  // without the line end; tags may take as much again
  std::size_t name_length_max = 32;
  std::size_t room_name_length_max = 64;

  // How many of what.
  std::size_t clients_max = 0;  // 0: as many as there are descriptors for
  std::size_t clients_per_address_max = 64;
  std::size_t rooms_max = 10'000;
  std::size_t rooms_per_client_max = 32;
  std::size_t requests_per_client_max = 16;  // private-chat requests waiting for one's answer
  std::size_t detached_max = 100'000;   // clients that have lost the connection and may come back
  std::size_t retries_max = 1'000'000;  // messages whose sending again is known
  std::uint32_t history_count_max = 1000;  // messages in one answer
  std::size_t cloaks_kept_max = 10'000;    // addresses with a label that nobody is at any more
  std::size_t room_list_max = 100;         // masks in a room's lists together
  std::size_t invitations_per_client_max = 16;
  std::size_t monitor_max = 100;        // names that one client watches
  std::size_t correspondents_max = 64;  // names that CHATHISTORY TARGETS tells one client at most
  std::size_t whowas_max = 1000;        // clients that are remembered when they are gone
  std::size_t who_replies_max = 1000;   // lines in one answer to WHO, LIST and NAMES without a room

  // How long.
  std::chrono::milliseconds registration_timeout{30'000};
  // A client whose protocol has a question for it is asked whether it is there this often.
  std::chrono::milliseconds ping_interval{30'000};
  std::chrono::milliseconds idle_timeout{0};  // 0: a registered client may be silent for ever
  std::chrono::milliseconds stall_timeout{30'000};
  std::chrono::milliseconds request_timeout{60'000};
  std::chrono::milliseconds drain_delay{0};  // not ready, but serving as before
  std::chrono::milliseconds drain_timeout{5'000};
  std::chrono::milliseconds presence_interval{200};  // notices gather for this long
  std::chrono::milliseconds resume_window{120'000};  // a lost connection may come back; 0: never
  std::chrono::milliseconds retry_window{120'000};   // a message sent again is known for this long

  // Output waiting for one client, in bytes.
  std::size_t out_bytes_max = std::size_t{4} << 20;
  std::size_t out_high_mark_bytes = std::size_t{1} << 20;
  std::size_t out_low_mark_bytes = std::size_t{256} << 10;

  // Input from one client: token buckets. 0: no limit.
  std::uint32_t messages_per_second_max = 20;
  std::uint32_t messages_burst = 60;
  std::uint32_t bytes_per_second_max = 32 << 10;
  std::uint32_t bytes_burst = 128 << 10;
  // Per-address and per-client rates leave loopback and Unix sockets alone unless this is set.
  bool limit_loopback = false;

  // What may be on its way between threads, in bytes. Above it nobody is read until it has sunk:
  // with --threads a fast publisher waits for the slowest thread instead of filling the memory.
  std::size_t handover_bytes_max = std::size_t{16} << 20;
  // Refused connections that are being told why; more are closed without a word.
  std::size_t refusals_max = 256;

  // A room's history is seen from where one has joined it, not from its beginning.
  bool history_since_join = false;

  // HTTP and WebSocket.
  std::size_t http_header_bytes_max = std::size_t{16} << 10;  // request line and headers
  std::size_t http_target_bytes_max = std::size_t{4} << 10;
  std::size_t http_headers_max = 100;
  std::size_t http_body_bytes_max = std::size_t{64} << 10;  // read over: nothing takes a body
  std::size_t ws_message_bytes_max = std::size_t{16} << 10;
  std::size_t ws_fragments_max = 1024;  // frames of one message

  // The recent part of the log that each thread keeps in memory.
  std::size_t tail_bytes = std::size_t{8} << 20;
};

}  // namespace chat
