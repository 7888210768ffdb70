// The classic chat server on libuv: each message is shared by its recipients, and written to each
// with a request of its own; libuv queues the requests. Every line that a client sends goes to all
// others.

#include <netinet/in.h>
#include <uv.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace {

using Message = std::shared_ptr<const std::string>;

constexpr int kBacklog = 4096;
constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;
constexpr std::size_t kUnsentBytesMax = std::size_t{4} << 20;

struct Session {
  uv_tcp_t socket{};
  std::string input;

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&socket); }
  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&socket); }
};

struct Write {
  uv_write_t request{};
  Message message;
};

// Ends the program: there is nothing to measure then.
void check(int status, const char* what) {
  if (status < 0) {
    std::fprintf(stderr, "uv_chat: %s: %s\n", what, uv_strerror(status));
    std::exit(1);
  }
}

// libuv does not write to what it is given to write.
uv_buf_t buffer_of(const char* bytes, std::size_t length) {
  return uv_buf_init(const_cast<char*>(bytes), static_cast<unsigned>(length));
}

class Room {
 public:
  static void accept(uv_stream_t* listener, int status) {
    check(status, "accept");
    auto& room = *static_cast<Room*>(listener->data);
    auto* session = new Session;
    check(uv_tcp_init(listener->loop, &session->socket), "uv_tcp_init");
    session->socket.data = &room;
    check(uv_accept(listener, session->stream()), "uv_accept");
    uv_tcp_nodelay(&session->socket, 1);
    room.sessions_.insert(session);
    room.deliver(*session, std::make_shared<const std::string>("hello\n"));
    uv_read_start(session->stream(), lend_buffer, on_read);
  }

 private:
  static Session& session_of(uv_stream_t* stream) {
    return *reinterpret_cast<Session*>(stream);  // its first member
  }
  static Room& room_of(uv_stream_t* stream) { return *static_cast<Room*>(stream->data); }

  static void lend_buffer(uv_handle_t* handle, std::size_t /*suggested*/, uv_buf_t* buffer) {
    auto& lent = static_cast<Room*>(handle->data)->buffer_;
    *buffer = buffer_of(lent.data(), lent.size());
  }

  static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    Room& room = room_of(stream);
    Session& session = session_of(stream);
    if (got < 0) {
      room.leave(session);
      return;
    }
    session.input.append(buffer->base, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = session.input.find('\n', begin)) != std::string::npos;) {
      room.say(session, std::make_shared<const std::string>(session.input, begin, end + 1 - begin));
      begin = end + 1;
    }
    session.input.erase(0, begin);
    if (session.input.size() > kLineBytesMax) {
      room.leave(session);
    }
  }

  void say(const Session& speaker, const Message& message) {
    for (Session* session : sessions_) {
      if (session != &speaker) {
        deliver(*session, message);
      }
    }
  }

  void deliver(Session& session, const Message& message) {
    if (uv_is_closing(session.handle()) != 0) {
      return;
    }
    if (uv_stream_get_write_queue_size(session.stream()) > kUnsentBytesMax) {
      uv_close(session.handle(), on_closed);
      return;
    }
    auto* write = new Write{{}, message};
    const uv_buf_t buffer = buffer_of(message->data(), message->size());
    if (uv_write(&write->request, session.stream(), &buffer, 1, on_written) != 0) {
      delete write;
    }
  }

  static void on_written(uv_write_t* request, int /*status*/) {
    delete reinterpret_cast<Write*>(request);  // its first member; errors are seen by the reader
  }

  void leave(Session& session) {
    if (uv_is_closing(session.handle()) == 0) {
      uv_close(session.handle(), on_closed);
    }
  }

  static void on_closed(uv_handle_t* handle) {
    auto* session = reinterpret_cast<Session*>(handle);
    static_cast<Room*>(handle->data)->sessions_.erase(session);
    delete session;
  }

  std::set<Session*> sessions_;
  std::array<char, std::size_t{64} << 10> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--port") {
    std::fprintf(stderr, "usage: uv_chat --port N   (0: any)\n");
    return 2;
  }
  uv_tcp_t listener;
  Room room;
  check(uv_tcp_init(uv_default_loop(), &listener), "uv_tcp_init");
  listener.data = &room;
  sockaddr_in address{};
  check(uv_ip4_addr("127.0.0.1", std::atoi(argv[2]), &address), "address");
  check(uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&address), 0), "bind");
  check(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), kBacklog, Room::accept), "listen");
  int length = sizeof address;
  check(uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &length), "address");
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
