#pragma once
// As the real one is: a structure and a function of one name draw warnings from our own flags.
#pragma GCC system_header

#include <cstdint>
#include <ctime>

// What <sys/event.h> of macOS and BSD declares, as far as kqueue_net.cc uses it, with macOS's
// values. sim_kevent.cc implements it on Linux.

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_USER (-10)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_TRIGGER 0x01000000

struct kevent {
  std::uintptr_t ident;
  std::int16_t filter;
  std::uint16_t flags;
  std::uint32_t fflags;
  std::intptr_t data;
  void* udata;
};

#define EV_SET(event, ident_value, filter_value, flags_value, fflags_value, data_value, \
               udata_value)                                                             \
  do {                                                                                  \
    struct kevent* const set_event = (event);                                           \
    set_event->ident = (ident_value);                                                   \
    set_event->filter = (filter_value);                                                 \
    set_event->flags = (flags_value);                                                   \
    set_event->fflags = (fflags_value);                                                 \
    set_event->data = (data_value);                                                     \
    set_event->udata = (udata_value);                                                   \
  } while (false)

int kqueue();
int kevent(int kqueue_fd, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const timespec* timeout);
