#!/usr/bin/env python3
"""The chat server that everybody writes first: a thread for each client, and a lock around who is
there. Every line that a client sends goes to all others.

usage: threads_chat.py --port N   (0: any)"""

import resource
import socket
import sys
import threading

BACKLOG = 4096
LINE_BYTES_MAX = 64 << 10

clients = {}  # socket -> address
clients_lock = threading.Lock()


def broadcast(line, speaker):
    with clients_lock:
        for client in clients:
            if client is not speaker:
                try:
                    client.sendall(line)
                except OSError:
                    pass  # its own thread sees that it has gone


def serve(client, address):
    try:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with clients_lock:
            clients[client] = address
            client.sendall(b"hello\n")
        unfinished = b""
        while len(unfinished) <= LINE_BYTES_MAX and (data := client.recv(4096)):
            *lines, unfinished = (unfinished + data).split(b"\n")
            for line in lines:
                broadcast(line + b"\n", client)
    except OSError:
        pass
    finally:
        with clients_lock:
            clients.pop(client, None)
        client.close()


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "--port":
        sys.exit(__doc__)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=BACKLOG)
    print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    while True:
        client, address = listener.accept()
        threading.Thread(target=serve, args=(client, address), daemon=True).start()


if __name__ == "__main__":
    main()
