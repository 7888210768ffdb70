// The classic chat server on Asio: a room of shared sessions, each with a queue of shared messages
// of which one is being written. Every line that a client sends goes to all others.

#include <asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace {

using asio::ip::tcp;
using Message = std::shared_ptr<const std::string>;

constexpr int kBacklog = 4096;
constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;
constexpr std::size_t kUnsentBytesMax = std::size_t{4} << 20;

class Session;

class Room {
 public:
  void join(std::shared_ptr<Session> session) { sessions_.insert(std::move(session)); }
  void leave(const std::shared_ptr<Session>& session) { sessions_.erase(session); }
  void say(const Session* speaker, const Message& message);

 private:
  std::set<std::shared_ptr<Session>> sessions_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Room& room) : socket_(std::move(socket)), room_(room) {}

  void start() {
    asio::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    room_.join(shared_from_this());
    deliver(std::make_shared<const std::string>("hello\n"));
    read();
  }

  void deliver(Message message) {
    unsent_bytes_ += message->size();
    unsent_.push_back(std::move(message));
    if (unsent_bytes_ > kUnsentBytesMax) {
      asio::error_code ignored;
      socket_.close(ignored);  // what is under way ends with an error, and the session with it
    } else if (unsent_.size() == 1) {
      write();
    }
  }

 private:
  void read() {
    asio::async_read_until(
        socket_, asio::dynamic_buffer(input_, kLineBytesMax), '\n',
        [self = shared_from_this()](const asio::error_code& error, std::size_t length) {
          if (error) {
            self->room_.leave(self);
            return;
          }
          self->room_.say(self.get(),
                          std::make_shared<const std::string>(self->input_.substr(0, length)));
          self->input_.erase(0, length);
          self->read();
        });
  }

  void write() {
    asio::async_write(socket_, asio::buffer(*unsent_.front()),
                      [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                        if (error) {
                          self->room_.leave(self);
                          return;
                        }
                        self->unsent_bytes_ -= self->unsent_.front()->size();
                        self->unsent_.pop_front();
                        if (!self->unsent_.empty()) {
                          self->write();
                        }
                      });
  }

  tcp::socket socket_;
  Room& room_;
  std::string input_;
  std::deque<Message> unsent_;
  std::size_t unsent_bytes_ = 0;
};

void Room::say(const Session* speaker, const Message& message) {
  for (const auto& session : sessions_) {
    if (session.get() != speaker) {
      session->deliver(message);
    }
  }
}

void accept_next(tcp::acceptor& acceptor, Room& room) {
  acceptor.async_accept([&acceptor, &room](const asio::error_code& error, tcp::socket socket) {
    if (error) {
      throw asio::system_error(error, "accept");
    }
    std::make_shared<Session>(std::move(socket), room)->start();
    accept_next(acceptor, room);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--port") {
    std::fprintf(stderr, "usage: asio_chat --port N   (0: any)\n");
    return 2;
  }
  try {
    asio::io_context io(1);
    const auto port = static_cast<asio::ip::port_type>(std::atoi(argv[2]));
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    tcp::acceptor acceptor(io);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(kBacklog);
    std::printf("listening on 127.0.0.1:%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    Room room;
    accept_next(acceptor, room);
    io.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "asio_chat: %s\n", error.what());
    return 1;
  }
  return 0;
}
